"""The ways to be called after an assignment, each on a code object of its own, so that none sees another's traces."""

from __future__ import annotations

import builtins
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import CodeType, FrameType, FunctionType
from typing import Any

import peakahead
from peakahead.runtime.inject import Probe, inject

from ..armed_functions import hit, hit_by_hand
from . import ddtraced
from .cases import FOUND, Case

Loop = Callable[[Any, Any, int], None]
Said = Callable[[float], object]  # is told each growth that rises
AFTER = hit.__code__.co_firstlineno + FOUND.line + 1  # the line after the assignment, where it is settled
_TOOL = 4  # of sys.monitoring's; 0 to 2 and 5 are a debugger's, coverage's, a profiler's, an optimiser's


@contextlib.contextmanager
def _bare(_case: Case, _said: Said) -> Iterator[Loop]:
    yield _with_code(hit.__code__.replace())


@contextlib.contextmanager
def _by_hand(case: Case, said: Said) -> Iterator[Loop]:
    yield _with_code(hit_by_hand.__code__.replace(), note=case.written(said, case.other))


@contextlib.contextmanager
def _injected(case: Case, said: Said) -> Iterator[Loop]:
    yield _with_code(inject(hit.__code__, [Probe(FOUND, case.written(said, case.other))]))


@contextlib.contextmanager
def _ours(case: Case, said: Said) -> Iterator[Loop]:
    assert case.model is not None
    peakahead.arm(case.model, strict=True)
    try:
        with peakahead.predict_memory(case.model) as run:
            yield hit
        for forecast in run.forecasts[1:]:
            said(forecast.growth_bytes)
    finally:
        peakahead.disarm(case.model)


@contextlib.contextmanager
def _monitoring(case: Case, said: Said) -> Iterator[Loop]:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined]  # from 3.12 on
    code = hit.__code__.replace()
    loop = _with_code(code)
    note, get_frame = case.written(said, case.other), sys._getframe

    def at_any_line(_code: CodeType, line: int) -> Any:
        return None if line == AFTER else monitoring.DISABLE

    def at_the_line(_code: CodeType, _line: int) -> None:
        note(get_frame(1).f_locals["found"])

    def at_the_line_reading(_code: CodeType, _line: int) -> None:
        get_frame(1).f_locals["found"]

    monitoring.use_tool_id(_TOOL, "peakahead benchmark")
    try:
        monitoring.register_callback(_TOOL, monitoring.events.LINE, at_any_line)
        monitoring.set_local_events(_TOOL, code, monitoring.events.LINE)
        loop(case.value, case.other, 3)  # after which the other lines are switched off
        monitoring.register_callback(
            _TOOL, monitoring.events.LINE, at_the_line_reading if case.model is None else at_the_line
        )
        yield loop
    finally:
        monitoring.set_local_events(_TOOL, code, 0)
        monitoring.register_callback(_TOOL, monitoring.events.LINE, None)
        monitoring.free_tool_id(_TOOL)


@contextlib.contextmanager
def _settrace(case: Case, said: Said) -> Iterator[Loop]:
    code = hit.__code__.replace()
    note = case.written(said, case.other)

    def at_call(frame: FrameType, _event: str, _arg: Any) -> Any:
        if frame.f_code is not code:
            return None
        return at_line_reading if case.model is None else at_line

    def at_line(frame: FrameType, _event: str, _arg: Any) -> Any:
        if frame.f_lineno == AFTER:
            note(frame.f_locals["found"])
        return at_line

    def at_line_reading(frame: FrameType, _event: str, _arg: Any) -> Any:
        if frame.f_lineno == AFTER:
            frame.f_locals["found"]
        return at_line_reading

    before = sys.gettrace()
    sys.settrace(at_call)
    try:
        yield _with_code(code)
    finally:
        sys.settrace(before)


@contextlib.contextmanager
def _ddtrace_injection(case: Case, said: Said) -> Iterator[Loop]:
    loop = _with_code(hit.__code__.replace())
    note, get_frame = case.written(said, case.other), sys._getframe

    def hook(_argument: Any) -> None:
        note(get_frame(1).f_locals["found"])

    def hook_reading(_argument: Any) -> None:
        get_frame(1).f_locals["found"]

    ddtraced.inject(loop, hook_reading if case.model is None else hook, AFTER)
    yield loop


@contextlib.contextmanager
def _ddtrace_log(case: Case, _said: Said) -> Iterator[Loop]:
    with ddtraced.line_probe(hit, AFTER, _segments(case), snapshot=False):
        yield hit


@contextlib.contextmanager
def _ddtrace_snapshot(case: Case, _said: Said) -> Iterator[Loop]:
    with ddtraced.line_probe(hit, AFTER, _segments(case), snapshot=True):
        yield hit


def _segments(case: Case) -> list[dict[str, Any]]:
    """Return the log message's parts: it says what is read, as far as the probes' language can."""
    if case.model is None:
        return [{"str": "hit"}]
    found: dict[str, Any] = {"ref": "found"}
    return [{"dsl": "found", "json": {"len": found} if case.length_read else found}]


@contextlib.contextmanager
def _fstat(case: Case, _said: Said) -> Iterator[Loop]:
    """Call os.fstat by hand, on the file's descriptor: nothing that asks the file's size is cheaper."""
    descriptor = case.value.fileno()
    loop = _with_code(hit_by_hand.__code__.replace(), note=os.fstat)
    yield lambda _value, other, n: loop(descriptor, other, n)


def _with_code(code: CodeType, **names: Any) -> FunctionType:
    return FunctionType(code, {"__builtins__": builtins, **names})


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A way to be called.

    Attributes:
        start: Entered with a case and with what is told of forecasts; gives the loop to run.
        hits: As many as a turn has: fewer where they are slow.
        missing: Why it can't be timed here, or empty.
        fits: Whether it can be asked for a case.
    """

    start: Callable[[Case, Said], AbstractContextManager[Loop]]
    hits: int
    missing: Callable[[], str] = lambda: ""
    fits: Callable[[Case], bool] = lambda _case: True


def _before_3_12() -> str:
    return "" if hasattr(sys, "monitoring") else "not before Python 3.12"


MECHANISMS: dict[str, Mechanism] = {
    "bare": Mechanism(_bare, 100_000),
    "by hand": Mechanism(_by_hand, 100_000),
    "injected": Mechanism(_injected, 100_000),
    "ours": Mechanism(_ours, 50_000, fits=lambda case: case.model is not None),
    "fstat": Mechanism(_fstat, 20_000, fits=lambda case: hasattr(case.value, "fileno")),
    "sys.monitoring": Mechanism(_monitoring, 20_000, _before_3_12),
    "sys.settrace": Mechanism(_settrace, 10_000),
    "ddtrace injection": Mechanism(_ddtrace_injection, 20_000, ddtraced.missing),
    "ddtrace log probe": Mechanism(_ddtrace_log, 500, ddtraced.missing),
    "ddtrace snapshot probe": Mechanism(_ddtrace_snapshot, 500, ddtraced.missing),
}
