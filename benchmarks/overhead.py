"""What armed code costs: the running example as a whole, and single hits."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import peakahead
from examples import running_example
from peakahead.commands.bench import time_function
from peakahead.commands.datfiles import make_folders
from peakahead.models.fingerprints import Fingerprint
from peakahead.models.formulas import Formula, Term
from peakahead.models.model import BreakpointModel, Stage, Training, UpperBound
from peakahead.models.readings import Reading
from peakahead.models.sites import FunctionRef, Site

REPEATS = 41
ROUNDS = 15
HITS = 100_000


def number(value: int, n: int) -> None:
    for _ in range(n):
        found = value
    del found


def length(value: list[int], n: int) -> None:
    for _ in range(n):
        found = value
    del found


def open_file(value: Any, n: int) -> None:
    for _ in range(n):
        found = value
    del found


def run() -> dict[str, Any]:
    """Time the running example bare and armed, and loops whose only work is to be hit."""
    with tempfile.TemporaryDirectory() as folder:
        (path,) = make_folders(Path(folder) / "one", 1, seed=31)
        trained = make_folders(Path(folder) / "trained", 19, seed=32)
        model = peakahead.learn(running_example.mainfunction, [(str(p),) for p in trained], jobs=2)
        call = peakahead.Invocation((str(path),))
        whole = time_function(running_example.mainfunction, model, call, REPEATS)
        with open(path / "0.dat") as file:
            hits = {
                "a number": _time_hits(number, "value", 7),
                "a length": _time_hits(length, "len", [1, 2, 3]),
                "an open file": _time_hits(open_file, "file_size", file),
            }
    return {"running example": whole.seconds, "hits": hits}


def _time_hits(function: Callable[[Any, int], None], feature: str, value: Any) -> dict[str, list[float]]:
    """Return seconds a hit, bare and armed, taking turns."""
    model = _model(function, feature)
    seconds: dict[str, list[float]] = {"bare": [], "armed": []}
    for _ in range(ROUNDS):
        for way in seconds:
            if way == "armed":
                peakahead.arm(model, strict=True)
            with peakahead.predict_memory(model) if way == "armed" else tempfile.SpooledTemporaryFile():
                began = perf_counter()
                function(value, HITS)
                seconds[way].append((perf_counter() - began) / HITS)
            peakahead.disarm(model)
    return seconds


def _model(function: Callable[..., Any], feature: str) -> BreakpointModel:
    code = function.__code__  # type: ignore[attr-defined]  # a plain function
    reference = FunctionRef(function.__module__, code.co_qualname)
    site = Site(reference, 2, "found")
    bound = UpperBound(0.95, 0.1, 0.2, 2**21)
    return BreakpointModel(
        reference,
        (
            Stage(Site.start(reference), (), (), Formula(1.0), bound, 0.1, 0.1, 1.0, 1.0),
            Stage(
                site,
                (Reading(site, (), feature, "max"),),
                ((0.0, 1e9),),
                Formula(1.0, (Term(2.0, (0,)),)),
                bound,
                0.1,
                0.1,
                1.0,
                1.0,
            ),
        ),
        (Fingerprint.of(reference, code),),
        Training(19, {}, (1, 2), "rss", "forkserver", "", "", ""),
    )


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    seconds = results["running example"]
    found = {"armed / bare, running example": f"{median(seconds['armed']) / median(seconds['bare']):.3f}"}
    for name, ways in results["hits"].items():
        cost = median(armed - bare for armed, bare in zip(ways["armed"], ways["bare"], strict=True))
        found[f"a hit on {name}"] = f"{cost * 1e9:,.0f} ns"
    return found
