"""What goes wrong while recording is kept from the function, told of once, and counted."""

from __future__ import annotations

import asyncio
import bdb
import importlib
import signal
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import peakahead
from peakahead.learner.facts import HAS_INSTRUCTION_EVENTS, monitoring
from tests.learner.test_record import MIB, counts, origins, script, traces
from tests.programs import recorded as programs

pytestmark = pytest.mark.usefixtures("quick_collections")


def told(call: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Return what a call gives, and the warnings of recording meanwhile."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = call()
    return value, [str(one.message) for one in caught if one.category is peakahead.RecordingWarning]


def thrice(function: Callable[[int], Any]) -> list[int]:
    return [len(function(MIB)) for _ in range(3)]


def test_tracing_that_fails_ends_and_leaves_the_function_be(tmp_path: Path) -> None:
    said = script(
        f"""
import resource, warnings
warnings.simplefilter("always")
{HITS}
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
wrapped = peakahead.record(hits, {str(tmp_path)!r})
print(wrapped(), wrapped.recorder.failed, sys.gettrace())
tools = [sys.monitoring.get_tool(number) for number in range(6)] if hasattr(sys, "monitoring") else []
assert not any(tools), tools
"""
    )
    assert said.stdout == f"{HITS_GIVE} 1 None\n"
    assert "tracing failed, by OSError" in said.stderr
    assert list(tmp_path.iterdir()) == []


_N_VARIABLES = 40
# 41 variables, each stored 1,500 times: some 2 MiB of hits, twice what is held before it's written.
HITS = "\n".join(
    [
        "import os, tempfile",
        "source = 'def hits():\\n    total = 0\\n    for number in range(1_500):\\n'",
        f"for place in range({_N_VARIABLES}):",
        "    source += f'        v{place} = number + {place}\\n        total += v{place}\\n'",
        "source += '    return total\\n'",
        "path = os.path.join(tempfile.mkdtemp(), 'many_hits.py')",
        "open(path, 'w').write(source)",
        "sys.path.insert(0, os.path.dirname(path))",
        "from many_hits import hits",
    ]
)
HITS_GIVE = sum(number + place for number in range(1_500) for place in range(_N_VARIABLES))


def test_a_debugger_keeps_its_trace_function(tmp_path: Path) -> None:
    seen: list[str] = []

    class Debugger(bdb.Bdb):
        def user_line(self, frame: Any) -> None:
            seen.append(frame.f_code.co_name)

    wrapped = peakahead.record(programs.fills, tmp_path)
    debugger = Debugger()
    value, said = told(lambda: debugger.runcall(lambda: thrice(wrapped)))
    assert value == [MIB] * 3
    assert "fills" in seen
    (message,) = said
    assert "a trace function" in message
    assert counts(wrapped) == {"hindered": 3}
    assert told(lambda: thrice(wrapped)) == ([MIB] * 3, [])
    assert counts(wrapped) == {"hindered": 3, "recorded": 3}


@pytest.fixture
def a_tool() -> Iterator[None]:
    monitoring.use_tool_id(1, "their coverage")
    yield
    monitoring.free_tool_id(1)


@pytest.mark.skipif(not HAS_INSTRUCTION_EVENTS, reason="there are no monitoring tools before 3.12")
@pytest.mark.usefixtures("a_tool")
def test_a_monitoring_tool_is_left_alone(tmp_path: Path) -> None:
    wrapped = peakahead.record(programs.fills, tmp_path)
    value, said = told(lambda: thrice(wrapped))
    assert value == [MIB] * 3
    assert "their coverage" in said[0]
    assert counts(wrapped) == {"hindered": 3}
    assert monitoring.get_tool(1) == "their coverage"


def test_a_debugger_that_comes_meanwhile_stays(tmp_path: Path) -> None:
    def theirs(*_: Any) -> None:
        return None

    def stops_in_it() -> int:
        number = 1
        sys.settrace(theirs)
        number += 1
        return number

    try:
        assert peakahead.record(stops_in_it, tmp_path)() == 2
        assert sys.gettrace() is theirs
    finally:
        sys.settrace(None)


def test_a_function_that_forks(tmp_path: Path) -> None:
    said = script(
        f"""
import os
inside = peakahead.record(recorded.fills, {str(tmp_path)!r})
wrapped = peakahead.record(recorded.forks, {str(tmp_path)!r})
value = wrapped(1_000_000, inside)
if value == -1:
    assert sys.gettrace() is None
    assert inside.recorder.recorded == 1 and not wrapped.recorder.recorded
    os._exit(0)
print(value, wrapped.recorder.recorded)
"""
    )
    assert said.stdout == "1000000 1\n", said.stderr
    found = {origin.target.qualname: origin for origin in origins(tmp_path)}
    assert len(found) == len(list(tmp_path.iterdir())) == 2
    assert {origin.status for origin in found.values()} == {"ok"}
    assert found["forks"].process != found["fills"].process
    assert found["forks"].peak_bytes == pytest.approx(MIB, rel=0.3)
    (trace,) = [one for one in traces(tmp_path) if any(site.function.qualname == "forks" for site in one.hits)]
    assert "pid" in {site.variable for site in trace.hits}
    assert "number" not in {site.variable for site in trace.hits}  # that is the child's


@pytest.mark.parametrize("function", ["dies", "ends"])
def test_an_invocation_whose_process_ends_is_known(function: str, tmp_path: Path) -> None:
    said = script(
        f"peakahead.record(recorded.fills, {str(tmp_path)!r})(8)\n"
        f"peakahead.record(recorded.{function}, {str(tmp_path)!r})(1_000_000)",
        check=False,
    )
    assert said.returncode in (-signal.SIGKILL, 3)
    assert [origin.status for origin in origins(tmp_path)] == ["ok", "unfinished"]
    assert [path for path in tmp_path.iterdir() if path.suffix != ".trace"] == []


def test_calls_that_overlap_in_threads_are_left_out(tmp_path: Path) -> None:
    wrapped = peakahead.record(programs.meets, tmp_path)
    barrier = threading.Barrier(2)

    def both() -> list[int]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda n: wrapped(barrier, n), (MIB, 2 * MIB)))

    value, said = told(both)
    assert value == [MIB, 2 * MIB]
    assert len(said) == 1
    assert "overlap" in said[0]
    assert counts(wrapped) == {"overlapped": 2}
    assert [origin.status for origin in origins(tmp_path)] == ["overlapped"] * 2
    assert all(path.stat().st_size < 1_000 for path in tmp_path.iterdir())
    assert told(lambda: wrapped(threading.Barrier(1), MIB))[0] == MIB
    assert counts(wrapped) == {"overlapped": 2, "recorded": 1}


def test_a_call_that_isnt_drawn_overlaps_too(tmp_path: Path) -> None:
    drawn = peakahead.record(programs.meets, tmp_path)
    other = peakahead.record(programs.meets, tmp_path, share=0.0)
    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(function, barrier, MIB) for function in (drawn, other)]
        assert [one.result() for one in found] == [MIB, MIB]
    assert counts(drawn) == {"overlapped": 1}
    assert counts(other) == {"skipped": 1}
    assert sys.gettrace() is None


def test_tasks_that_overlap_are_left_out(tmp_path: Path) -> None:
    wrapped = peakahead.record(programs.waits, tmp_path)

    async def both() -> list[int]:
        return list(await asyncio.gather(wrapped(MIB), wrapped(2 * MIB)))

    assert told(lambda: asyncio.run(both()))[0] == [MIB, 2 * MIB]
    assert counts(wrapped) == {"overlapped": 2}
    assert asyncio.run(wrapped(MIB)) == MIB
    assert counts(wrapped) == {"overlapped": 2, "recorded": 1}


def test_a_recorded_call_inside_of_another_functions(tmp_path: Path) -> None:
    inner = peakahead.record(programs.fills, tmp_path)

    def calls(n: int) -> int:
        data = inner(n)
        return len(data)

    outer = peakahead.record(calls, tmp_path)
    value, said = told(lambda: outer(MIB))
    assert value == MIB
    assert len(said) == 2  # once a function
    assert counts(outer) == counts(inner) == {"overlapped": 1}
    undrawn = peakahead.record(programs.fills, tmp_path, share=0.0)

    def calls_undrawn(n: int) -> int:
        return len(undrawn(n))

    alone = peakahead.record(calls_undrawn, tmp_path)
    assert alone(MIB) == MIB
    assert counts(alone) == {"recorded": 1}  # what it calls is its own, as long as that isn't measured


def test_a_thread_that_goes_on_after_the_invocation(tmp_path: Path) -> None:
    go_on, ended = threading.Event(), threading.Event()
    seen: list[Any] = []

    def background() -> None:
        go_on.wait(20)
        total = 0
        for number in range(3_000):
            total = number
        seen.append((total, sys.gettrace()))
        ended.set()

    def starts(n: int) -> int:
        threading.Thread(target=background, daemon=True).start()
        return n

    wrapped = peakahead.record(starts, tmp_path)
    assert wrapped(5) == 5
    go_on.set()
    assert ended.wait(20)
    assert seen == [(2_999, None)]
    assert counts(wrapped) == {"recorded": 1}
    assert len(traces(tmp_path)) == 1


def test_a_function_that_closes_all_files_isnt_written_into(tmp_path: Path) -> None:
    said = script(
        f"""
import os
{HITS}
def daemonizes():
    os.closerange(3, 200)
    theirs = [open({str(tmp_path / "theirs")!r} + str(number), "w+") for number in range(20)]
    found = hits()
    return found, [file.read() for file in theirs], [file.seek(0) for file in theirs]
wrapped = peakahead.record(daemonizes, {str(tmp_path / "traces")!r})
found, texts, _ = wrapped()
print(found, set(texts), wrapped.recorder.failed)
"""
    )
    assert said.stdout == f"{HITS_GIVE} {{''}} 1\n", said.stderr
    assert {path.stat().st_size for path in tmp_path.glob("theirs*")} == {0}


def test_a_handler_that_is_reloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "reloaded_handler.py"
    text = (
        "import peakahead\n\n@peakahead.record(folder={!r})\n"
        "def handle(n):\n    data = bytearray({} * n)\n    return len(data)\n"
    )
    module.write_text(text.format(str(tmp_path / "traces"), 1))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found: Any = importlib.import_module("reloaded_handler")
    assert found.handle(MIB) == MIB
    old = found.handle
    module.write_text(text.format(str(tmp_path / "traces"), 2) + "# changed\n")
    found = importlib.reload(found)
    assert [found.handle(MIB), old(MIB), found.handle(MIB)] == [2 * MIB, MIB, 2 * MIB]
    sources = [origin.source for origin in origins(tmp_path / "traces")]
    assert Counter(sources) == {sources[0]: 2, sources[1]: 2}
    assert len({origin.process for origin in origins(tmp_path / "traces")}) == 1
    del sys.modules["reloaded_handler"]


# A limit that runs out between the opening of a module's file and its `with` leaves it to the collector: importlib's.
@pytest.mark.filterwarnings("ignore:unclosed file <_io.BufferedReader:ResourceWarning")
def test_a_time_limit_passes(tmp_path: Path) -> None:
    """Save for what a collection calls: an exception there is lost, as it is in any collection."""

    class OutOfTime(ValueError):
        pass

    def out_of_time(*_: Any) -> None:
        raise OutOfTime

    def loops() -> int:
        number = 0
        while True:
            number = number + 1
            other = [number]
            del other

    wrapped = peakahead.record(loops, tmp_path)
    before = signal.signal(signal.SIGALRM, out_of_time)
    try:
        n_passed = 0
        for seconds in (0.003, 0.02, 0.05, 0.1, 0.2):
            try:
                signal.setitimer(signal.ITIMER_REAL, seconds)
                wrapped()
            except OutOfTime:
                n_passed += 1
        assert n_passed == 5
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert sys.gettrace() is None
    assert "recorded" not in counts(wrapped)
    assert peakahead.record(programs.fills, tmp_path)(8) == bytearray(b"\1" + b"\0" * 7)


def test_a_clock_that_steps_changes_nothing(tmp_path: Path) -> None:
    """What is recorded holds no time of day: only how long things took, by a clock that never steps."""
    before = time.time()
    wrapped = peakahead.record(programs.handler, tmp_path)
    wrapped({"n": MIB})
    (trace,) = traces(tmp_path)
    moments = [trace.duration_s, *(moment for hits in trace.hits.values() for moment in hits.elapsed_s.tolist())]
    assert all(0.0 <= moment < before / 1_000 for moment in moments)
    assert all(origin.invocation.startswith(origin.process) for origin in origins(tmp_path))


def test_no_source_is_told_of_and_not_recorded(tmp_path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "made"}
    exec("def f(n):\n    size = n\n    return size", namespace)
    wrapped = peakahead.record(namespace["f"], tmp_path)
    value, said = told(lambda: [wrapped(4), wrapped(5)])
    assert value == [4, 5]
    assert len(said) == 1
    assert "source can't be found" in said[0]
    assert counts(wrapped) == {"failed": 2}
