"""The tracer against a naive one, which follows every instruction and knows nothing of lines."""

from __future__ import annotations

import dis
import importlib.util
import linecache
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest

from peakahead.learner import instruction_events
from peakahead.learner.facts import HAS_INSTRUCTION_EVENTS, monitoring
from peakahead.learner.line_events import LineEvents
from peakahead.learner.stores import CodeStores
from peakahead.learner.tracer import best_source
from peakahead.models.features import Value
from tests.learner.scripted import SOURCES, MakeSource, ScriptedMeter, hit_readings, own_readings, trace
from tests.programs import stores

Hit = tuple[str, int, str, dict[str, Value]]  # function, line, variable, readings

NEEDS_INSTRUCTION_EVENTS = pytest.mark.skipif(not HAS_INSTRUCTION_EVENTS, reason="sys.monitoring came with 3.12")


def untouched(function: Callable[[], object]) -> Callable[[], object]:
    """Return the function from a copy of its module, whose code no other tool has followed."""
    spec = importlib.util.spec_from_file_location(stores.__name__, stores.__file__)
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    found: Callable[[], object] = getattr(copy, function.__name__)
    return found


def deleting(store: str) -> str:
    return store.replace("STORE", "DELETE")


def naive(function: Callable[[], object]) -> list[Hit]:
    """Return every store of a variable, in order, by following each instruction."""
    function = untouched(function)
    found: list[Hit] = []
    pending: dict[int, list[tuple[str, int]]] = {}

    def stored_by(frame: FrameType, offset: int) -> list[tuple[str, int]]:
        code = frame.f_code
        cleared = {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_FAST_AND_CLEAR"}
        for instruction in dis.get_instructions(code):
            if instruction.offset == offset and "STORE" in instruction.opname:
                name, value = instruction.opname, instruction.argval
                line = instruction.positions.lineno if instruction.positions else None
                assert line is not None
                if name in {"STORE_FAST", "STORE_DEREF", "STORE_GLOBAL", "STORE_NAME"}:
                    names = [value]
                elif name == "STORE_FAST_STORE_FAST":
                    names = list(value)
                elif name == "STORE_FAST_LOAD_FAST":
                    names = [value[0]]
                else:
                    return []
                following = next((i for i in dis.get_instructions(code) if i.offset > offset), None)
                if following is not None and (following.opname, following.argval) == (deleting(name), value):
                    return []  # the name of a handled exception, set to None and deleted
                return [(n, line) for n in names if n not in cleared or written(instruction) == names[0]]
        return []

    def written(instruction: dis.Instruction) -> str:
        """Return the source that an instruction stands for: what gives a variable back stands for a comprehension."""
        at = instruction.positions
        assert at is not None
        assert at.lineno is not None
        return linecache.getline(stores.__file__, at.lineno)[at.col_offset : at.end_col_offset]

    def settle(frame: FrameType) -> None:
        for variable, line in pending.pop(id(frame), []):
            value = {**frame.f_globals, **frame.f_locals}[variable]
            line -= frame.f_code.co_firstlineno
            found.append((frame.f_code.co_qualname, line, variable, own_readings(value)))

    def local(frame: FrameType, event: str, _arg: Any) -> Any:
        settle(frame)
        if event == "opcode":
            pending[id(frame)] = stored_by(frame, frame.f_lasti)
        return local

    def calls(frame: FrameType, _event: str, _arg: Any) -> Any:
        if frame.f_code.co_filename != stores.__file__ or not frame.f_code.co_flags & 1:
            return None
        frame.f_trace = local
        frame.f_trace_opcodes = True
        return local

    sys._getframe().f_trace_opcodes = True  # since 3.12 it must be set once before tracing begins
    threading.settrace(calls)
    sys.settrace(calls)
    try:
        function()
    finally:
        sys.settrace(None)
        threading.settrace(None)
    return found


def traced(function: Callable[[], object], source: MakeSource) -> list[Hit]:
    rows = []
    for site, hits in trace(function, source=source).hits.items():
        if not site.entry:
            for index, order in enumerate(hits.order):
                readings = hit_readings(hits, index)
                rows.append((int(order), (site.function.qualname, site.line, site.variable, readings)))
    return [hit for _, hit in sorted(rows, key=lambda row: row[0])]


def wide() -> Callable[[], object]:
    """Return a function with more variables and constants than one byte counts."""
    lines = [f"    v{i} = {i}.5 if v{i - 1} else 1" for i in range(1, 300)]
    namespace: dict[str, Any] = {"__name__": __name__}
    source = "\n".join(["def wide():", "    v0 = 0.5", *lines, "    return v299"])
    exec(compile(source, stores.__file__, "exec"), namespace)
    made: Callable[[], object] = namespace["wide"]
    return made


@SOURCES
@pytest.mark.parametrize("function", stores.ALL, ids=lambda function: function.__name__)
def test_every_store_is_seen_once_and_in_order(function: Callable[[], object], source: MakeSource) -> None:
    assert traced(function, source) == naive(function)


@SOURCES
def test_stores_of_variables_above_one_byte_are_seen(source: MakeSource) -> None:
    found = [(line, variable, readings["value"]) for _, line, variable, readings in traced(wide(), source)]

    assert found == [(line, f"v{line - 1}", line - 0.5) for line in range(1, 301)]


class CountingMeter(ScriptedMeter):
    """Says something else each time, so that a hit's growth tells how often it was asked before."""

    def high_water(self) -> int:
        self.level += 1
        return self.level


@NEEDS_INSTRUCTION_EVENTS
@pytest.mark.parametrize("max_hits", [1, 2, 2_000])
@pytest.mark.parametrize("function", stores.ALL, ids=lambda function: function.__name__)
def test_all_sources_give_the_same_trace(function: Callable[[], object], max_hits: int) -> None:
    one, other = (trace(function, CountingMeter(), max_hits, source) for source in (LineEvents, best_source))

    assert (one.retired, one.recursive) == (other.retired, other.recursive)
    assert list(one.hits) == list(other.hits)
    for site, hits in one.hits.items():
        again = other.hits[site]
        assert hits.order.tolist() == again.order.tolist()
        assert hits.growth.tolist() == again.growth.tolist()
        assert list(hits.columns) == list(again.columns)
        for column, numbers in hits.columns.items() if function is not stores.threads else ():  # they are numbered
            np.testing.assert_array_equal(numbers, again.columns[column])


def test_parameters_are_read_at_entry() -> None:
    hits = trace(stores.methods).hits
    entries = {(s.function.qualname, s.variable): h for s, h in hits.items() if s.entry}

    assert entries["Box.fill", "factor"].columns[(), "value"].tolist() == [4.0]
    assert entries["Box.fill", "extra"].columns[(), "len"].tolist() == [2.0]
    assert entries["Box.fill", "named"].columns[(), "len"].tolist() == [1.0]
    (size,) = (values for (path, _), values in entries["Box.fill", "self"].columns.items() if path)
    assert size.tolist() == [3.0]


@SOURCES
def test_only_the_outermost_call_of_a_recursion_is_an_entry(source: MakeSource) -> None:
    found = trace(stores.recursion, source=source)

    (entry,) = (hits for site, hits in found.hits.items() if site.entry and site.variable == "n")
    assert entry.columns[(), "value"].tolist() == [4.0]
    assert {reference.qualname for reference in found.recursive} == {"recursion"}


@SOURCES
def test_a_resumed_generator_is_not_entered_again(source: MakeSource) -> None:
    (entry,) = (hits for site, hits in trace(stores.generators, source=source).hits.items() if site.entry)

    assert entry.columns[(), "value"].tolist() == [3.0]


@SOURCES
def test_what_a_line_stores_on_its_way_is_read_before_the_same_line_uses_it(source: MakeSource) -> None:
    meter = ScriptedMeter()

    def use(more: int) -> int:
        meter.level += more
        return more

    def work() -> int:
        parts = [use(size) for size in (3, 5, 4)]
        total = 0
        for part in parts: total += use(part * 10)  # fmt: skip  # noqa: E701
        while (left := 200 - total) > 0 and (added := use(left)): total += added  # fmt: skip  # noqa: E701
        return total

    hits = {site.variable: found for site, found in trace(work, meter, source=source).hits.items()}

    assert hits["size"].columns[(), "value"].tolist() == [3, 5, 4]
    assert hits["size"].growth.tolist() == [0, 3, 8]
    assert hits["part"].growth.tolist() == [12, 42, 92]
    assert hits["left"].columns[(), "value"].tolist() == [80, 0]
    assert hits["left"].growth.tolist() == [132, 212]
    assert hits["added"].growth.tolist() == [212]


def test_a_store_before_a_loop_that_does_nothing_is_found() -> None:
    def waits() -> None:
        try:
            value = 3  # noqa: F841
            while True:
                pass
        except KeyboardInterrupt:
            return

    assert CodeStores(waits.__code__).all == {("value", waits.__code__.co_firstlineno + 2)}


@SOURCES
def test_of_functions_with_one_name_the_first_is_traced(source: MakeSource) -> None:
    def work() -> int:
        first = lambda n: n  # noqa: E731
        second = lambda more: more  # noqa: E731
        return first(3) + first(4) + second(5)

    hits = {site.variable: found for site, found in trace(work, source=source).hits.items()}

    assert hits["n"].columns[(), "value"].tolist() == [3, 4]
    assert "more" not in hits


@SOURCES
def test_a_hit_carries_the_growth_at_its_moment(source: MakeSource) -> None:
    meter = ScriptedMeter()

    def work() -> int:
        first = 1
        meter.level = 500
        second = 2
        return first + second

    hits = {site.variable: hits for site, hits in trace(work, meter, source=source).hits.items()}

    assert hits["first"].growth.tolist() == [0.0]
    assert hits["second"].growth.tolist() == [500.0]


def hot() -> int:
    total = 0
    for i in range(500):
        total += i
    for j in range(5):
        total += j
    after = total
    return after  # noqa: RET504 - the assignment is the point


@SOURCES
def test_a_hot_line_is_retired_and_what_comes_after_is_not(source: MakeSource) -> None:
    found = trace(hot, max_hits=100, source=source)

    lines = {site.line: site for site in found.retired}
    assert sorted(lines) == [2, 3]
    assert {site.variable: len(hits.order) for site, hits in found.hits.items() if site.line > 3} == {
        "j": 5,
        "total": 5,
        "after": 1,
    }


def test_line_events_end_when_a_frame_can_come_to_no_more_sites() -> None:
    frames: list[bool] = []

    def hot_to_its_end() -> None:
        total = 0
        for i in range(20_000):
            total += i
        frames.append(sys._getframe().f_trace_lines)

    found = trace(hot_to_its_end, max_hits=100, source=LineEvents)

    assert {site.variable for site in found.retired} == {"i", "total"}
    assert frames == [False]


@NEEDS_INSTRUCTION_EVENTS
def test_a_retired_loop_makes_no_events_though_a_later_line_is_still_watched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: list[FrameType] = []

    def counted(depth: int) -> FrameType:
        events.append(sys._getframe(depth + 1))
        return events[-1]

    monkeypatch.setattr(instruction_events, "_getframe", counted)

    def hot_then_more() -> None:
        total = 0
        for i in range(20_000):
            if i % 2:
                total += i
        before = len(events)
        after = total - before  # noqa: F841 - the assignment is the point

    found = trace(hot_then_more, max_hits=100)

    assert {"before", "after"} <= {site.variable for site in found.hits}
    assert len(events) < 500


@NEEDS_INSTRUCTION_EVENTS
def test_where_other_tools_hold_the_ids_lines_are_traced() -> None:
    for tool_id in (3, 4):
        monitoring.use_tool_id(tool_id, "another")
    try:
        assert trace(hot, max_hits=100).retired
    finally:
        for tool_id in (3, 4):
            monitoring.free_tool_id(tool_id)


@SOURCES
def test_stores_before_an_exception_are_seen_and_those_after_are_not(source: MakeSource) -> None:
    hits = {site.variable for site in trace(stores.contexts, source=source).hits}

    assert hits == {"a", "b", "c"}


@SOURCES
def test_code_that_runs_once_offers_no_sites_since_it_cannot_be_armed(source: MakeSource) -> None:
    lines = ["sizes = [k * 2 for k in range(3)]", "total = sum(j for j in sizes)", "class C:",
             "    inside = [i for i in range(2)]", "def f(n):", "    found = [m for m in range(n)]", "    return found",
             "f(2)"]  # fmt: skip
    if sys.version_info >= (3, 12):
        lines += ["def generic[T](n: T):", "    kept = n", "    return kept", "generic(1)"]
    code = compile("\n".join(lines), __file__, "exec")

    def imported() -> None:
        exec(code, {"__name__": "imported"})

    qualnames = {site.function.qualname for site in trace(imported, source=source).hits}

    assert {"f"} <= qualnames
    assert not {name for name in qualnames if name.startswith(("<", "C.")) or "<generic" in name}


def test_what_lies_before_a_loop_s_last_jump_is_still_ahead_of_it() -> None:
    body = "    while True:\n        first = f()\n        if first:\n            return\n        second = first\n"
    namespace: dict[str, Any] = {}
    exec("def endless(f):\n" + body, namespace)
    code = namespace["endless"].__code__
    last = list(dis.get_instructions(code))[-1]
    assert last.opname == "JUMP_BACKWARD"

    assert {variable for variable, _ in CodeStores(code).reachable(last.offset)} == {"first", "second"}
