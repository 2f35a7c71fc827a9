"""Trace functions, profilers and monitoring tools see the armed host do what the bare one does."""

from __future__ import annotations

import asyncio
import cProfile
import faulthandler
import pstats
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.programs import raising, stores, suspended
from tests.programs.observing import armed
from tests.programs.outcomes import outcome
from tests.programs.traced import line_events, monitoring_events, profile_events, three_ways

HELPERS: list[Callable[..., Any]] = [raising.manager, raising.Manager.__enter__, raising.Manager.__exit__]
# Each together with the functions that it is armed with. What starts an event loop is left to the last of them.
CALLS: dict[str, tuple[Callable[[], object], list[Callable[..., Any]]]] = {
    **{f.__name__: (f, [f, stores.recursion]) for f in stores.ALL if f not in (stores.coroutines, stores.threads)},
    **{f.__name__: (lambda f=f: outcome(lambda: f(5)), [f, *HELPERS]) for f in raising.ALL},  # type: ignore[misc]
    **{f.__name__: (lambda f=f: outcome(f), [f, *suspended.FUNCTIONS]) for f in suspended.GENERATORS},  # type: ignore[misc]
    "by_hand": (suspended.by_hand, [suspended.by_hand, *suspended.FUNCTIONS]),
    "sent_and_thrown": (lambda: asyncio.run(suspended.sent_and_thrown()), [suspended.sent_and_thrown, suspended.each]),
}


@pytest.mark.parametrize("name", CALLS)
def test_trace_functions_see_the_same_events(name: str) -> None:
    call, functions = CALLS[name]
    (bare, none), (idle, _), (inside, ours) = three_ways(lambda: armed(*functions), line_events, call)
    assert idle == bare
    assert inside == bare
    assert none == []
    assert any(event == "call" for event, *_ in ours), "the hooks' own frames are seen, as any function's are"
    assert not any(event == "exception" for event, *_ in ours)


@pytest.mark.parametrize("name", CALLS)
def test_profilers_see_the_same_calls(name: str) -> None:
    call, functions = CALLS[name]
    (bare, none), (idle, _), (inside, ours) = three_ways(lambda: armed(*functions), profile_events, call)
    assert idle == bare
    assert inside == bare
    assert none == []
    assert ours


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="sys.monitoring came with Python 3.12")
@pytest.mark.parametrize("name", CALLS)
def test_monitoring_tools_see_the_same_events(name: str) -> None:
    call, functions = CALLS[name]

    def codes() -> list[Any]:
        found = [getattr(function, "__wrapped__", function).__code__ for function in functions]
        for code in found:
            found += [constant for constant in code.co_consts if hasattr(constant, "co_code")]
        return found

    bare, idle, inside = three_ways(lambda: armed(*functions), lambda call: monitoring_events(call, codes), call)
    assert len(bare) > 3
    assert idle == bare
    assert inside == bare


def test_a_trace_function_may_come_and_go_inside_an_armed_function() -> None:
    told: list[tuple[str, int]] = []

    def tracer(frame: Any, event: str, _argument: Any) -> Any:
        if frame.f_globals is globals():
            told.append((event, frame.f_lineno - frame.f_code.co_firstlineno))
        return tracer

    def run() -> list[tuple[str, int]]:
        told.clear()
        switches(tracer)
        return [*told]

    bare = run()
    assert bare
    with armed(switches, steps):
        assert run() == bare


def steps(n: int) -> int:
    a = n
    b = a + 1
    return b  # noqa: RET504 - what is assigned is the point


def switches(tracer: Any) -> int:
    before = sys.gettrace()
    a = steps(1)
    sys.settrace(tracer)
    b = steps(a)
    sys.settrace(before)
    c = steps(b)
    return c  # noqa: RET504 - likewise


def test_a_tracer_that_jumps_lands_where_it_did() -> None:
    def jumped() -> Any:
        told = []

        def tracer(frame: Any, event: str, _argument: Any) -> Any:
            if frame.f_code.co_name == "steps_over" and event == "line":
                told.append(frame.f_lineno - first)
                if told == [1, 2, 3, 4]:
                    frame.f_lineno = first + 3
                elif told[4:] == [4, 5]:
                    frame.f_lineno = first + 6
            return tracer

        before = sys.gettrace()
        sys.settrace(tracer)
        try:
            return steps_over(1), told
        finally:
            sys.settrace(before)

    first = steps_over.__code__.co_firstlineno
    bare = jumped()
    assert bare[0] == (401, 20), bare
    with armed(steps_over):
        assert jumped() == bare


def steps_over(n: int) -> tuple[int, int]:
    a = n
    b = 0
    a = a + 100
    a = a + 200
    b = 10
    b = 20
    return a, b


def test_profilers_of_new_threads_see_the_same_calls() -> None:
    def call() -> None:
        worker = threading.Thread(target=stores.loops)
        worker.start()
        worker.join()

    def watch(call: Callable[[], object]) -> list[Any]:
        hosts, _ = profile_events(call, everywhere=True)
        return [event for event in hosts if event[1] == "loops"]

    bare, idle, inside = three_ways(lambda: armed(stores.loops), watch, call)
    assert [event for event, *_ in bare] == ["call", "return"]
    assert idle == bare
    assert inside == bare


def test_cprofile_counts_the_same_calls() -> None:
    def counted(call: Callable[[], object]) -> dict[Any, Any]:
        profile = cProfile.Profile()
        profile.runcall(call)
        stats: Any = pstats.Stats(profile)
        return {
            key: (primitive, total)
            for key, (primitive, total, *_) in stats.stats.items()
            if key[0] in (stores.__file__, suspended.__file__)
        }

    def call() -> None:
        stores.recursion(4)
        suspended.driven()

    functions = [stores.recursion, *suspended.FUNCTIONS]
    bare, idle, inside = three_ways(lambda: armed(*functions), counted, call)
    assert any(primitive != total for primitive, total in bare.values())
    assert idle == bare
    assert inside == bare


def test_faulthandler_writes_the_same_stack() -> None:
    def dumped() -> list[str]:
        with tempfile.TemporaryFile("w+") as file:
            dumps(file)
            file.seek(0)
            return [line for line in file if "in dumps" in line or "in dumped" in line]

    bare = dumped()
    with armed(dumps):
        assert dumped() == bare
    assert len(bare) == 2


def dumps(file: Any) -> None:
    size = 1
    faulthandler.dump_traceback(file, all_threads=False)
    size += 1
