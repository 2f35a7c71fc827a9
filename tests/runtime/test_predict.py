"""`predict_memory` around real functions, threads, tasks and files."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import os
import signal
import threading
import traceback
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import peakahead
from peakahead.models.features import readers_for
from peakahead.models.formulas import Formula, Term
from peakahead.models.model import BreakpointModel
from peakahead.models.readings import Reading
from peakahead.runtime.resident import resident_bytes
from peakahead.runtime.timing import time_hits
from tests.programs import targets
from tests.runtime.models import at_entry, model, stored, watching


@pytest.fixture
def work() -> Iterator[BreakpointModel]:
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    yield watched
    peakahead.disarm(watched)


@pytest.fixture
def loop() -> Iterator[BreakpointModel]:
    watched = watching(targets.loop, stored(targets.loop, "size", "for size"), fold="sum")
    yield watched
    peakahead.disarm(watched)


def growths(run: Any) -> list[int]:
    return [forecast.growth_bytes for forecast in run.forecasts]


def test_the_first_forecast_stands_before_anything_runs(work: BreakpointModel) -> None:
    with peakahead.predict_memory(work) as run:
        assert run.forecast.growth_bytes == 1_000
        assert run.forecast.breakpoint.is_start
        targets.work(50)
        assert run.forecast.growth_bytes == 100  # lower, but better informed
    assert growths(run) == [1_000, 100]


def test_a_forecast_says_all_in_bytes(work: BreakpointModel) -> None:
    with peakahead.predict_memory(work) as run:
        targets.work(2**29)
    forecast = run.forecast

    assert forecast.growth_bytes == 2**30
    assert forecast.upper_bytes == 2**31  # the readings lie beyond the range: twice the growth
    assert forecast.extrapolating
    assert forecast.peak_bytes == pytest.approx(resident_bytes() + 2**30, rel=0.05)
    assert forecast.upper_peak_bytes - forecast.peak_bytes == 2**30
    assert forecast.readings == {"size": float(2**30)}
    assert str(forecast.breakpoint) == "size at line 2 of work"
    assert 0 <= run.forecasts[0].elapsed_s <= forecast.elapsed_s < 60


def test_only_rises_are_told(loop: BreakpointModel) -> None:
    told: list[int] = []
    highest = watching(targets.loop, stored(targets.loop, "size", "for size"), fold="max")

    with peakahead.predict_memory(highest, on_forecast=lambda f: told.append(f.growth_bytes)) as run:
        targets.loop([5, 3, 9, 9, 1, 12])

    assert told == growths(run) == [1_000, 5, 9, 12]
    peakahead.disarm(highest)


def test_running_readings_begin_anew_with_each_invocation(loop: BreakpointModel) -> None:
    for _ in range(2):
        with peakahead.predict_memory(loop) as run:
            targets.loop([1, 2, 3])
        assert growths(run)[1:] == [1, 3, 6]


def test_a_product_of_two_parameters_speaks_when_both_are_known() -> None:
    width, height = (Reading(at_entry(targets.area, name), (), "value") for name in ("width", "height"))
    product = model(targets.area, (height.site, [width, height], Formula(7.0, (Term(2.0, (0, 1)),))))

    with peakahead.predict_memory(product) as run:
        targets.area(3, 5)

    assert growths(run) == [1_000, 37]
    assert run.forecast.readings == {"width": 3.0, "height": 5.0}
    peakahead.disarm(product)


def test_what_one_stage_reads_a_later_one_knows() -> None:
    width, height = (Reading(at_entry(targets.area, name), (), "value") for name in ("width", "height"))
    staged = model(
        targets.area,
        (width.site, [width], Formula(1.0, (Term(2.0, (0,)),))),
        (height.site, [width, height], Formula(7.0, (Term(2.0, (0, 1)),))),
    )

    with peakahead.predict_memory(staged) as run:
        targets.area(3, 5)

    assert growths(run) == [1_000, 7, 37]
    peakahead.disarm(staged)


def test_a_stage_whose_reading_never_came_stays_silent() -> None:
    missing = Reading(stored(targets.work, "size", "size = "), (), "len")  # a number has no length
    silent = model(targets.work, (missing.site, [missing], Formula(5.0, (Term(1.0, (0,)),))))

    with peakahead.predict_memory(silent) as run:
        targets.work(3)

    assert growths(run) == [1_000]
    peakahead.disarm(silent)


def test_a_later_stage_replaces_an_earlier_one_for_good() -> None:
    entry = Reading(at_entry(targets.loop, "sizes"), (), "len")
    size = Reading(stored(targets.loop, "size", "for size"), (), "value")
    total = Reading(stored(targets.loop, "total", "total += "), (), "value")
    line = Formula(0.0, (Term(1.0, (0,)),))
    staged = model(targets.loop, (entry.site, [entry], line), (size.site, [size], line), (total.site, [total], line))

    with peakahead.predict_memory(staged) as run:
        targets.loop([4, 9])

    assert [(f.stage, f.growth_bytes) for f in run.forecasts] == [(0, 1000), (1, 2), (2, 4), (3, 4), (3, 13)]
    peakahead.disarm(staged)


def test_the_limit_refuses_before_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.dat"
    path.write_text("line\n" * 1_000)
    site = stored(targets.reads, "f", "f = open")
    watched = model(targets.reads, (site, [Reading(site, (), "file_size")], Formula(0.0, (Term(1e6, (0,)),))))
    opened: list[Any] = []

    with pytest.raises(peakahead.PredictedMemoryExceeded) as caught, peakahead.predict_memory(watched, limit="2GiB"):
        targets.reads(str(path))

    error = caught.value
    assert isinstance(error, MemoryError)
    message = str(error)
    assert "\n" not in message
    for part in ("targets:reads", "limit=2.0 GiB", "f at line 2 of reads: file_size(f) = 5,000", "smaller input"):
        assert part in message
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == targets.__file__]
    assert [frame.line for frame in frames] == ["f = open(path)  # noqa: SIM115 - as in the running example"]
    held = next(f for f, _ in traceback.walk_tb(error.__traceback__) if f.f_code.co_filename == targets.__file__)
    file = held.f_locals["f"]
    assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 0  # opened, and not a byte read
    assert "lines" not in held.f_locals
    file.close()
    peakahead.disarm(watched)
    del opened


def test_what_was_refused_is_refused_again() -> None:
    size = stored(targets.work, "size", "size = ")
    pair = [Reading(at_entry(targets.area, name), (), "value") for name in ("width", "height")]
    product = model(targets.area, (pair[1].site, pair, Formula(0.0, (Term(1.0, (0, 1)),))))
    calls = [(watching(targets.work, size), targets.work, (2**39,)), (product, targets.area, (2**20, 2**20))]
    for watched, function, arguments in calls:
        with peakahead.predict_memory(watched, limit="1GiB"):
            for _ in range(3):
                with pytest.raises(peakahead.PredictedMemoryExceeded):
                    function(*arguments)
            assert function(*[1 for _ in arguments])
        peakahead.disarm(watched)


def test_a_refused_function_s_variables_are_freed_with_the_error(work: BreakpointModel) -> None:
    class Large:
        def __mul__(self, n: int) -> int:
            return n * 2**40

    large: Any = Large()
    held = weakref.ref(large)
    gc.disable()
    try:
        with contextlib.suppress(MemoryError), peakahead.predict_memory(work, limit="1GiB"):
            targets.work(large)
        del large
        assert held() is None
    finally:
        gc.enable()


def test_a_limit_that_is_not_passed_refuses_nothing(work: BreakpointModel) -> None:
    with peakahead.predict_memory(work, limit=resident_bytes() + 2**30):
        assert targets.work(100) == 201


def test_the_start_alone_refuses_only_where_nothing_better_will_come(work: BreakpointModel) -> None:
    constant = model(targets.work, start_bytes=1e6)
    with (
        pytest.raises(peakahead.PredictedMemoryExceeded, match=r"by the start of work; give"),
        peakahead.predict_memory(constant, limit=1_000),
    ):
        raise AssertionError("entered")
    peakahead.disarm(constant)


@pytest.mark.parametrize("limit", ["much", -1, 0])
def test_a_limit_that_is_no_size_is_refused_at_once(work: BreakpointModel, limit: Any) -> None:
    with pytest.raises(peakahead.InvalidOption, match="is not a size"):
        peakahead.predict_memory(work, limit=limit)
    with pytest.raises(peakahead.InvalidOption, match=r"give what peakahead\.load returns"):
        peakahead.predict_memory("model.json")  # type: ignore[arg-type]  # the mistake it is about
    with pytest.raises(peakahead.InvalidOption, match="on_error"):
        peakahead.predict_memory(work, on_error="ignore")  # type: ignore[arg-type]  # the mistake it is about


def test_what_on_forecast_raises_is_kept_from_the_function(work: BreakpointModel) -> None:
    def broken(_: peakahead.Forecast) -> None:
        raise ZeroDivisionError("mine")

    with (
        pytest.warns(RuntimeWarning, match="on_forecast raised ZeroDivisionError: mine") as caught,
        peakahead.predict_memory(work, on_forecast=broken) as run,
    ):
        assert targets.work(3) == 7
    assert len(caught) == 1
    assert [type(error) for error in run.errors] == [ZeroDivisionError, ZeroDivisionError]
    with pytest.raises(ZeroDivisionError), peakahead.predict_memory(work, on_forecast=broken, on_error="raise"):
        targets.work(3)


def test_as_a_decorator_each_call_is_an_invocation(work: BreakpointModel) -> None:
    told: list[int] = []

    @peakahead.predict_memory(work, on_forecast=lambda f: told.append(f.growth_bytes))
    def handler(n: int, *, extra: int = 0) -> int:
        """Say what it does."""
        return targets.work(n) + extra

    assert handler(1, extra=10) == 13
    assert handler(2) == 5
    assert told == [1_000, 2, 1_000, 4]
    assert (handler.__name__, handler.__doc__) == ("handler", "Say what it does.")


def test_as_a_decorator_of_a_coroutine_function() -> None:
    watched = watching(targets.coroutine, stored(targets.coroutine, "again", "again = "))
    told: list[int] = []

    @peakahead.predict_memory(watched, on_forecast=lambda f: told.append(f.growth_bytes))
    async def handler(n: int) -> int:
        return await targets.coroutine(n)

    assert asyncio.run(handler(4)) == 9
    assert told == [1_000, 9]
    peakahead.disarm(watched)


def test_an_exception_passes_as_it_would() -> None:
    watched = watching(targets.raises, stored(targets.raises, "size", "size = "))

    with pytest.raises(LookupError) as caught, peakahead.predict_memory(watched) as run:
        targets.raises(5)

    assert growths(run) == [1_000, 5]
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert frame.line == "raise LookupError(size)"
    assert caught.value.__context__ is None
    peakahead.disarm(watched)


def test_threads_do_not_mix(work: BreakpointModel) -> None:
    found: dict[int, list[int]] = {}
    ready = threading.Barrier(8)

    def run(n: int) -> None:
        with peakahead.predict_memory(work) as invocation:
            ready.wait()
            for k in range(200):
                targets.work(n * 1_000 + k)
            found[n] = growths(invocation)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for n in range(1, 9):
        assert found[n] == [1_000, *(2 * (n * 1_000 + k) for k in range(200))]


def test_tasks_do_not_mix() -> None:
    watched = watching(targets.coroutine, stored(targets.coroutine, "again", "again = "))

    async def one(n: int) -> list[int]:
        with peakahead.predict_memory(watched) as run:
            for _ in range(3):
                await targets.coroutine(n)
        return growths(run)

    async def many() -> list[list[int]]:
        return await asyncio.gather(*map(one, range(100)))

    assert asyncio.run(many()) == [[1_000, 2 * n + 1] for n in range(100)]
    peakahead.disarm(watched)


def test_a_thread_started_inside_belongs_to_the_sole_invocation(work: BreakpointModel) -> None:
    with peakahead.predict_memory(work) as run:
        targets.in_a_thread(5)
    assert growths(run) == [1_000, 10]


def test_what_is_hit_in_a_nested_invocation_counts_for_those_around_it(work: BreakpointModel) -> None:
    with peakahead.predict_memory(work) as outside:
        targets.work(1)
        with peakahead.predict_memory(work) as inside:
            targets.work(2)
        targets.work(3)

    assert growths(outside) == [1_000, 2, 4, 6]  # as in training, where it was one invocation
    assert growths(inside) == [1_000, 4]


def test_hits_outside_any_invocation_and_after_it_say_nothing(work: BreakpointModel) -> None:
    with peakahead.predict_memory(work) as run:
        context = contextvars.copy_context()
    context.run(targets.work, 5)
    targets.work(6)

    assert growths(run) == [1_000]


def test_disarming_inside_an_invocation_ends_well(work: BreakpointModel) -> None:
    original = targets.work.__code__
    with peakahead.predict_memory(work) as run:
        peakahead.disarm(work)
        targets.work(5)
    assert growths(run) == [1_000]
    assert targets.work.__code__ is original or peakahead.arm(work)


class Interrupted(BaseException):
    pass


def test_what_a_signal_handler_raises_inside_a_hook_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    read = readers_for(int).quick["value"]

    def interrupted(value: Any) -> Any:
        signal.raise_signal(signal.SIGUSR1)
        return read(value)

    def handler(_signal: int, _frame: Any) -> None:
        raise Interrupted

    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    monkeypatch.setitem(readers_for(int).quick, "value", interrupted)
    before = signal.signal(signal.SIGUSR1, handler)
    passed = 0
    try:
        for n in range(200):
            try:
                with peakahead.predict_memory(watched):
                    targets.work(n)
            except Interrupted:
                passed += 1
    finally:
        signal.signal(signal.SIGUSR1, before)
        peakahead.disarm(watched)

    assert passed == 200


def test_what_a_hit_costs_is_measured_on_the_real_value(work: BreakpointModel) -> None:
    peakahead.arm(work)

    (cost,) = time_hits(work, lambda: [targets.work(n) for n in range(7)])

    assert str(cost.site) == "size at line 2 of work"
    assert cost.hits == 7
    assert cost.seconds > 0
