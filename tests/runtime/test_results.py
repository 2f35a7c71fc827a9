"""What is told of each invocation when it has ended: to a callback, to a log, and as `run.result`."""

from __future__ import annotations

import asyncio
import functools
import mmap
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import peakahead
from peakahead.models.model import BreakpointModel
from peakahead.models.result import Result
from tests.programs import targets
from tests.runtime.models import at_entry, stored, watching
from tests.runtime.test_result_file import all_of, in_child, read

MIB = 2**20


def touch(size: int) -> int:
    with mmap.mmap(-1, size) as held:
        for page in range(0, size, mmap.PAGESIZE):
            held[page] = 1
    return size


@pytest.fixture
def work() -> Iterator[BreakpointModel]:
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    peakahead.arm(watched, strict=True)
    yield watched
    peakahead.disarm(watched)


@pytest.fixture
def raises() -> Iterator[BreakpointModel]:
    watched = watching(targets.raises, stored(targets.raises, "size", "size = "))
    yield watched
    peakahead.disarm(watched)


def test_it_is_the_forecast_that_stood_beside_what_was_measured(work: BreakpointModel, tmp_path: Path) -> None:
    told: list[Result] = []
    before = time.time()

    with peakahead.predict_memory(work, on_result=told.append, results=tmp_path) as run:
        assert run.result is None
        targets.work(50)
        touch(50 * MIB)

    (result,) = told
    assert run.result is result
    assert all_of(tmp_path) == [result]
    forecast = run.forecast
    assert result.function == "tests.programs.targets:work"
    for field in ("growth_bytes", "upper_bytes", "peak_bytes", "upper_peak_bytes", "readings", "extrapolating"):
        assert getattr(result, field) == getattr(forecast, field)
    assert (result.growth_bytes, result.readings, result.stage) == (100, {"size": 100.0}, 1)
    assert result.breakpoint == str(forecast.breakpoint) == "size at line 2 of work"
    assert result.forecast_s == forecast.elapsed_s <= result.duration_s
    assert (result.coverage, result.error) == (0.95, 0.01)
    assert (result.overlapped, result.failed, result.error_count, result.armed) == (False, "", 0, True)
    assert before <= result.ended_at <= time.time()
    assert result.measured_peak_bytes is not None
    assert result.measured_peak_bytes - result.entry_bytes == pytest.approx(50 * MIB, abs=2 * MIB)
    assert result.measured_growth_bytes == max(0, result.measured_peak_bytes - result.baseline_bytes)


def test_a_warm_process_tells_what_it_held_at_entry(work: BreakpointModel) -> None:
    told: list[Result] = []
    function = peakahead.predict_memory(work, on_result=told.append)(targets.work)
    function(1)
    with mmap.mmap(-1, 40 * MIB) as held:
        for page in range(0, len(held), mmap.PAGESIZE):
            held[page] = 1
        function(1)

    cold, warm = told
    assert warm.entry_bytes - cold.entry_bytes == pytest.approx(40 * MIB, abs=2 * MIB)
    assert warm.baseline_bytes == cold.baseline_bytes


def test_the_digest_tells_models_apart() -> None:
    found: list[str] = []
    models = [
        watching(targets.work, stored(targets.work, "size", "size = "), fold=fold) for fold in ("last", "max", "last")
    ]
    for model in models:
        with peakahead.predict_memory(model, on_result=lambda result: found.append(result.model)):
            targets.work(1)
        peakahead.disarm(model)

    assert found[0] == found[2] != found[1]


def test_nothing_is_measured_where_nobody_asks(work: BreakpointModel) -> None:
    script = (
        "import sys, peakahead\n"
        "from tests.programs import targets\n"
        "from tests.runtime.models import stored, watching\n"
        "model = watching(targets.work, stored(targets.work, 'size', 'size = '))\n"
        "with peakahead.predict_memory(model) as run:\n    targets.work(1)\n"
        "assert run.result is None\n"
        "print(*[name for name in sys.modules if name.startswith('peakahead.runtime.')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in done.stdout.split()}
    assert "invocation" in loaded
    assert not {"results", "result_file", "measuring"} & loaded


def plain(n: int) -> int:
    return targets.work(n)


async def coroutine(n: int) -> int:
    await asyncio.sleep(0)
    return targets.work(n)


def generator(n: int) -> Iterator[int]:
    for k in range(3):
        yield targets.work(n) + k


async def asynchronous_generator(n: int) -> AsyncIterator[int]:
    for k in range(3):
        yield targets.work(n) + k


async def gathered(items: AsyncIterator[int]) -> list[int]:
    return [item async for item in items]


@pytest.mark.parametrize(
    ("function", "call", "expected"),
    [
        (plain, lambda f: f(50), 101),
        (functools.partial(plain, 50), lambda f: f(), 101),
        (coroutine, lambda f: asyncio.run(f(50)), 101),
        (generator, lambda f: list(f(50)), [101, 102, 103]),
        (asynchronous_generator, lambda f: asyncio.run(gathered(f(50))), [101, 102, 103]),
    ],
    ids=["function", "partial", "coroutine", "generator", "async generator"],
)
def test_each_kind_of_function_has_one_result_a_run(
    work: BreakpointModel, function: Any, call: Callable[[Any], Any], expected: Any, tmp_path: Path
) -> None:
    told: list[Result] = []
    wrapped = peakahead.predict_memory(work, on_result=told.append, results=tmp_path)(function)

    for runs in (1, 2):
        assert call(wrapped) == expected
        assert [result.growth_bytes for result in told] == [100] * runs
    assert sorted(all_of(tmp_path), key=lambda result: result.ended_at) == told
    assert not any(result.failed or result.overlapped for result in told)


def test_what_runs_between_the_pieces_of_a_generator_overlaps_it(work: BreakpointModel) -> None:
    told: list[Result] = []
    watch = peakahead.predict_memory(work, on_result=told.append)
    for _ in watch(generator)(50):
        watch(plain)(1)

    assert [result.overlapped for result in told] == [True] * 4


def test_a_generator_that_is_closed_tells_so(work: BreakpointModel) -> None:
    told: list[Result] = []
    items = peakahead.predict_memory(work, on_result=told.append)(generator)(50)
    next(items)
    assert told == []
    items.close()  # type: ignore[attr-defined]  # it is one

    assert [result.failed for result in told] == ["GeneratorExit"]


def test_failed_names_the_class_of_what_ended_it(raises: BreakpointModel, tmp_path: Path) -> None:
    told: list[Result] = []
    watch = peakahead.predict_memory(raises, on_result=told.append, results=tmp_path)

    with pytest.raises(LookupError), watch as run:
        targets.raises(5)
    with pytest.raises(LookupError):
        watch(targets.raises)(6)
    with pytest.raises(SystemExit), watch:
        sys.exit(3)

    assert [result.failed for result in told] == ["LookupError", "LookupError", "SystemExit"]
    assert all_of(tmp_path) == told
    assert run.result is told[0]


def test_a_refused_invocation_is_told_of(work: BreakpointModel) -> None:
    told: list[Result] = []
    with pytest.raises(peakahead.PredictedMemoryExceeded):
        peakahead.predict_memory(work, limit="1GiB", on_result=told.append)(targets.work)(2**40)
    assert [result.failed for result in told] == ["PredictedMemoryExceeded"]


def broken(result: Result) -> None:
    raise KeyError(result.function)


def test_what_on_result_raises_is_kept_from_the_function(work: BreakpointModel, tmp_path: Path) -> None:
    with (
        pytest.warns(RuntimeWarning, match="on_result raised KeyError") as warned,
        peakahead.predict_memory(work, on_result=broken, results=tmp_path) as run,
    ):
        assert targets.work(5) == 11
    assert len(warned) == 1
    assert [type(error) for error in run.errors] == [KeyError]
    assert run.error_count == 1
    assert len(all_of(tmp_path)) == 1
    assert peakahead.predict_memory(work, on_result=broken)(targets.work)(5) == 11  # told of once


def test_it_is_let_through_where_it_is_asked_for(work: BreakpointModel, raises: BreakpointModel) -> None:
    with pytest.raises(KeyError, match="targets:work"):
        peakahead.predict_memory(work, on_result=broken, on_error="raise")(targets.work)(5)
    with pytest.raises(KeyError) as caught:
        peakahead.predict_memory(raises, on_result=broken, on_error="raise")(targets.raises)(5)
    assert isinstance(caught.value.__context__, LookupError)

    with peakahead.predict_memory(work) as run:  # and all is as it was
        targets.work(5)
    assert run.forecast.growth_bytes == 10


def test_what_on_result_calls_is_nobodys(work: BreakpointModel) -> None:
    told: list[Result] = []

    def calls_it(result: Result) -> None:
        told.append(result)
        targets.work(10_000)

    with peakahead.predict_memory(work, on_result=calls_it) as run:
        targets.work(5)
    assert [result.growth_bytes for result in told] == [10]
    assert run.forecast.growth_bytes == 10


def test_one_inside_of_another_is_told_from_it(work: BreakpointModel, raises: BreakpointModel) -> None:
    told: list[Result] = []
    with peakahead.predict_memory(work, on_result=told.append):
        touch(30 * MIB)
        with peakahead.predict_memory(raises, on_result=told.append):
            touch(10 * MIB)

    inner, outer = told
    assert (inner.overlapped, outer.overlapped) == (True, False)
    assert inner.measured_peak_bytes is not None
    assert outer.measured_peak_bytes is not None
    assert outer.measured_peak_bytes - inner.measured_peak_bytes == pytest.approx(20 * MIB, abs=2 * MIB)


def test_a_full_disk_costs_the_line_and_nothing_else(work: BreakpointModel, tmp_path: Path) -> None:
    def child() -> None:
        wrapper = peakahead.predict_memory(work, results=tmp_path)
        with wrapper:
            targets.work(5)
        (file,) = tmp_path.iterdir()
        length = file.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (length + 100, resource.RLIM_INFINITY))
        with pytest.warns(RuntimeWarning, match="the log of results raised OSError"), wrapper as run:
            assert targets.work(6) == 13
        assert run.error_count == 1
        assert isinstance(run.errors[0], OSError)
        assert run.result is not None
        assert file.stat().st_size == length
        with wrapper as run:  # told of once, and counted each time
            assert targets.work(6) == 13
        assert run.error_count == 1

    in_child(child)
    assert [result.growth_bytes for result in all_of(tmp_path)] == [10]


def test_a_function_that_cant_be_armed_is_told_as_such(tmp_path: Path) -> None:
    stale = watching(targets.work, stored(targets.work, "size", "size = "), code=targets.area.__code__)
    told: list[Result] = []
    with (
        pytest.warns(peakahead.StaleCodeWarning),
        peakahead.predict_memory(stale, on_result=told.append),
    ):
        targets.work(5)
    peakahead.disarm(stale)

    assert [(result.armed, result.stage, result.growth_bytes) for result in told] == [(False, 0, 1_000)]


def test_an_invocation_that_a_forked_child_ends_has_its_own_line_and_no_peak(
    work: BreakpointModel, tmp_path: Path
) -> None:
    wrapper = peakahead.predict_memory(work, results=tmp_path)
    with wrapper:
        targets.work(5)
    child = 0
    with wrapper:
        targets.work(6)
        child = os.fork()
    if child == 0:
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    told = [[(r.growth_bytes, r.measured_peak_bytes is None) for r in read(path)] for path in tmp_path.iterdir()]
    assert sorted(told) == [[(10, False), (12, False)], [(12, True)]]


def test_a_reading_of_text_stays_out_of_the_file(tmp_path: Path) -> None:
    text = watching(targets.reads, at_entry(targets.reads, "path"), feature="file_size")
    (tmp_path / "a secret name").write_text("one\ntwo\n")
    with peakahead.predict_memory(text, results=tmp_path / "log"):
        targets.reads(str(tmp_path / "a secret name"))
    peakahead.disarm(text)

    (file,) = (tmp_path / "log").iterdir()
    assert "secret" not in file.read_text()
    (result,) = all_of(tmp_path / "log")
    assert result.readings == {"file_size(path)": 8.0}
