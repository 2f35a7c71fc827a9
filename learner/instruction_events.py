"""Tells of stores by `sys.monitoring`: the event of the instruction after each.

A code object that is to be traced gets instruction events when it is first called. All of them but those that
follow a store are switched off as they first occur, and those too once their sites are retired: a loop that was
too hot to be watched then runs at its own speed, and what comes after it is still seen.
The interpreter makes no events while it runs a callback, so a destructor that runs inside one isn't seen.
"""

from __future__ import annotations

import sys
import threading
from types import CodeType, FrameType
from typing import Any

from .facts import HAS_INSTRUCTION_EVENTS, monitoring
from .frames import assigned_now
from .plan import Plan, TracedSite, Watcher
from .stores import Store

OUR_TOOL = "peakahead"
_TOOL_IDS = (4, 3)  # those that no kind of tool has a claim to


class _Moment:
    """What an instruction tells when it is about to run."""

    __slots__ = ("is_over", "is_shared", "leads_to", "sites", "stores")

    def __init__(self) -> None:
        self.stores: tuple[Store, ...] = ()  # what is done, if the instruction before this one was a store
        self.is_shared = False  # whether other ways lead here
        self.sites: tuple[TracedSite, ...] = ()  # of those stores, once one was seen
        self.leads_to: _Moment | None = None  # the moment at which this instruction's own store is done, if shared
        self.is_over = True  # whether no store will be seen here any more


class _Code:
    """A code object that is traced, and what its instructions tell, by offset."""

    __slots__ = ("moments", "plan", "traced")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.traced = plan.code
        self.moments: dict[int, _Moment] = {}
        for landing in plan.stores.landings():
            moment = self._moment(landing.offset)
            moment.stores, moment.is_shared, moment.is_over = landing.stores, landing.shared, False
            if landing.shared:
                self._moment(landing.stored_at).leads_to = moment

    def _moment(self, offset: int) -> _Moment:
        return self.moments.setdefault(offset, _Moment())


def free_tool_id() -> int | None:
    """Return a tool id that nobody uses, or None; also None where there are no such events."""
    if not HAS_INSTRUCTION_EVENTS:
        return None
    return next((number for number in _TOOL_IDS if monitoring.get_tool(number) is None), None)


class InstructionEvents:
    """A source of events.

    Args:
        watcher: Whom to tell.
        tool_id: A free one.
    """

    def __init__(self, watcher: Watcher, tool_id: int) -> None:
        self._watcher = watcher
        self._hit = watcher.hit
        self._tool_id = tool_id
        self._disable = monitoring.DISABLE
        self._lock = threading.Lock()
        self._code: dict[int, _Code] = {}
        self._latest: _Code | None = None
        self._pending: dict[int, _Moment] = {}  # by the frame's id: where its last store is to be seen done
        self._has_tool = False

    def start(self) -> None:
        events = monitoring.events
        if not self._has_tool:
            monitoring.use_tool_id(self._tool_id, OUR_TOOL)
            self._has_tool = True
            monitoring.register_callback(self._tool_id, events.PY_START, self._on_start)
            monitoring.register_callback(self._tool_id, events.INSTRUCTION, self._on_instruction)
        self._listen(events.PY_START, events.INSTRUCTION)
        monitoring.restart_events()  # what an earlier trace switched off

    def pause(self) -> None:
        self._listen(monitoring.events.NO_EVENTS, monitoring.events.NO_EVENTS)

    def _listen(self, everywhere: int, in_traced: int) -> None:
        if self._has_tool:
            monitoring.set_events(self._tool_id, everywhere)
            for known in list(self._code.values()):
                monitoring.set_local_events(self._tool_id, known.traced, in_traced)

    def stop(self) -> None:
        self.pause()
        if self._has_tool:
            self._has_tool = False
            for event in (monitoring.events.PY_START, monitoring.events.INSTRUCTION):
                monitoring.register_callback(self._tool_id, event, None)
            monitoring.free_tool_id(self._tool_id)

    def _on_start(self, code: CodeType, _offset: int) -> Any:
        try:
            return self._started(code, sys._getframe(1))
        except BaseException as error:
            if not self._watcher.spares(error):
                raise
            return None

    def _started(self, code: CodeType, frame: FrameType) -> Any:
        known = self._code.get(id(code))
        if known is None:
            # Compiled extensions may make events with code that no frame runs.
            known = self._first_met(code, frame.f_globals) if frame.f_code is code else None
            if known is None:
                return self._disable
        return None if self._watcher.entered(known.plan, frame, assigned_now) else self._disable

    def _first_met(self, code: CodeType, namespace: dict[str, Any]) -> _Code | None:
        with self._lock:
            if id(code) not in self._code and self._has_tool:  # else another thread was here in the meantime
                plan = self._watcher.plan(code, namespace)
                if plan is None:
                    return None
                self._code[id(code)] = _Code(plan)
                monitoring.set_local_events(self._tool_id, code, monitoring.events.INSTRUCTION)
            return self._code.get(id(code))

    def _on_instruction(self, code: CodeType, offset: int) -> Any:
        try:
            known = self._latest
            if known is None or known.traced is not code:
                known = self._latest = self._code[id(code)]
            try:
                moment = known.moments[offset]
            except KeyError:
                return self._disable
            frame = _getframe(1)
            if not moment.is_over and (not moment.is_shared or self._pending.pop(id(frame), None) is moment):
                is_over = True
                for site in moment.sites or self._sites(known.plan, moment):
                    if not site.retired:
                        self._hit(site, assigned_now(frame, site.variable))
                        if not site.retired:
                            is_over = False
                moment.is_over = is_over
            leads_to = moment.leads_to
            if leads_to is not None and not leads_to.is_over:
                self._pending[id(frame)] = leads_to
                return None
            return self._disable if moment.is_over else None
        except BaseException as error:
            if not self._watcher.spares(error):
                raise
            return None

    def _sites(self, plan: Plan, moment: _Moment) -> tuple[TracedSite, ...]:
        moment.sites = tuple(self._watcher.site(plan, store) for store in moment.stores)
        return moment.sites


_getframe = sys._getframe
