"""One armed function in many threads, tasks and nested invocations: nothing leaks, nothing is lost."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import peakahead
from peakahead.models.model import BreakpointModel
from peakahead.runtime.arming import armed_state
from peakahead.runtime.invocation import MAX_ERRORS, MAX_FORECASTS
from peakahead.runtime.resident import resident_bytes
from tests.programs import targets
from tests.runtime.models import stored, watching

THREADS, ROUNDS, TASKS = 32, 50, 1_000


@pytest.fixture
def work() -> Iterator[BreakpointModel]:
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    yield watched
    state = armed_state(watched)
    peakahead.disarm(watched)
    assert not state.active


@pytest.fixture
def coroutine() -> Iterator[BreakpointModel]:
    watched = watching(targets.coroutine, stored(targets.coroutine, "again", "again = "))
    yield watched
    state = armed_state(watched)
    peakahead.disarm(watched)
    assert not state.active


def growths(run: Any) -> list[int]:
    return [forecast.growth_bytes for forecast in run.forecasts]


def test_threads_and_tasks_at_once_each_have_their_own(coroutine: BreakpointModel) -> None:
    found: dict[tuple[int, int], list[int]] = {}

    async def one(thread: int, task: int) -> None:
        with peakahead.predict_memory(coroutine) as run:
            for k in range(3):
                await targets.coroutine(thread * 10_000 + task * 10 + k)
        found[thread, task] = growths(run)

    async def many(thread: int) -> None:
        await asyncio.gather(*(one(thread, task) for task in range(TASKS // THREADS + 1)))

    ready = threading.Barrier(THREADS)

    def run_loop(thread: int) -> None:
        ready.wait()
        asyncio.run(many(thread))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run_loop, range(THREADS)))

    assert len(found) >= TASKS
    for (thread, task), said in found.items():
        assert said == [1_000, *(2 * (thread * 10_000 + task * 10 + k) + 1 for k in range(3))]


def test_a_thousand_tasks_of_one_loop(coroutine: BreakpointModel) -> None:
    @peakahead.predict_memory(
        coroutine, on_forecast=lambda forecast: told.setdefault(number.get(), []).append(forecast)
    )
    async def handler(n: int) -> int:
        number.set(n)
        return await targets.coroutine(n) + await targets.coroutine(n + 1)

    told: dict[int, list[Any]] = {}
    number = contextvars.ContextVar("number", default=-1)

    async def many() -> list[int]:
        return await asyncio.gather(*map(handler, range(TASKS)))

    assert asyncio.run(many()) == [4 * n + 4 for n in range(TASKS)]
    assert len(told.pop(-1)) == TASKS  # the first forecasts, before the handlers' first line
    assert {n: [f.growth_bytes for f in said] for n, said in told.items()} == {
        n: [2 * n + 1, 2 * n + 3] for n in range(TASKS)
    }


def test_a_recursive_wrapped_function_is_nested_invocations(work: BreakpointModel) -> None:
    told: list[int] = []

    @peakahead.predict_memory(work, on_forecast=lambda forecast: told.append(forecast.growth_bytes))
    def down(n: int) -> int:
        return down(n - 1) + targets.work(n) if n else 0

    assert down(3) == 3 + 5 + 7
    # Each of the three speaks first of itself; then a hit counts for the innermost, and for those around it.
    assert told == [1_000] * 4 + [2, 2, 2] + [4, 4] + [6]


def test_the_depth_of_a_recursion_is_the_hook_s_own(work: BreakpointModel) -> None:
    def deepest(function: Any) -> int:
        depth = 0

        def down() -> None:
            nonlocal depth
            function(1)
            depth += 1
            down()

        with pytest.raises(RecursionError):
            down()
        return depth

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        bare = deepest(targets.work)
        with peakahead.predict_memory(work) as run:
            armed = deepest(targets.work)
    finally:
        sys.setrecursionlimit(limit)
    assert 0 <= bare - armed <= 1
    assert growths(run) == [1_000, 2]


def test_an_outer_invocation_hears_what_an_inner_one_of_the_same_function_hears(work: BreakpointModel) -> None:
    @peakahead.predict_memory(work)
    def handler(n: int) -> int:
        return targets.work(n)

    with peakahead.predict_memory(work) as outer:
        handler(5)
    assert growths(outer) == [1_000, 10]


def test_threads_started_inside_count_for_the_innermost_under_way(work: BreakpointModel) -> None:
    with peakahead.predict_memory(work) as outer, peakahead.predict_memory(work) as inner:
        targets.in_a_thread(5)
    assert growths(outer) == growths(inner) == [1_000, 10]


def test_a_thread_that_could_be_of_several_counts_for_none(work: BreakpointModel) -> None:
    inside, done = threading.Barrier(2), threading.Barrier(2)
    found = []

    def other() -> None:
        with peakahead.predict_memory(work) as run:
            inside.wait()
            done.wait()
        found.append(growths(run))

    thread = threading.Thread(target=other)
    thread.start()
    with peakahead.predict_memory(work) as run:
        inside.wait()
        targets.in_a_thread(5)
        done.wait()
    thread.join()
    assert found == [[1_000]]
    assert growths(run) == [1_000]


def test_what_asyncio_runs_in_a_thread_is_in_its_starter_s_invocation(work: BreakpointModel) -> None:
    async def one(n: int) -> list[int]:
        with peakahead.predict_memory(work) as run:
            await asyncio.to_thread(targets.work, n)
        return growths(run)

    async def many() -> list[list[int]]:
        return await asyncio.gather(*map(one, range(20)))

    assert asyncio.run(many()) == [[1_000, 2 * n] for n in range(20)]


def test_what_on_forecast_runs_is_nobody_s(work: BreakpointModel) -> None:
    told: list[int] = []

    def again(forecast: peakahead.Forecast) -> None:
        told.append(forecast.growth_bytes)
        targets.work(1_000_000)  # would rise again and again
        with peakahead.predict_memory(work) as own:
            targets.work(7)
        assert growths(own) == [1_000, 14]

    with peakahead.predict_memory(work, on_forecast=again) as run:
        targets.work(3)
        targets.in_a_thread(4)

    assert not run.errors
    assert told == growths(run) == [1_000, 6, 8]


def test_blocks_left_out_of_order_or_elsewhere_leave_nothing_behind(work: BreakpointModel) -> None:
    wrapper = peakahead.predict_memory(work)
    first, second = peakahead.predict_memory(work), peakahead.predict_memory(work)
    one, other = first.__enter__(), second.__enter__()
    first.__exit__(None, None, None)
    targets.work(4)
    second.__exit__(None, None, None)
    targets.work(5)
    assert (growths(one), growths(other)) == ([1_000], [1_000, 8])

    run = contextvars.Context().run(wrapper.__enter__)
    contextvars.Context().run(wrapper.__exit__, None, None, None)
    wrapper.__exit__(None, None, None)  # one too many
    targets.work(6)
    assert growths(run) == [1_000]


def test_arming_and_disarming_while_threads_run_the_function(work: BreakpointModel) -> None:
    ended = threading.Event()
    wrong: list[int] = []

    def run_on() -> None:
        n = 0
        while not ended.is_set():
            n += 1
            if targets.work(n) != 2 * n + 1:
                wrong.append(n)

    threads = [threading.Thread(target=run_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    for k in range(100):
        assert peakahead.arm(work, strict=True)
        with peakahead.predict_memory(work) as run:
            targets.work(2**40 + k)
        assert 2 * (2**40 + k) in growths(run)
        peakahead.disarm(work)
    ended.set()
    for thread in threads:
        thread.join()
    assert not wrong


def grown_by(run: Callable[[], object]) -> int:
    gc.collect()
    before = resident_bytes()
    run()
    gc.collect()
    return resident_bytes() - before


def test_ten_million_hits_leave_nothing_behind() -> None:
    watched = watching(targets.loop, stored(targets.loop, "size", "for size"), fold="max")

    def hit(n: int) -> None:
        with peakahead.predict_memory(watched) as run:
            targets.loop(itertools.repeat(7, n))
        assert growths(run) == [1_000, 7]

    hit(10_000)
    assert grown_by(lambda: hit(10_000_000)) < 2**19
    peakahead.disarm(watched)


def test_forecasts_that_rise_without_end_are_thinned() -> None:
    watched = watching(targets.loop, stored(targets.loop, "total", "total += "), fold="sum")

    def rise(n: int) -> Any:
        with peakahead.predict_memory(watched) as run:
            targets.loop(range(n))
        return run

    run = rise(5_000)
    assert len(run.forecasts) <= MAX_FORECASTS
    assert run.forecasts[0].growth_bytes == 1_000
    assert run.forecast.growth_bytes == sum(k * (k + 1) // 2 for k in range(5_000))
    elapsed = [forecast.elapsed_s for forecast in run.forecasts]
    assert elapsed == sorted(elapsed)
    assert grown_by(lambda: rise(50_000)) < 2**19
    peakahead.disarm(watched)


def test_errors_without_end_are_counted_and_the_first_hundred_kept(work: BreakpointModel) -> None:
    class Large:
        pass

    def broken(_: peakahead.Forecast) -> None:
        raise ZeroDivisionError("mine") from KeyError("cause")

    def run_it(n: int) -> Any:
        with peakahead.predict_memory(work, on_forecast=broken) as run:
            for k in range(n):
                targets.work(k)
        return run

    with pytest.warns(RuntimeWarning, match="on_forecast raised ZeroDivisionError: mine") as caught:
        run, another = run_it(500), run_it(1)
    assert len(caught) == 1  # once for a model
    assert (run.error_count, len(run.errors)) == (501, MAX_ERRORS)
    assert (another.error_count, len(another.errors)) == (2, 2)
    error = run.errors[-1]
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)
    (note,) = error.__notes__
    assert "test_concurrency.py, and kept from the function" in note
