"""Traces one invocation in full, with `sys.settrace`, at a cost that stays small.

Three rules keep the tracing from changing what it measures. After a line only the variables that it stored are
read. Memory is asked for only when enough time has passed for it to have grown. And a site that fires more often
than a production breakpoint may, or is slow to read, is retired; once a frame can come to no other site, its line
events are switched off.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from time import perf_counter
from types import CodeType, FrameType
from typing import Any

from ..models.features import load_rows
from ..models.readings import Path, read_all
from ..models.sites import FunctionRef, Site
from .meters import Meter
from .recording import Recorder
from .stores import CodeStores, Store

MAX_HITS = 2_000  # of a site, an invocation
_READING_BUDGET_S = 0.25  # for all readings of one site, an invocation
_IDLE_EVENTS = 2_000  # line events of a frame between two looks at whether it can still come to a site
_OFFSETS = 2**24  # more than any code has: a pair of offsets becomes one key

_CO_OPTIMIZED = 1  # functions; not modules or class bodies, whose stores are definitions
_CO_VARARGS, _CO_VARKEYWORDS = 4, 8

load_rows()  # now, not while a function is measured

TraceFunction = Callable[[FrameType, str, Any], Any]


class _TracedSite:
    """One site's number, columns and cost in this invocation."""

    __slots__ = ("columns", "hits", "number", "retired", "spent_s", "variable")

    def __init__(self, variable: str, number: int) -> None:
        self.variable = variable
        self.number = number
        self.columns: dict[tuple[Path, str], int] = {}
        self.hits = 0
        self.spent_s = 0.0
        self.retired = False


class _Plan:
    """What is known of one code object: its stores, and the sites that they are."""

    __slots__ = ("active", "code", "entry_sites", "is_recursive", "reference", "sites", "stores", "ways")

    def __init__(self, code: CodeType, reference: FunctionRef) -> None:
        self.code = code  # held, since plans are found by its id: hashing a code object hashes all its constants
        self.reference = reference
        self.stores = CodeStores(code)
        self.ways: dict[int, tuple[_TracedSite, ...]] = {}
        self.sites: dict[Store, _TracedSite] = {}
        self.entry_sites: list[_TracedSite] | None = None
        self.active: dict[int, int] = {}  # depth of the recursion, by thread
        self.is_recursive = False

    def parameters(self) -> tuple[str, ...]:
        code = self.code
        n = code.co_argcount + code.co_kwonlyargcount
        n += bool(code.co_flags & _CO_VARARGS) + bool(code.co_flags & _CO_VARKEYWORDS)
        return tuple(name for name in code.co_varnames[:n] if name.isidentifier())  # not a comprehension's `.0`


class Tracer:
    """Traces every frame of the user's code from `start` to `stop`, in this thread and those started meanwhile.

    Args:
        is_traced: Tells whether code with these globals is the user's own.
        meter: What measures memory; already started.
        recorder: Where hits go.
        baseline_bytes: What the meter said when the invocation began.
        max_hits: After this many hits a site is retired.
    """

    def __init__(
        self,
        is_traced: Callable[[CodeType, dict[str, Any]], bool],
        meter: Meter,
        recorder: Recorder,
        baseline_bytes: int,
        max_hits: int = MAX_HITS,
    ) -> None:
        self._is_traced = is_traced
        self._meter = meter
        self._recorder = recorder
        self._baseline = baseline_bytes
        self._max_hits = max_hits
        self._plans: dict[int, _Plan | None] = {}
        self._skipped: list[CodeType] = []  # held, so that their ids stay theirs
        self._lock = threading.Lock()
        self._growth = 0
        self._began = self._measured_at = 0.0

    def start(self) -> None:
        self._began = self._measured_at = perf_counter()
        threading.settrace(self._on_call)
        sys.settrace(self._on_call)

    def stop(self) -> None:
        sys.settrace(None)
        threading.settrace(None)

    @property
    def codes(self) -> dict[FunctionRef, CodeType]:
        """The code objects in which a site was hit."""
        return {plan.reference: plan.code for plan in self._plans.values() if plan and (plan.sites or plan.entry_sites)}

    @property
    def retired(self) -> list[int]:
        """The numbers of the sites that were too hot, or too slow to read."""
        return [site.number for plan in self._plans.values() if plan for site in self._sites_of(plan) if site.retired]

    @property
    def spent_s(self) -> list[float]:
        """The seconds that a hit's readings took on average, by the site's number."""
        sites = [site for plan in self._plans.values() if plan for site in self._sites_of(plan)]
        return [site.spent_s / max(1, site.hits) for site in sorted(sites, key=lambda site: site.number)]

    @property
    def recursive(self) -> list[FunctionRef]:
        """The functions that called themselves."""
        return [plan.reference for plan in self._plans.values() if plan and plan.is_recursive]

    @staticmethod
    def _sites_of(plan: _Plan) -> list[_TracedSite]:
        return [*plan.sites.values(), *(plan.entry_sites or ())]

    def _plan_for(self, frame: FrameType) -> _Plan | None:
        code = frame.f_code
        plan = None
        if code.co_flags & _CO_OPTIMIZED and self._is_traced(code, frame.f_globals):
            plan = _Plan(code, FunctionRef(str(frame.f_globals.get("__name__")), code.co_qualname))
        else:
            self._skipped.append(code)
        self._plans[id(code)] = plan
        return plan

    def _on_call(self, frame: FrameType, _event: str, _arg: Any) -> TraceFunction | None:
        code = frame.f_code
        try:
            plan = self._plans[id(code)]
        except KeyError:
            plan = self._plan_for(frame)
        if plan is None:
            return None
        offset = frame.f_lasti
        if offset in plan.stores.entries:
            self._on_entry(plan, frame)
        return self._local_tracer(plan, offset)

    def _on_entry(self, plan: _Plan, frame: FrameType) -> None:
        thread = threading.get_ident()
        depth = plan.active.get(thread, 0)
        plan.active[thread] = depth + 1
        if depth:
            plan.is_recursive = True  # only the outermost call speaks for the invocation
            return
        if plan.entry_sites is None:
            plan.entry_sites = [self._new_site(plan, (name, 0), True) for name in plan.parameters()]
        for site in plan.entry_sites:
            if not site.retired:
                self._hit(site, frame)

    def _new_site(self, plan: _Plan, store: Store, entry: bool) -> _TracedSite:
        variable, line = store
        place = Site(plan.reference, 0 if entry else line - plan.code.co_firstlineno, variable, entry)
        with self._lock:
            return _TracedSite(variable, self._recorder.site(place))

    def _local_tracer(self, plan: _Plan, offset: int) -> TraceFunction:
        ways = plan.ways
        before = offset
        events = 0

        def trace(frame: FrameType, event: str, _arg: Any) -> TraceFunction:
            nonlocal before, events
            at = frame.f_lasti
            try:
                sites = ways[before * _OFFSETS + at]
            except KeyError:
                sites = self._sites_between(plan, before, at)
            before = at
            if sites:
                for site in sites:
                    if not site.retired:
                        self._hit(site, frame)
                if all(site.retired for site in sites):
                    ways.clear()
                    self._rest(plan, frame)
            elif event == "line":
                events += 1
                if events > _IDLE_EVENTS:
                    events = 0
                    self._rest(plan, frame)
            if event == "exception":
                # Its handler is on no way from here, so what the line didn't come to store isn't taken for stored;
                # but an await that ends, also an exception to the tracer, goes on to store what it waited for.
                frame.f_trace_lines = True  # the handler may lead to sites that `_rest` couldn't see
            elif event == "return" and at not in plan.stores.suspensions:
                self._on_exit(plan)
            return trace

        return trace

    def _sites_between(self, plan: _Plan, before: int, at: int) -> tuple[_TracedSite, ...]:
        sites = []
        for store in plan.stores.between(before, at):
            if store not in plan.sites:
                plan.sites[store] = self._new_site(plan, store, False)
            if not plan.sites[store].retired:
                sites.append(plan.sites[store])
        found = plan.ways[before * _OFFSETS + at] = tuple(sites)
        return found

    def _rest(self, plan: _Plan, frame: FrameType) -> None:
        """Switch the frame's line events off if it can come to no site that isn't retired."""
        for store in plan.stores.reachable(frame.f_lasti):
            if store not in plan.sites or not plan.sites[store].retired:
                return
        frame.f_trace_lines = False

    def _on_exit(self, plan: _Plan) -> None:
        thread = threading.get_ident()
        depth = plan.active.get(thread, 0)
        if depth > 1:
            plan.active[thread] = depth - 1
        else:
            plan.active.pop(thread, None)

    def _hit(self, site: _TracedSite, frame: FrameType) -> None:
        now = perf_counter()
        if now - self._measured_at >= self._meter.interval_s:
            self._growth = self._meter.high_water() - self._baseline
            self._measured_at = now
        site.hits += 1
        variable = site.variable
        namespace = frame.f_locals
        if variable in namespace:
            value = namespace[variable]
        elif variable in frame.f_globals:
            value = frame.f_globals[variable]
        else:
            return
        readings = read_all(value)
        if readings:
            columns = site.columns
            with self._lock:
                numbered = []
                for path, feature, number in readings:
                    column = columns.get((path, feature))
                    if column is None:
                        column = columns[path, feature] = self._recorder.column(site.number, path, feature)
                    numbered.append(
                        (column, self._recorder.level(column, number) if isinstance(number, str) else number)
                    )
                self._recorder.hit(site.number, now - self._began, self._growth, numbered)
        site.spent_s += perf_counter() - now
        if site.hits >= self._max_hits or site.spent_s > _READING_BUDGET_S:
            site.retired = True
