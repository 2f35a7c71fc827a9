"""The start corpus: models of every shape that `learn` exports, as the files that it writes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import CodeType

import peakahead
from examples import running_example
from peakahead.commands.datfiles import make_folders
from peakahead.models.fingerprints import Fingerprint
from peakahead.models.forest import LEAF, Forest, Input, Tree
from peakahead.models.formulas import Formula, Switch, Term
from peakahead.models.model import BreakpointModel, Stage, Training, UpperBound
from peakahead.models.readings import Reading, Step
from peakahead.models.report import Finding
from peakahead.models.sites import FunctionRef, Site

from .served import handle

TARGET = FunctionRef(handle.__module__, "handle")
_SCALED = FunctionRef(handle.__module__, "handle.<locals>.scaled")
_BOUND = UpperBound(0.95, 0.05, 0.1, 2**21)

_EVENT = Site(TARGET, 0, "event", True)
_SIZE = Site(TARGET, 4, "size")
_PRODUCT = Site(_SCALED, 1, "product")

_NAMES = Reading(_EVENT, (Step("item", "names"),), "len")
_MODE = Reading(Site(TARGET, 0, "mode", True), (), "text")
_KIND = Reading(_EVENT, (), "type")
_OWN = Reading(_EVENT, (Step("item", "body"), Step("attribute", "order")), "rows_of_mine", "max")
_LARGEST = Reading(_SIZE, (), "value", "adjacent")
_SUM = Reading(_SIZE, (), "value", "sum")
_SCALE = Reading(_PRODUCT, (), "value", "max")

_RANGE = (1.0, 1e6)
_MODES = frozenset({"RGB", "L", "größer"})


def by_hand() -> list[BreakpointModel]:
    """Return models of one to four stages: numbers, products, categories, forests, a nested function's variables."""
    switch = Switch(1, {"RGB": 3.0, "L": 1.0, "größer": 0.5})
    line = _stage(_EVENT, (_NAMES,), (_RANGE,), Formula(1e6, (Term(2.5, (0,)),)))
    switched = Formula(0.0, (Term.switched((0,), switch), Term.switched((), switch)))
    category = _stage(_EVENT, (_NAMES, _MODE), (_RANGE, _MODES), switched)
    kinds = _stage(_EVENT, (_KIND, _OWN), (frozenset({"dict"}), _RANGE), Formula(0.0, (Term(9.0, (1,)),)))
    product = _stage(
        _SIZE,
        (_NAMES, _LARGEST),
        (_RANGE, _RANGE),
        Formula(5.0, (Term(0.5, (0, 1)), Term(1.0, (1, 1)), Term(2.0, (0,)))),
    )
    corrected = _stage(_SIZE, (_SUM, _MODE), (_RANGE, _MODES), Formula(7e6, (Term(1.5, (0,)),)), _forest())
    nested = _stage(_PRODUCT, (_SCALE, _SUM), (_RANGE, _RANGE), Formula(0.0, (Term(8.0, (0,)), Term(1.0, (1,)))))
    return [
        _model(),
        _model(line),
        _model(category, failures={"raised": 2, "timed out": 1}, notes=("a note", "größer\n\tnoch eine")),
        _model(line, product),
        _model(kinds, corrected),
        _model(line, product, nested),
        _model(category, corrected, nested, noise=0.01),
    ]


def learned() -> list[BreakpointModel]:
    """Return what `learn` makes of the running example."""
    with tempfile.TemporaryDirectory() as folder:
        folders = make_folders(Path(folder), 19, seed=7)
        return [peakahead.learn(running_example.mainfunction, [(str(path),) for path in folders], jobs=1)]


def files(models: list[BreakpointModel]) -> list[bytes]:
    """Return the files that the models are saved in."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        contents = []
        for model in models:
            model.save(path)
            contents.append(path.read_bytes())
        return contents


def _stage(
    site: Site,
    readings: tuple[Reading, ...],
    seen: tuple[tuple[float, float] | frozenset[str], ...],
    formula: Formula,
    forest: Forest | None = None,
) -> Stage:
    return Stage(site, readings, seen, formula, _BOUND, 0.01, 0.02, 0.99, 3.0, forest)


def _forest() -> Forest:
    tree = Tree(
        (0, LEAF, 1, LEAF, LEAF),
        (50.0, 0.0, 0.5, 0.0, 0.0),
        (1, 0, 3, 0, 0),
        (2, 0, 4, 0, 0),
        (1.0, 0.9, 1.0, 1.1, 1.3),
    )
    return Forest((Input(0), Input(1, "RGB")), (tree, Tree((LEAF,), (0.0,), (0,), (0,), (1.02,))))


def _model(
    *stages: Stage,
    failures: dict[str, int] | None = None,
    notes: tuple[str, ...] = (),
    noise: float | None = None,
) -> BreakpointModel:
    start = Stage(Site.start(TARGET), (), (), Formula(5e6), _BOUND, 0.3, 0.5, 1.0, 1.0)
    codes = {TARGET: handle.__code__, _SCALED: _scaled_code()}
    findings = tuple(
        Finding(stage.site, "977 KiB + 2.50 x len(names)", 0.01, 0.02, 0.9, 1.0, 1e-6, True, "chosen")
        for stage in stages
    )
    return BreakpointModel(
        TARGET,
        (start, *stages),
        tuple(Fingerprint.of(function, code) for function, code in codes.items()),
        Training(
            30, failures or {}, (1, 10**8), "rss", "forkserver", "3.12.1", "Linux x86_64", "glibc 2.36", notes, noise
        ),
        findings,
    )


def _scaled_code() -> CodeType:
    return next(constant for constant in handle.__code__.co_consts if isinstance(constant, CodeType))
