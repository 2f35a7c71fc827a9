"""The measured peak of an invocation against the kernel's account of a process, and what it says where several run."""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import mmap
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from peakahead.models.high_water import reset_high_water
from peakahead.runtime.measuring import Measurement

# Python warns of forks in processes with threads, which is what some of these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

MIB = 2**20
NOISE = 2 * MIB


def spend(size: int) -> None:
    """Take memory, all of it resident, and give it back to the system."""
    with mmap.mmap(-1, size) as held:
        for page in range(0, size, mmap.PAGESIZE):
            held[page] = 1


def in_child(call: Callable[[], Any]) -> tuple[Any, int]:
    """Run a call in a forked child; return what it gives, and the child's highest resident size as `wait4` tells it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            told: Any = call()
        except BaseException as error:
            told = f"raised {error!r}"
        os.write(writing, pickle.dumps(told))
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = pickle.loads(pipe.read())
    _, status, usage = os.wait4(child, 0)
    assert status == 0
    assert not str(told).startswith("raised"), told
    return told, usage.ru_maxrss * 1024


@pytest.mark.parametrize("size", [0, 40 * MIB, 200 * MIB])
def test_the_peak_is_what_the_kernel_accounts_for(size: int) -> None:
    def child() -> int | None:
        measurement = Measurement()
        if size:
            spend(size)
        return measurement.end()

    measured, accounted = in_child(child)

    assert measured == pytest.approx(accounted, abs=NOISE)


def test_what_was_before_doesnt_count() -> None:
    def child() -> tuple[int | None, int | None]:
        spend(150 * MIB)
        first = Measurement()
        spend(20 * MIB)
        peak = first.end()
        second = Measurement()
        return peak, second.end()

    (first, second), accounted = in_child(child)

    assert second == pytest.approx(accounted, abs=NOISE)  # the second set the mark back for the kernel, too
    assert first - second == pytest.approx(20 * MIB, abs=NOISE)


def test_one_inside_of_another_is_a_part_of_it() -> None:
    outer = Measurement()
    spend(60 * MIB)
    inner = Measurement()  # sets the mark back, and the outer's 60 MiB are known all the same
    spend(20 * MIB)
    innermost = Measurement()
    peaks = [one.end() for one in (innermost, inner, outer)]

    assert [one.is_overlapped for one in (innermost, inner, outer)] == [True, True, False]
    assert None not in peaks
    rises = [later - earlier for earlier, later in itertools.pairwise(peaks)]  # type: ignore[operator]
    assert rises == pytest.approx([20 * MIB, 40 * MIB], abs=NOISE)


def test_one_that_an_inner_one_outgrows_has_its_peak() -> None:
    outer = Measurement()
    inner = Measurement()
    spend(50 * MIB)
    assert inner.end() == outer.end()


def test_one_after_the_other_overlap_nothing() -> None:
    def one() -> Measurement:
        measurement = Measurement()
        measurement.end()
        return measurement

    assert not any(one().is_overlapped for _ in range(3))


def test_threads_at_once_all_overlap() -> None:
    barrier = threading.Barrier(3)
    found: list[Measurement] = []

    def work() -> None:
        measurement = Measurement()
        barrier.wait()
        measurement.end()
        found.append(measurement)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [one.is_overlapped for one in found] == [True] * 3


def test_tasks_at_once_all_overlap_and_are_parts_of_what_started_them() -> None:
    async def work() -> Measurement:
        measurement = Measurement()
        await asyncio.sleep(0.01)
        measurement.end()
        return measurement

    async def start() -> tuple[Measurement, list[Measurement]]:
        outer = Measurement()
        found = await asyncio.gather(work(), work(), asyncio.to_thread(lambda: asyncio.run(work())))
        outer.end()
        return outer, list(found)

    outer, found = asyncio.run(start())

    assert [one.is_overlapped for one in found] == [True] * 3
    assert not outer.is_overlapped
    assert not asyncio.run(work()).is_overlapped


def test_what_a_generator_is_paused_for_is_no_part_of_it() -> None:
    def pieces(measurement: Measurement) -> Iterator[None]:
        inside = Measurement()
        inside.end()
        assert inside.is_overlapped
        assert not measurement.is_overlapped
        measurement.pause()
        yield
        measurement.resume()
        measurement.end()

    generator = Measurement()
    running = pieces(generator)
    next(running)
    callers = Measurement()
    callers.end()
    list(running)

    assert generator.is_overlapped
    assert callers.is_overlapped


def test_one_that_began_in_a_paused_ones_piece_and_goes_on_ties_no_knot() -> None:
    generator = Measurement()
    inside = Measurement()
    generator.pause()  # the one inside is still under way
    generator.resume()
    last = Measurement()
    for one in (last, inside, generator):
        one.end()
    assert [one.is_overlapped for one in (last, inside, generator)] == [True, True, False]


def test_a_forked_child_measures_itself_alone() -> None:
    outer = Measurement()
    Measurement().end()

    def child() -> tuple[bool, int | None, int | None]:
        own = Measurement()
        spend(30 * MIB)
        return own.is_overlapped, own.end(), outer.end()

    (is_overlapped, peak, of_parents), accounted = in_child(child)

    assert not is_overlapped
    assert peak == pytest.approx(accounted, abs=NOISE)
    assert of_parents is None  # it began in another process, whose mark this one hasn't
    assert outer.end() is not None
    assert not outer.is_overlapped


def test_where_the_mark_cant_be_set_back_only_what_rises_above_it_is_known() -> None:
    def child() -> tuple[bool, int | None, int | None, int | None]:
        if os.getuid() == 0:  # whom no file is closed to
            os.setgid(65534)
            os.setuid(65534)
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: the files of /proc that tell of us are root's now
        can_reset = reset_high_water()
        spend(100 * MIB)
        lower = Measurement()
        spend(40 * MIB)
        within = lower.end()
        higher = Measurement()
        spend(140 * MIB)
        inner = Measurement()
        return can_reset, within, inner.end(), higher.end()

    (can_reset, within, inner, above), accounted = in_child(child)

    assert not can_reset
    assert within is None
    assert inner is None
    assert above == pytest.approx(accounted, abs=NOISE)
