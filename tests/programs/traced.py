"""What tracers see of functions that are armed at every assignment."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import peakahead

Event = tuple[str, str, int, str]


def side_of(frame: FrameType, hosts: list[Event], ours: list[Event]) -> list[Event]:
    """Return where an event of this frame goes; what the standard library does depends on its caches."""
    name = str(frame.f_globals.get("__name__", ""))
    return hosts if name.startswith("tests.") else ours if name.startswith("peakahead.") else []


def line_events(call: Callable[[], object]) -> tuple[list[Event], list[Event]]:
    """Return the events of `sys.settrace` outside and inside of peakahead."""
    hosts: list[Event] = []
    ours: list[Event] = []

    def tracer(frame: FrameType, event: str, argument: Any) -> Any:
        told = (event, frame.f_code.co_qualname, frame.f_lineno, _shown(event, argument))
        side_of(frame, hosts, ours).append(told)
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        call()
    finally:
        sys.settrace(before)
    return hosts, ours


def profile_events(call: Callable[[], object], everywhere: bool = False) -> tuple[list[Event], list[Event]]:
    """Return the events of `sys.setprofile`, or of `threading.setprofile`, outside and inside of peakahead."""
    hosts: list[Event] = []
    ours: list[Event] = []

    def profiler(frame: FrameType, event: str, argument: Any) -> None:
        side_of(frame, hosts, ours).append((event, frame.f_code.co_qualname, 0, ""))

    if everywhere:
        threading.setprofile(profiler)
    else:
        sys.setprofile(profiler)
    try:
        call()
    finally:
        threading.setprofile(None)
        sys.setprofile(None)
    return hosts, ours


def monitoring_events(call: Callable[[], object], code_of: Callable[[], list[CodeType]]) -> list[Any]:
    """Return the events of `sys.monitoring` in the code that the functions run then."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]  # 3.12 on
    names = (
        "PY_START",
        "PY_RETURN",
        "PY_YIELD",
        "PY_RESUME",
        "PY_THROW",
        "PY_UNWIND",
        "LINE",
        "RAISE",
        "EXCEPTION_HANDLED",
    )
    told: list[Any] = []
    watched = {code: code.co_qualname for code in code_of()}

    def teller(name: str) -> Callable[..., None]:
        def tell(code: CodeType, _offset: int, *arguments: Any) -> None:
            if code in watched:
                shown = [_shown("", argument) for argument in arguments] if name != "LINE" else [_offset]
                told.append((name, code.co_qualname, *shown))

        return tell

    tool = monitoring.DEBUGGER_ID
    monitoring.use_tool_id(tool, "tests")
    try:
        for name in names:
            monitoring.register_callback(tool, getattr(monitoring.events, name), teller(name))
        monitoring.set_events(tool, sum(getattr(monitoring.events, name) for name in names))
        call()
    finally:
        monitoring.set_events(tool, 0)
        for name in names:
            monitoring.register_callback(tool, getattr(monitoring.events, name), None)
        monitoring.free_tool_id(tool)
    return told


def _shown(event: str, argument: Any) -> str:
    if event == "exception":
        return f"{argument[0].__name__}: {argument[1]}"
    return f"{type(argument).__name__}" if not isinstance(argument, int | str) else repr(argument)


def three_ways(
    watched: Callable[[], Any], watch: Callable[[Callable[[], object]], Any], call: Callable[[], object]
) -> tuple[Any, Any, Any]:
    """Return what is seen of a call bare, armed outside of any invocation, and inside of one."""
    bare = watch(call)
    with watched() as model:
        idle = watch(call)
        with peakahead.predict_memory(model):
            inside = watch(call)
    return bare, idle, inside
