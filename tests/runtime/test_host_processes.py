"""Armed functions in child processes: forked, spawned, from a pool, and forked at a bad moment."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import peakahead
from peakahead.runtime import arming
from peakahead.runtime.resident import resident_bytes
from tests.programs import targets
from tests.programs.observing import armed, run_both
from tests.runtime.models import stored, watching

# Python warns of forks in processes with threads, which is what some of these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


def in_child(call: Callable[[], object], timeout_s: int = 20) -> str:
    """Run a call in a forked child, which is killed if it hangs; return what it gives, as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(timeout_s)  # its default ends the process
        try:
            told = repr(call())
        except BaseException as error:
            told = f"raised {error!r}"
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, f"the child ended by {status}, most likely because it hung"
    return told


def growths(watched: Any, n: int) -> list[int]:
    with peakahead.predict_memory(watched) as run:
        targets.work(n)
    assert run.errors == []
    return [forecast.growth_bytes for forecast in run.forecasts]


def test_a_forked_child_is_armed_has_its_own_invocations_and_can_disarm() -> None:
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    original = targets.work.__code__
    peakahead.arm(watched, strict=True)

    def child() -> Any:
        told = growths(watched, 4)
        peakahead.disarm(watched)
        return told, targets.work(5), targets.work.__code__ is original, growths(watched, 6)

    with peakahead.predict_memory(watched) as run:
        assert in_child(child) == repr(([1_000, 8], 11, True, [1_000, 12]))
        targets.work(2)
    assert [forecast.growth_bytes for forecast in run.forecasts] == [1_000, 4]
    assert targets.work.__code__ is not original
    peakahead.disarm(watched)


def test_a_forked_childs_baseline_is_what_it_holds_itself(tmp_path: Path) -> None:
    """Servers load the application, which arms, and then fork; pages of files aren't handed down."""
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    (tmp_path / "file").write_bytes(b"x" * (48 << 20))
    with open(tmp_path / "file", "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as held:
        assert sum(held[:: mmap.PAGESIZE]) > 0  # now they are in memory
        peakahead.arm(watched, strict=True)
        armed_with = resident_bytes()

        def child() -> int:
            with peakahead.predict_memory(watched, on_result=lambda _: None) as run:
                targets.work(2)
            assert run.result is not None
            return run.result.baseline_bytes

        assert 0 < int(in_child(child)) < armed_with - (40 << 20)
    peakahead.disarm(watched)


def test_an_invocation_goes_on_in_a_forked_child_and_knows_the_childs_memory() -> None:
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    with peakahead.predict_memory(watched) as run:

        def child() -> Any:
            held = bytearray(64 * 2**20)
            held[:: os.sysconf("SC_PAGE_SIZE")] = b"x" * len(held[:: os.sysconf("SC_PAGE_SIZE")])
            targets.work(3)
            return run.forecast.growth_bytes, run.forecast.peak_bytes > 64 * 2**20, len(run.errors)

        assert in_child(child) == repr((6, True, 0))
        assert len(run.forecasts) == 1
    peakahead.disarm(watched)


def test_a_fork_while_another_thread_arms_leaves_no_lock_behind() -> None:
    """What a thread that isn't in the child held would be held there for ever."""
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    held, done = threading.Event(), threading.Event()

    def holds() -> None:
        with arming._lock:
            held.set()
            done.wait(0.5)  # a fork may as well wait for it

    thread = threading.Thread(target=holds)
    thread.start()
    held.wait()
    try:
        assert in_child(lambda: growths(watched, 4), timeout_s=10) == repr([1_000, 8])
    finally:
        done.set()
        thread.join()
    assert growths(watched, 4) == [1_000, 8]
    peakahead.disarm(watched)


def test_forks_while_threads_arm_and_disarm_all_come_out_well() -> None:
    models = [watching(targets.work, stored(targets.work, "size", "size = ")) for _ in range(2)]
    stop = threading.Event()

    def arms() -> None:
        while not stop.is_set():
            peakahead.arm(models[0])
            peakahead.disarm(models[0])

    thread = threading.Thread(target=arms)
    thread.start()
    try:
        for _ in range(15):
            assert in_child(lambda: growths(models[1], 4), timeout_s=10) == repr([1_000, 8])
    finally:
        stop.set()
        thread.join()
    for watched in models:
        peakahead.disarm(watched)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    with armed(targets.work, targets.loop) as watched, peakahead.predict_memory(watched) as run:
        with context.Pool(1) as pool:
            assert pool.map(targets.work, range(4)) == [1, 3, 5, 7]
            assert pool.apply(targets.loop, ([1, 2, 3],)) == 6
            with pytest.raises(LookupError):
                pool.apply(targets.raises, (1,))
            pool.close()
            pool.join()
        assert targets.work(1) == 3
    assert run.errors == []


def test_a_pool_of_processes() -> None:
    context = multiprocessing.get_context("fork")
    with armed(targets.work) as watched, ProcessPoolExecutor(1, mp_context=context) as pool:
        assert list(pool.map(targets.work, range(3))) == [1, 3, 5]
        assert pool.submit(growths, watched, 5).result()[-1] == 5 * 2


SCRIPT = """\
import multiprocessing, os, sys
import host
from tests.programs.observing import arm_if_asked

def child(n):
    print("child", host.work(n), flush=True)
    if n == 2:
        sys.exit(5)
    if n == 3:
        raise LookupError(n)

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    with arm_if_asked(host.work):
        for n in range(4):
            process = multiprocessing.Process(target=child, args=(n,), name="host's")
            process.start()
            process.join()
            print("parent", host.work(n), process.exitcode, flush=True)
"""
HOST = "def work(n):\n    size = n * 2\n    return size\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_program_of_several_processes(tmp_path: Path, method: str) -> None:
    out, err, code = run_both(tmp_path, {"host.py": HOST, "main.py": SCRIPT}, arguments=(method,))
    assert out.count("child") == 4
    assert "parent 4 5" in out
    assert "LookupError: 3" in err
    assert code == 0


FORKS = """\
import os, sys
import host
from tests.programs.observing import arm_if_asked

def work(n):
    size = n
    pid = os.fork()
    if pid == 0:
        size += 1
        print("child", size, flush=True)
        return "child"
    status = os.waitpid(pid, 0)[1]
    return "parent", size, status

with arm_if_asked(work, host.work):
    told = work(5)
if told == "child":
    sys.exit(0)
print(told)
"""


def test_a_function_that_forks_inside_itself(tmp_path: Path) -> None:
    out, _, _ = run_both(tmp_path, {"host.py": HOST, "main.py": FORKS})
    assert out == "child 6\n('parent', 5, 0)\n"
