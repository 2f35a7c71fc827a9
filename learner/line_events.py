"""Tells of stores by `sys.settrace`: which of them lie on the way from one line event to the next.

The ways are a table by code object, so that an event that nothing comes of costs two look-ups. Once a frame can
come to no site that isn't retired, its line events are switched off, and on again by an exception, whose handler
may lead to sites that were out of reach. Lines that use on the spot what they store, as a comprehension does, are
followed instruction by instruction.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from .facts import FRAME_KEEPS_A_COPY
from .frames import UNSHARED, assigned
from .plan import Plan, TracedSite, Watcher

TraceFunction = Callable[[FrameType, str, Any], Any]

Sites = tuple[TracedSite, ...]
_HERE = -2  # no instruction's offset; -1 is that of a frame which hasn't begun


class _Ways:
    """The ways of one code object, by the offsets of their two ends; found anew when a site is retired.

    Attributes:
        plan: The code's.
        tells_entries: Whether calls are still to be told.
        is_over: Whether all of the code's sites are retired.
    """

    __slots__ = ("_from", "is_over", "plan", "tells_entries")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tells_entries = True
        self.is_over = False
        self._from: dict[int, dict[int, Any]] = {}

    def onward(self, offset: int) -> dict[int, Any]:
        """Return the ways from an offset, by that of their end: their sites, and the ways on from there.

        The sites are None where no site is ahead any more that isn't retired. What stands at _HERE is the offset.
        """
        return self._from.setdefault(offset, {_HERE: offset})

    def forget(self) -> None:
        self.plan.calm_lines()
        # An assignment to a parameter drops what was passed, but not from a copy that nothing renews.
        stored = self.plan.stores.all
        drops = FRAME_KEEPS_A_COPY and not {name for name, _ in stored}.isdisjoint(self.plan.parameters())
        self.is_over = not drops and all(map(self.plan.is_retired, stored))
        for offset, ways in self._from.items():
            ways.clear()  # not replaced, since frames hold on to them
            ways[_HERE] = offset


class LineEvents:
    """A source of events, of this thread and those started meanwhile.

    Args:
        watcher: Whom to tell.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._code: dict[int, _Ways | None] = {}
        self._skipped: list[CodeType] = []  # held, so that their ids stay theirs
        self._is_over = False

    def start(self) -> None:
        threading.settrace(self._on_call)
        sys.settrace(self._on_call)

    def pause(self) -> None:
        if sys.gettrace() == self._on_call:  # else a debugger has taken over meanwhile
            sys.settrace(None)
        if threading.gettrace() == self._on_call:
            threading.settrace(None)

    def stop(self) -> None:
        self._is_over = True
        self.pause()
        for ways in list(self._code.values()):  # so that threads which go on come to see that it's over
            if ways is not None:
                ways.forget()

    def _on_call(self, frame: FrameType, _event: str, _arg: Any) -> TraceFunction | None:
        try:
            if self._is_over:  # in a thread that goes on
                self.pause()
                return None
            code = frame.f_code
            try:
                ways = self._code[id(code)]
            except KeyError:
                ways = self._ways_of(code, frame.f_globals)
                if ways is not None and ways.plan.busy_lines:
                    # Python 3.12 makes events of instructions only if it was asked to before tracing is switched on.
                    frame.f_trace_opcodes = True
                    sys.settrace(self._on_call)
                    frame.f_trace_opcodes = False
            if ways is None:
                return None
            offset = frame.f_lasti
            if ways.tells_entries and offset in ways.plan.stores.entries:  # not where a generator is resumed
                ways.tells_entries = self._watcher.entered(ways.plan, frame, assigned)
            return None if ways.is_over else self._local_tracer(ways, offset)
        except BaseException as error:
            if not self._watcher.spares(error):
                raise
            return None

    def _ways_of(self, code: CodeType, namespace: dict[str, Any]) -> _Ways | None:
        plan = self._watcher.plan(code, namespace)
        ways = self._code[id(code)] = _Ways(plan) if plan is not None else None
        if ways is None:
            self._skipped.append(code)
        return ways

    def _local_tracer(self, ways: _Ways, offset: int) -> TraceFunction:
        onward = ways.onward(offset)
        busy = ways.plan.busy_lines

        def trace(frame: FrameType, event: str, _arg: Any) -> TraceFunction | None:
            nonlocal onward
            try:
                try:
                    sites, onward = onward[frame.f_lasti]
                except KeyError:
                    if self._is_over:
                        self.pause()
                        return None
                    sites, onward = self._way(ways, onward[_HERE], frame.f_lasti)
                if sites:
                    tell(frame, sites)
            except BaseException as error:
                if not self._watcher.spares(error):
                    raise
                return None
            if busy and event == "line" and (frame.f_lineno in busy) is not frame.f_trace_opcodes:
                frame.f_trace_opcodes = not frame.f_trace_opcodes
            if event == "exception":
                # Its handler is on no way from here, so what the line didn't come to store isn't taken for stored;
                # but an await that ends, also an exception to the tracer, goes on to store what it waited for.
                frame.f_trace_lines = True
            elif sites is None:
                return rest(frame)
            return trace

        def tell(frame: FrameType, sites: Sites) -> None:
            for site in sites:
                if not site.retired:
                    self._watcher.hit(site, assigned(frame, site.variable))
                    if site.retired:
                        ways.forget()

        def resting(frame: FrameType, event: str, arg: Any) -> TraceFunction | None:
            return trace(frame, event, arg) if event == "exception" else resting

        def rest(frame: FrameType) -> TraceFunction:
            frame.f_trace_lines = frame.f_trace_opcodes = False
            if FRAME_KEEPS_A_COPY:
                # Without events nothing would renew the copy, and its values would live as long as the frame. It
                # can't be emptied from here, as it's written back when this returns, but when the trace function
                # that the frame is given here makes way for the one that is returned.
                frame.f_trace = _Emptied(frame.f_locals)
            return resting

        return trace

    def _way(self, ways: _Ways, before: int, at: int) -> tuple[Sites | None, dict[int, Any]]:
        plan = ways.plan
        found = [self._watcher.site(plan, store) for store in plan.stores.between(before, at, plan.busy_lines)]
        sites: Sites | None = tuple(site for site in found if not site.retired)
        if not sites and all(map(plan.is_retired, plan.stores.reachable(at))):
            sites = None
        way = ways.onward(before)[at] = (sites, ways.onward(at))
        return way


class _Emptied:
    """Empties a mapping when it is let go itself; stands in for a trace function, but is never called."""

    __slots__ = ("_mapping",)

    def __init__(self, mapping: Any) -> None:
        self._mapping = mapping

    def __call__(self, _frame: FrameType, _event: str, _arg: Any) -> None:
        return None

    def __del__(self) -> None:
        if sys.getrefcount(self._mapping) == UNSHARED:
            self._mapping.clear()
