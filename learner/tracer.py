"""Traces one invocation in full, at a cost that stays small.

Three rules keep the tracing from changing what it measures. After an instruction only the variable that it stored
is read. Memory is asked for only when enough time has passed for it to have grown. And a site that fires more often
than a production breakpoint may, or is slow to read, is retired; what tells of stores then stops telling of it.
"""

from __future__ import annotations

import struct
import sys
import threading
from collections.abc import Callable
from time import perf_counter
from types import CodeType, FrameType
from typing import Any

from ..models.attributes import MISSING
from ..models.features import TYPE, Value, load_rows, readers_for, type_level
from ..models.guard import READING_ERRORS, is_from_signal_handler
from ..models.readings import Path, is_leaf, read_inside
from ..models.sites import FunctionRef, Site
from .facts import HAS_INSTRUCTION_EVENTS, monitoring
from .frames import is_running_further_out
from .instruction_events import OUR_TOOL, InstructionEvents, free_tool_id
from .line_events import LineEvents
from .meters import Meter
from .plan import LeafFeature, Plan, ReadVariable, Source, TracedSite, Watcher
from .recording import Recorder
from .stores import CodeStores, Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..models.readings import MayName

MAX_HITS = 2_000  # of a site, an invocation
_READING_BUDGET_S = 0.25  # for all readings of one site, an invocation
_TIMED_EVERY = 15  # a mask of hits whose value is a single number: the clock would cost as much as the reading
_N_TOOLS = 6  # of `sys.monitoring`
_MOST_CLASSES = 16  # of one site's values, that are known by heart

# What tracing may raise where it fails; the rest is the host's, such as what one thread raises in another.
_SPARED = (*READING_ERRORS, struct.error)

_COMPREHENSIONS = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
_CO_OPTIMIZED = 1  # functions; not modules or class bodies, whose stores are definitions


def _runs_once(code: CodeType) -> bool:
    """Tell whether code runs when its module is imported, or a class made, so that it can't be armed any more.

    So do comprehensions outside of functions, and type parameters, whose code counts as a function's.
    """
    scope, _, name = code.co_qualname.rpartition(".")
    return name.startswith("<generic parameters of ") or (name in _COMPREHENSIONS and "<locals>" not in scope)


load_rows()  # now, not while a function is measured


def best_source(watcher: Watcher) -> Source:
    """Return the source of events that costs least here."""
    tool_id = free_tool_id()
    return LineEvents(watcher) if tool_id is None else InstructionEvents(watcher, tool_id)


def who_traces() -> str:
    """Say what else follows the code of this process: nothing of it may be taken away, so nothing can be recorded."""
    for trace in (sys.gettrace(), threading.gettrace()):
        if trace is not None and not isinstance(getattr(trace, "__self__", None), LineEvents):
            return "a trace function, of a debugger or of coverage,"
    if HAS_INSTRUCTION_EVENTS:
        for number in range(_N_TOOLS):
            tool = monitoring.get_tool(number)
            if tool not in (None, OUR_TOOL):
                return f"the monitoring tool {tool}"
    return ""


class Tracer:
    """Traces every frame of the user's code from `start` to `stop`, in this thread and those started meanwhile.

    Args:
        is_traced: Tells whether code with these globals is the user's own.
        meter: What measures memory; already started.
        recorder: Where hits go.
        baseline_bytes: What the meter said when the invocation began.
        max_hits: After this many hits a site is retired.
        source: Makes what tells of calls and stores.
        stores_of: From a code object to its stores.
        may_name: Where no text of the user's may show in the trace: which names may; None shows all.
        spares: Whether the function is spared what tracing it raises; the tracing then ends.

    Attributes:
        failure: The class's name of what tracing raised, or empty.
    """

    def __init__(
        self,
        is_traced: Callable[[CodeType, dict[str, Any]], bool],
        meter: Meter,
        recorder: Recorder,
        baseline_bytes: int,
        max_hits: int = MAX_HITS,
        source: Callable[[Watcher], Source] = best_source,
        stores_of: Callable[[CodeType], CodeStores] = CodeStores,
        may_name: MayName | None = None,
        spares: bool = False,
    ) -> None:
        self._is_traced = is_traced
        self._meter = meter
        self._interval_s = meter.interval_s
        self._recorder = recorder
        self._baseline = baseline_bytes
        self._max_hits = max_hits
        self._source = source(self)
        self._stores_of = stores_of
        self._may_name = may_name
        self._spares = spares
        self.failure = ""
        self._plans: list[Plan] = []
        self._references: set[FunctionRef] = set()
        self._lock = threading.Lock()
        self._growth = 0
        self._began = self._measure_at = 0.0

    def start(self) -> None:
        self._began = perf_counter()
        self._measure_at = self._began + self._interval_s
        self._source.start()

    def pause(self) -> None:
        """Trace nothing until `resume`."""
        self._source.pause()

    def resume(self) -> None:
        if not self.failure:
            self._source.start()

    def stop(self) -> None:
        self._source.stop()

    def spares(self, error: BaseException) -> bool:
        self.failure = type(error).__name__
        if not self._spares or not isinstance(error, _SPARED) or is_from_signal_handler(error):
            return False
        self.stop()
        return True

    @property
    def codes(self) -> dict[FunctionRef, CodeType]:
        """The code objects in which a site was hit."""
        return {plan.reference: plan.code for plan in self._plans if plan.all_sites()}

    @property
    def retired(self) -> list[int]:
        """The numbers of the sites that were too hot, or too slow to read."""
        return [site.number for plan in self._plans for site in plan.all_sites() if site.retired]

    @property
    def spent_s(self) -> list[float]:
        """The seconds that a hit's readings took on average, by the site's number."""
        sites = [site for plan in self._plans for site in plan.all_sites()]
        return [site.spent_s / max(1, site.hits) for site in sorted(sites, key=lambda site: site.number)]

    @property
    def recursive(self) -> list[FunctionRef]:
        """The functions that called themselves, once at least in their first `max_hits` calls."""
        return [plan.reference for plan in self._plans if plan.is_recursive]

    def plan(self, code: CodeType, namespace: dict[str, Any]) -> Plan | None:
        if not code.co_flags & _CO_OPTIMIZED or _runs_once(code) or not self._is_traced(code, namespace):
            return None
        reference = FunctionRef(str(namespace.get("__name__")), code.co_qualname)
        if reference in self._references:  # the second lambda of a function goes by the first one's name
            return None
        self._references.add(reference)
        plan = Plan(code, reference, self._stores_of(code))
        self._plans.append(plan)
        return plan

    def site(self, plan: Plan, store: Store) -> TracedSite:
        variable, line = store
        with self._lock:
            if store not in plan.sites:
                place = Site(plan.reference, line - plan.code.co_firstlineno, variable, False)
                plan.sites[store] = TracedSite(variable, self._recorder.site(place))
            return plan.sites[store]

    def _entry_sites(self, plan: Plan) -> tuple[TracedSite, ...]:
        with self._lock:
            if plan.entry_sites is None:
                plan.entry_sites = tuple(
                    TracedSite(name, self._recorder.site(Site(plan.reference, 0, name, True)))
                    for name in plan.parameters()
                )
            return plan.entry_sites

    def entered(self, plan: Plan, frame: FrameType, read: ReadVariable) -> bool:
        if is_running_further_out(plan.code, frame):
            plan.is_recursive = True  # only the outermost call speaks for the invocation
            return True
        for site in plan.entry_sites or self._entry_sites(plan):
            if not site.retired:
                self.hit(site, read(frame, site.variable))
        plan.entries += 1
        return plan.entries < self._max_hits

    def hit(self, site: TracedSite, value: Any) -> None:
        now = perf_counter()
        if now >= self._measure_at:
            self._growth = max(0, self._meter.high_water() - self._baseline)
            self._measure_at = now + self._interval_s
        site.hits = hits = site.hits + 1
        if type(value) is site.number_class:
            number = site.read_number(value)
            if number is not None:
                self._recorder.hit_one(site.number, now - self._began, self._growth, site.number_column, number)
            if hits & _TIMED_EVERY == 0:
                self._spend(site, (perf_counter() - now) * (_TIMED_EVERY + 1))
        elif value is not MISSING:
            self._recorder.hit(site.number, now - self._began, self._growth, self._readings(site, value))
            self._spend(site, perf_counter() - now)
        if hits >= self._max_hits:
            site.retired = True

    @staticmethod
    def _spend(site: TracedSite, seconds: float) -> None:
        site.spent_s += seconds
        if site.spent_s > _READING_BUDGET_S:
            site.retired = True

    def _readings(self, site: TracedSite, value: Any) -> list[float]:
        """Return what the value offers: column, number, column, number."""
        cls = type(value)
        leaf = site.leaves.get(cls)
        if leaf is None:
            leaf = self._leaf(site, cls)
        found: list[float] = []
        for feature in leaf:
            told = feature.read(value)
            if told is not None:
                if feature.column is None:
                    feature.column = self._column(site, (), feature.name)
                found += feature.column, self._number(feature.column, told)
        if not leaf:
            for path, name, told in read_inside(value, self._may_name):
                column = self._column(site, path, name)
                found += column, self._number(column, told)
        if cls is not site.latest_class:
            site.latest_class = cls
            site.number_class = None
            name_of_type = type_level(value)
            if name_of_type is not None:
                column = self._column(site, (), TYPE)
                found += column, self._number(column, name_of_type)
        elif len(leaf) == 1 and leaf[0].column is not None and not leaf[0].is_category:
            site.number_column, site.read_number, site.number_class = leaf[0].column, leaf[0].read, cls
        return found

    def _leaf(self, site: TracedSite, cls: type) -> tuple[LeafFeature, ...]:
        """Return the features of a class whose values have no children, so that nobody needs to look for any."""
        readers = readers_for(cls)
        names = readers.single if self._may_name is None else readers.discreet
        leaf = tuple(LeafFeature(name, readers[name]) for name in names) if is_leaf(cls) else ()
        if len(site.leaves) < _MOST_CLASSES:  # classes made in a loop must not be kept alive
            site.leaves[cls] = leaf
        return leaf

    def _number(self, column: int, told: Value) -> float:
        return self._level(column, told) if isinstance(told, str) else told

    def _column(self, site: TracedSite, path: Path, feature: str) -> int:
        column = site.columns.get((path, feature))
        if column is None:
            with self._lock:
                column = site.columns.get((path, feature))
                if column is None:
                    column = site.columns[path, feature] = self._recorder.column(site.number, path, feature)
        return column

    def _level(self, column: int, text: str) -> float:
        with self._lock:
            return self._recorder.level(column, text)
