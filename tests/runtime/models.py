"""Models made by hand, for functions of the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peakahead.models.fingerprints import Fingerprint
from peakahead.models.formulas import Formula, Term
from peakahead.models.model import BreakpointModel, Stage, Training, UpperBound
from peakahead.models.readings import Reading
from peakahead.models.sites import FunctionRef, Site

TRAINING = Training(20, {}, (1, 100_000_000), "rss", "forkserver", "3.12.1", "Linux x86_64", "glibc 2.36")
BOUND = UpperBound(0.95, 0.5, 1.0, 0)


def line_of(function: Callable[..., Any], text: str, occurrence: int = 1) -> int:
    """Return the offset of the function's line that holds a text."""
    import inspect

    lines, _ = inspect.getsourcelines(function)
    return [index for index, line in enumerate(lines) if text in line][occurrence - 1]


def reference(function: Callable[..., Any]) -> FunctionRef:
    code = function.__code__  # type: ignore[attr-defined]  # all tests give functions
    return FunctionRef(function.__module__, code.co_qualname)


def stored(function: Callable[..., Any], variable: str, text: str, occurrence: int = 1) -> Site:
    return Site(reference(function), line_of(function, text, occurrence), variable)


def at_entry(function: Callable[..., Any], variable: str) -> Site:
    return Site(reference(function), 0, variable, True)


def model(
    target: Callable[..., Any],
    *stages: tuple[Site, list[Reading], Formula],
    fingerprints: dict[FunctionRef, Any] | None = None,
    start_bytes: float = 1_000.0,
    largest: float = 1e9,
) -> BreakpointModel:
    """Return a model with a start stage and these; by default one fingerprint, of the target."""
    codes = fingerprints or {reference(target): target.__code__}  # type: ignore[attr-defined]  # a function
    return BreakpointModel(
        reference(target),
        (
            Stage(Site.start(reference(target)), (), (), Formula(start_bytes), BOUND, 0.3, 0.3, 1.0, 1.0),
            *(
                Stage(site, tuple(readings), ((0.0, largest),) * len(readings), formula, BOUND, 0.01, 0.01, 1.0, 1.0)
                for site, readings, formula in stages
            ),
        ),
        tuple(Fingerprint.of(ref, code) for ref, code in codes.items()),
        TRAINING,
    )


def watching(
    function: Callable[..., Any], site: Site, feature: str = "value", fold: str = "last", code: Any = None
) -> BreakpointModel:
    """Return a model whose forecast is the reading itself."""
    codes = {site.function: code} if code is not None else None
    reading = Reading(site, (), feature, fold)
    return model(function, (site, [reading], Formula(0.0, (Term(1.0, (0,)),))), fingerprints=codes)
