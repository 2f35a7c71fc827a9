"""Models made by hand, for functions of the benchmarks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from peakahead.models.fingerprints import Fingerprint
from peakahead.models.formulas import Formula, Term
from peakahead.models.model import BreakpointModel, Stage, Training, UpperBound
from peakahead.models.readings import Reading
from peakahead.models.sites import FunctionRef, Site

_BOUND = UpperBound(0.95, 0.1, 0.2, 2**21)
_TRAINING = Training(19, {}, (1, 2), "rss", "forkserver", "", "", "")


def reference(function: Callable[..., Any]) -> FunctionRef:
    return FunctionRef(function.__module__, code_of(function).co_qualname)


def code_of(function: Callable[..., Any]) -> Any:
    return inspect.unwrap(function).__code__  # type: ignore[attr-defined]  # a plain function


def stored(function: Callable[..., Any], variable: str) -> Site:
    """Return the site of a variable's first assignment in a function."""
    lines, _ = inspect.getsourcelines(function)
    line = next(index for index, text in enumerate(lines) if text.strip().startswith((f"{variable} =", f"{variable}:")))
    return Site(reference(function), line, variable)


def model_of(function: Callable[..., Any], *stages: tuple[Reading, ...]) -> BreakpointModel:
    """Return a model with a stage at the start, and one for each tuple of readings: growth is by their product.

    Each stage speaks where the last of its readings is taken.
    """
    start = Stage(Site.start(reference(function)), (), (), Formula(1.0), _BOUND, 0.1, 0.1, 1.0, 1.0)
    later = [_stage(readings) for readings in stages]
    fingerprint = Fingerprint.of(reference(function), code_of(function))
    return BreakpointModel(reference(function), (start, *later), (fingerprint,), _TRAINING)


def _stage(readings: tuple[Reading, ...]) -> Stage:
    formula = Formula(1.0, (Term(2.0, tuple(range(len(readings)))),))
    seen = ((0.0, 1e9),) * len(readings)
    return Stage(readings[-1].site, readings, seen, formula, _BOUND, 0.1, 0.1, 1.0, 1.0)
