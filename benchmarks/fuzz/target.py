"""What is fuzzed: a file is loaded, and if it loads, all that production does with a model is done with it.

Nothing but `InvalidModel` may come of loading, and nothing at all of the rest but warnings that are documented: a
file that loads must not harm the host that runs its model later.
"""

from __future__ import annotations

import inspect  # noqa: F401 - arming loads it late, when nothing more is let in
import math
import os
import sys
import textwrap  # noqa: F401 - likewise
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bytecode  # noqa: F401 - likewise

import peakahead
from peakahead.models.features import load_rows
from peakahead.models.model import BreakpointModel
from peakahead.runtime import arming
from peakahead.runtime.predict import predict_memory

from .served import handle

LONGEST_MESSAGE = 5_000
_NUMBERS = (0.0, -0.0, 1.0, -1.0, 1e6, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan)
_TEXTS = ("", "RGB", "no such level", "\ud800")
_VALUES: tuple[Any, ...] = (
    *_NUMBERS,
    *_TEXTS,
    10**400,
    -(10**400),
    True,
    None,
    b"",
    [],
    ["a"] * 3,
    {},
    {"names": ["a"], "body": {"order": 3}},
    object(),
    ValueError("x"),
    len,
)
_EVENT = {"names": ["ab", "cde"], "body": {}}
_CODE = handle.__code__

load_rows()


class Finding(AssertionError):
    """What must not be."""


class _Barrier:
    """Lets no module be imported: which one an armed model imports is up to its file."""

    def find_spec(self, fullname: str, *_: Any) -> None:
        if fullname.startswith("peakahead."):
            return
        raise ModuleNotFoundError(f"{fullname} isn't imported while fuzzing", name=fullname)


class Target:
    """Loads a file's content and uses the model.

    Args:
        folder: Where the file is written.
    """

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, "model.json")
        self._again = os.path.join(folder, "again.json")

    def __call__(self, content: bytes) -> bool:
        """Return whether the content loaded as a model.

        Raises:
            Finding: If something that holds for every model doesn't hold for this one.
            BaseException: Whatever came out that shouldn't have.
        """
        with open(self._path, "wb") as file:
            file.write(content)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", ".* newer than .*: what it adds is ignored")
            warnings.simplefilter("ignore", peakahead.ArmingWarning)
            warnings.simplefilter("ignore", peakahead.StaleCodeWarning)
            try:
                model = peakahead.load(self._path)
            except peakahead.InvalidModel as error:
                _check_text(str(error), LONGEST_MESSAGE)
                return False
            self._use(model)
        return True

    def _use(self, model: BreakpointModel) -> None:
        _check_text(str(model))
        _check_text(str(model.report()))
        if BreakpointModel.from_json(model.to_json()) != model:
            raise Finding("it isn't what its own JSON gives")
        model.save(self._again)
        if peakahead.load(self._again) != model:
            raise Finding("it isn't what it is saved as")
        _evaluate(model)
        with _no_imports():
            _arm(model)


def _check_text(text: str, longest: int = sys.maxsize) -> None:
    text.encode()  # a lone surrogate can't be printed
    if len(text) > longest:
        raise Finding(f"a message of {len(text)} characters")
    if not all(character.isprintable() or character == "\n" for character in text):
        raise Finding("a text with control characters, which a terminal might obey")


def _evaluate(model: BreakpointModel) -> None:
    """Ask every stage's formula, forest and bound about extreme readings."""
    categories = model.categories()
    for stage in model.stages:
        growth_of = stage.compile()
        kinds = [_TEXTS if reading in categories else _NUMBERS for reading in stage.readings]
        for turn in range(len(_NUMBERS)):
            values = [kind[(turn + place) % len(kind)] for place, kind in enumerate(kinds)]
            _check_bound(stage.bound, growth_of(values), stage.is_beyond(values))
            _check_bound(stage.bound, growth_of([kind[turn % len(kind)] for kind in kinds]), True)


def _check_bound(bound: Any, growth: float, beyond: bool) -> None:
    if not 0 <= growth < math.inf:
        raise Finding(f"a forecast of {growth} bytes")
    upper = bound.above(growth, beyond)
    if not growth <= upper < math.inf:
        raise Finding(f"a bound of {upper} bytes above {growth}")


def _run(model: BreakpointModel) -> None:
    """Let an invocation hit every breakpoint with every kind of value, with and without a limit."""
    for limit in (None, 2**40, 1):
        try:
            with predict_memory(model, limit=limit) as run:
                for step in run.steps:
                    for value in _VALUES:
                        _stopped_by_limit(step, run, value)
        except peakahead.PredictedMemoryExceeded as error:  # by the first stage, which reads nothing
            str(error)
            continue
        if run.errors:
            raise Finding(f"a hit failed: {run.errors}")
        for forecast in run.forecasts:
            repr(forecast)


def _stopped_by_limit(call: Any, *args: Any) -> None:
    try:
        call(*args)
    except peakahead.PredictedMemoryExceeded as error:
        str(error)


def _arm(model: BreakpointModel) -> None:
    arming.arm(model)
    try:
        _run(model)
        with predict_memory(model) as run:
            result = handle(_EVENT, "RGB")
        if result != 15:
            raise Finding(f"the armed function returned {result}")
        repr(run.forecast)
    finally:
        arming.disarm(model)
    if handle.__code__ is not _CODE:
        raise Finding("the function didn't get its code back")


@contextmanager
def _no_imports() -> Iterator[None]:
    barrier = _Barrier()
    sys.meta_path.insert(0, barrier)
    try:
        yield
    finally:
        sys.meta_path.remove(barrier)
