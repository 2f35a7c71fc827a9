"""The tracer against a naive one, which follows every instruction and knows nothing of lines."""

from __future__ import annotations

import dis
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from peakahead.models.features import Value
from tests.learner.scripted import ScriptedMeter, hit_readings, own_readings, trace
from tests.programs import stores

Hit = tuple[str, int, str, dict[str, Value]]  # function, line, variable, readings


def deleting(store: str) -> str:
    return store.replace("STORE", "DELETE")


def naive(function: Callable[[], object]) -> list[Hit]:
    """Return every store of a variable, in order, by following each instruction."""
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
                return [(n, line) for n in names if n not in cleared]
        return []

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


def traced(function: Callable[[], object]) -> list[Hit]:
    rows = []
    for site, hits in trace(function).hits.items():
        if not site.entry:
            for index, order in enumerate(hits.order):
                readings = hit_readings(hits, index)
                rows.append((int(order), (site.function.qualname, site.line, site.variable, readings)))
    return [hit for _, hit in sorted(rows, key=lambda row: row[0])]


@pytest.mark.parametrize("function", stores.ALL, ids=lambda function: function.__name__)
def test_every_store_is_seen_once_and_in_order(function: Callable[[], object]) -> None:
    assert traced(function) == naive(function)


def test_parameters_are_read_at_entry() -> None:
    hits = trace(stores.methods).hits
    entries = {(s.function.qualname, s.variable): h for s, h in hits.items() if s.entry}

    assert entries["Box.fill", "factor"].columns[(), "value"].tolist() == [4.0]
    assert entries["Box.fill", "extra"].columns[(), "len"].tolist() == [2.0]
    assert entries["Box.fill", "named"].columns[(), "len"].tolist() == [1.0]
    (size,) = (values for (path, _), values in entries["Box.fill", "self"].columns.items() if path)
    assert size.tolist() == [3.0]


def test_only_the_outermost_call_of_a_recursion_is_an_entry() -> None:
    found = trace(stores.recursion)

    (entry,) = (hits for site, hits in found.hits.items() if site.entry and site.variable == "n")
    assert entry.columns[(), "value"].tolist() == [4.0]
    assert {reference.qualname for reference in found.recursive} == {"recursion"}


def test_a_resumed_generator_is_not_entered_again() -> None:
    (entry,) = (hits for site, hits in trace(stores.generators).hits.items() if site.entry)

    assert entry.columns[(), "value"].tolist() == [3.0]


def test_a_hit_carries_the_growth_at_its_moment() -> None:
    meter = ScriptedMeter()

    def work() -> int:
        first = 1
        meter.level = 500
        second = 2
        return first + second

    hits = {site.variable: hits for site, hits in trace(work, meter).hits.items()}

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


def test_a_hot_line_is_retired_and_what_comes_after_is_not() -> None:
    found = trace(hot, max_hits=100)

    lines = {site.line: site for site in found.retired}
    assert sorted(lines) == [2, 3]
    assert {site.variable: len(hits.order) for site, hits in found.hits.items() if site.line > 3} == {
        "j": 5,
        "total": 5,
        "after": 1,
    }


def only_hot(n: int = 50_000) -> int:
    total = 0
    for i in range(n):
        total += i
    return total


def test_line_events_end_when_a_frame_can_come_to_no_more_sites() -> None:
    frames: list[bool] = []

    def hot_to_its_end() -> None:
        total = 0
        for i in range(20_000):
            total += i
        frames.append(sys._getframe().f_trace_lines)

    found = trace(hot_to_its_end, max_hits=100)

    assert {site.variable for site in found.retired} == {"i", "total"}
    assert frames == [False]


def test_stores_before_an_exception_are_seen_and_those_after_are_not() -> None:
    hits = {site.variable for site in trace(stores.contexts).hits}

    assert hits == {"a", "b", "c"}
