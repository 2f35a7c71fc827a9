"""Generators, coroutines and asynchronous generators keep all of their protocol when they are armed."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from tests.programs import suspended
from tests.programs.observing import armed
from tests.programs.outcomes import same_outcome


@pytest.mark.parametrize("function", [*suspended.GENERATORS, *suspended.BY_HAND], ids=lambda f: f.__name__)
def test_generators_and_coroutines_driven_by_hand(function: Callable[[], Any]) -> None:
    same_outcome(function, function, *suspended.FUNCTIONS)


@pytest.mark.parametrize("function", suspended.COROUTINES, ids=lambda function: function.__name__)
def test_coroutines_in_an_event_loop(function: Callable[[], Any]) -> None:
    def run() -> Any:
        return asyncio.run(function())

    same_outcome(run, function, *suspended.FUNCTIONS)


@pytest.mark.parametrize("function", suspended.COROUTINES, ids=lambda function: function.__name__)
def test_coroutines_in_an_event_loop_that_is_being_debugged(function: Callable[[], Any]) -> None:
    def run() -> Any:
        return asyncio.run(function(), debug=True)

    same_outcome(run, function, *suspended.FUNCTIONS)


def test_a_generator_begun_before_arming_and_one_begun_before_disarming_go_on() -> None:
    bare = list(suspended.counts(5))
    early = suspended.counts(5)
    told = [next(early), next(early)]
    with armed(suspended.counts):
        late = suspended.counts(5)
        told_late = [next(late), next(late)]
        told += [next(early)]
    assert [*told, *early] == bare
    assert [*told_late, *late] == bare


def test_coroutines_wait_across_arming_and_disarming() -> None:
    async def across() -> list[int]:
        early = asyncio.ensure_future(suspended.doubled(3))
        await asyncio.sleep(0)
        with armed(suspended.doubled):
            late = asyncio.ensure_future(suspended.doubled(4))
            await asyncio.sleep(0)
        return [await early, await late]

    assert asyncio.run(across()) == [6, 8]


def test_what_kind_of_function_it_is_stays_known() -> None:
    kinds = [
        inspect.isgeneratorfunction,
        inspect.iscoroutinefunction,
        inspect.isasyncgenfunction,
        inspect.isfunction,
        inspect.isroutine,
    ]

    def told() -> list[list[bool]]:
        return [[kind(function) for kind in kinds] for function in suspended.FUNCTIONS]

    bare = told()
    with armed(*suspended.FUNCTIONS):
        assert told() == bare
    assert any(row[0] for row in bare)
    assert any(row[1] for row in bare)
    assert any(row[2] for row in bare)


def test_nothing_is_left_over_for_the_garbage_collector() -> None:
    def left_over() -> int:
        for _ in range(3):
            suspended.driven()
            suspended.closed()
            asyncio.run(suspended.sent_and_thrown())
        return 0

    left_over()
    gc.collect()
    with armed(*suspended.FUNCTIONS):
        left_over()
        gc.collect()
        before = len([item for item in gc.get_objects() if inspect.isgenerator(item) or inspect.iscoroutine(item)])
        left_over()
        gc.collect()
        after = len([item for item in gc.get_objects() if inspect.isgenerator(item) or inspect.iscoroutine(item)])
    assert after == before
