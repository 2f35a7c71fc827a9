"""Recording where a function runs: what it gives is what it gives bare, and what was recorded can be learned from."""

from __future__ import annotations

import asyncio
import gc
import inspect
import random
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import peakahead
from peakahead.learner.meters import resident_bytes
from peakahead.learner.origin import Origin
from peakahead.learner.trace_folder import TraceFolder
from peakahead.learner.traces import Trace, read_trace
from tests.programs import recorded as programs

ROOT = Path(__file__).parents[2]
MIB = 2**20
pytestmark = pytest.mark.usefixtures("quick_collections")


def recorder_of(function: Any) -> peakahead.FunctionRecorder:
    found: peakahead.FunctionRecorder = function.recorder
    return found


def origins(folder: Path) -> list[Origin]:
    files, complaints = TraceFolder(folder).files()
    assert complaints == []
    return [file.origin for file in files]


def traces(folder: Path) -> list[Trace]:
    files, _ = TraceFolder(folder).files()
    return [read_trace(Path(file.path).read_bytes()) for file in files]


def counts(function: Any) -> dict[str, int]:
    names = ("recorded", "raised", "skipped", "overlapped", "hindered", "failed")
    found = {name: getattr(function.recorder, name) for name in names}
    return {name: n for name, n in found.items() if n}


def script(text: str, *, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a script in an interpreter of its own, in which the tests' programs can be imported."""
    lines = f"import sys; sys.path[:0] = [{str(ROOT)!r}]\nimport peakahead\nfrom tests.programs import recorded\n{text}"
    return subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=check, **options)


def drain(items: Any) -> list[Any]:
    async def all_of() -> list[Any]:
        return [item async for item in items]

    return asyncio.run(all_of())


KINDS: dict[str, tuple[Callable[..., Any], Callable[[Any], Any]]] = {
    "function": (programs.fills, len),
    "method": (programs.Worker(2).work, lambda value: value),
    "coroutine": (programs.waits, asyncio.run),
    "generator": (programs.pieces, list),
    "async generator": (programs.streams, drain),
}

_TWICE = {"method": 2, "generator": 2, "async generator": 2}  # generators rebind theirs


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_gives_what_it_gives_bare_and_is_recorded(kind: str, tmp_path: Path) -> None:
    function, consume = KINDS[kind]
    wrapped = peakahead.record(function, tmp_path)

    for n in (8 * MIB, 24 * MIB):  # the kernel counts pages in batches of a quarter MiB
        assert consume(wrapped(n)) == consume(function(n))

    assert counts(wrapped) == {"recorded": 2}
    small, large = sorted(traces(tmp_path), key=lambda trace: trace.peak_bytes)
    assert large.peak_bytes - small.peak_bytes == pytest.approx(16 * MIB * _TWICE.get(kind, 1), rel=0.1)
    assert {site.variable for site in large.hits} >= {"n"}
    for test in (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction):
        assert test(wrapped) == test(function)


def test_as_a_decorator_on_functions_and_methods(tmp_path: Path) -> None:
    class Served:
        @peakahead.record(folder=tmp_path)
        def plain(self, n: int) -> int:
            size = n
            return size + 1

        @peakahead.record(folder=tmp_path)
        @classmethod
        def of_class(cls, n: int) -> tuple[type, int]:
            return cls, n

        @peakahead.record(folder=tmp_path)
        @staticmethod
        def static(n: int) -> int:
            return n

    assert Served().plain(1) == 2
    assert Served.of_class(3) == (Served, 3)
    assert Served().static(4) == Served.static(4) == 4
    names = Counter(origin.target.qualname.rpartition(".")[2] for origin in origins(tmp_path))
    assert names == {"plain": 1, "of_class": 1, "static": 2}


def test_a_generator_keeps_its_protocol(tmp_path: Path) -> None:
    generator = peakahead.record(programs.pieces, tmp_path)(8)
    assert next(generator) == 8
    assert generator.send(5) == 9
    assert generator.send(6) == 10
    with pytest.raises(StopIteration, match=r"said \[5, 6, None\]"):
        next(generator)
    closed = peakahead.record(programs.pieces, tmp_path)(8)
    next(closed)
    closed.close()
    thrown = peakahead.record(programs.pieces, tmp_path)(8)
    next(thrown)
    with pytest.raises(KeyError):
        thrown.throw(KeyError("x"))
    assert Counter(origin.status for origin in origins(tmp_path)) == {"ok": 2, "raised": 1}


def test_what_a_generators_caller_does_in_between_isnt_its_own(tmp_path: Path) -> None:
    wrapped = peakahead.record(programs.pieces, tmp_path)
    kept = []
    for item in wrapped(8 * MIB):
        mine = programs.fills(40 * MIB)
        kept.append((item, mine))

    (trace,) = traces(tmp_path)
    assert trace.peak_bytes == pytest.approx(16 * MIB, rel=0.2)  # two neighbours
    assert not [site for site in trace.hits if site.variable in ("mine", "item")]
    assert sys.gettrace() is None


def test_exceptions_are_those_of_the_bare_function(tmp_path: Path) -> None:
    def caught(function: Callable[[int], int]) -> tuple[Any, ...]:
        try:
            function(16 * MIB)
        except ValueError as error:
            frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
            return str(error), type(error.__context__), str(error.__context__), error.__cause__, frames[-1], len(frames)
        return ()

    wrapped = peakahead.record(programs.raises, tmp_path)

    found, bare = caught(wrapped), caught(programs.raises)

    assert found == (*bare[:-1], bare[-1] + 1)  # the wrapper's own frame
    (origin,) = origins(tmp_path)
    assert (origin.status, origin.detail) == ("raised", "ValueError")
    assert origin.peak_bytes == pytest.approx(16 * MIB, rel=0.05)
    assert counts(wrapped) == {"raised": 1}


def test_an_exception_isnt_kept_alive(tmp_path: Path) -> None:
    wrapped = peakahead.record(programs.raises, tmp_path)
    gc.collect()
    gc.disable()
    try:
        before = len([one for one in gc.get_objects() if isinstance(one, ValueError)])
        for _ in range(3):
            with pytest.raises(ValueError, match="a secret"):
                wrapped(8)
        assert len([one for one in gc.get_objects() if isinstance(one, ValueError)]) == before
    finally:
        gc.enable()


def test_in_worker_threads_one_after_the_other(tmp_path: Path) -> None:
    wrapped = peakahead.record(programs.fills, tmp_path)
    sizes = [4, 1, 3, 2, 8, 1, 6, 2]  # MiB: what one leaves behind doesn't hide what the next one needs
    with ThreadPoolExecutor(1) as pool:
        for size in sizes:
            assert len(pool.submit(wrapped, size * MIB).result()) == size * MIB

    assert counts(wrapped) == {"recorded": 8}
    found = [trace.peak_bytes / MIB for trace in traces(tmp_path)]
    assert found == [pytest.approx(size, abs=0.4) for size in sizes]


def test_the_threads_that_it_starts_are_traced(tmp_path: Path) -> None:
    wrapped = peakahead.record(programs.in_thread, tmp_path)
    assert [wrapped(n) for n in (MIB, 2 * MIB)] == [MIB, 2 * MIB]
    for trace in traces(tmp_path):
        assert [site for site in trace.hits if site.variable == "size"]


def test_a_share_is_drawn_and_leaves_the_functions_own_random_numbers_alone(tmp_path: Path) -> None:
    wrapped = peakahead.record(programs.drawn, tmp_path, share=0.5)
    random.seed(5)
    bare = [programs.drawn() for _ in range(60)]
    random.seed(5)
    assert [wrapped() for _ in range(60)] == bare
    recorder = recorder_of(wrapped)
    assert recorder.recorded + recorder.skipped == 60
    assert 10 < recorder.recorded < 50  # outside by chance once in ten million
    assert len(list(tmp_path.iterdir())) == recorder.recorded
    places = [origin.place for origin in origins(tmp_path)]
    assert len(set(places)) == len(places)
    assert max(places) >= recorder.recorded


def test_recursion_is_one_invocation(tmp_path: Path) -> None:
    def calls_itself(n: int) -> int:
        return programs.recurses(n, again)

    again: Callable[[int], int] = peakahead.record(calls_itself, tmp_path)

    assert again(5) == 15
    assert counts(again) == {"recorded": 1}


def test_origins_tell_cold_from_warm_and_version_from_version(tmp_path: Path) -> None:
    wrapped = peakahead.record(programs.handler, tmp_path)
    for n in (8 * MIB, 16 * MIB, 24 * MIB):
        wrapped({"n": n})
    first, second, third = origins(tmp_path)
    assert first.process == second.process == third.process != ""
    assert second.place == first.place + 1
    assert third.place == first.place + 2
    assert first.isolation == "in process"
    assert first.meter == "rss"
    assert first.traced
    (fingerprint,) = [one for one in traces(tmp_path)[0].fingerprints if one.function == first.target]
    assert first.source == fingerprint.source != ""
    held = resident_bytes()
    assert all(abs(origin.baseline_bytes - held) < held / 2 for origin in (first, second, third))
    assert all(
        origin.peak_bytes == pytest.approx(8 * n * MIB, rel=0.2) for n, origin in enumerate((first, second, third), 1)
    )


def test_one_warm_process_is_learned_from(tmp_path: Path) -> None:
    folder = tmp_path / "traces"
    script(
        f"""
import random
wrapped = peakahead.record(recorded.handler, {str(folder)!r})
numbers = random.Random(3)
for _ in range(30):
    wrapped({{"n": numbers.randrange(300_000, 12_000_000), "kind": numbers.choice(["double", "plain"])}})
assert vars(wrapped.recorder)["recorded"] == 30
strange = {{"numpy", "scipy", "sklearn", "joblib", "cloudpickle", "bytecode"}} & set(sys.modules)
assert not strange, strange
"""
    )

    model = peakahead.fit(folder)

    stage = model.stages[-1]
    readings = {str(reading) for reading in stage.readings}
    assert "event['n']" in readings
    assert readings & {"digest(event['kind'])", "digest(label)"}
    assert stage.error < 0.03
    with peakahead.predict_memory(model) as run:
        programs.handler({"n": 5_000_000, "kind": "double"})
    assert run.forecast.growth_bytes == pytest.approx(10_000_000, rel=0.1)
    peakahead.disarm(model)


def test_several_processes_are_learned_from(tmp_path: Path) -> None:
    lines = f"""
import random
wrapped = peakahead.record(recorded.drawn, {str(tmp_path)!r})
for _ in range(8):
    wrapped()
"""
    for _ in range(3):
        script(lines)

    model = peakahead.fit(tmp_path)

    assert len({origin.process for origin in origins(tmp_path)}) == 3
    assert Counter(origin.place for origin in origins(tmp_path)) == dict.fromkeys(range(8), 3)
    assert [str(reading) for reading in model.stages[-1].readings] == ["n"]
    assert model.stages[-1].error < 0.05


def test_recording_needs_only_what_production_does(tmp_path: Path) -> None:
    lines = f"""
import sys; sys.path[:0] = [{str(ROOT / "src")!r}, {str(ROOT)!r}]
import peakahead
from tests.programs import recorded
wrapped = peakahead.record(recorded.handler, {str(tmp_path)!r})
wrapped({{"n": 100}})
assert wrapped.recorder.recorded == 1
"""
    # Without `site` there is nothing but the standard library.
    said = subprocess.run([sys.executable, "-I", "-S", "-c", lines], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert len(list(tmp_path.iterdir())) == 1


def test_a_thousand_invocations_keep_nothing(tmp_path: Path) -> None:
    said = script(
        f"""
import gc, os
from peakahead.learner.meters import resident_bytes
wrapped = peakahead.record(recorded.handler, {str(tmp_path)!r})
def serve(n):
    for number in range(n):
        wrapped({{"n": 4096, f"user {{number}}": number}})
    gc.collect()
    return resident_bytes(), len(gc.get_objects()), len(os.listdir("/proc/self/fd"))
serve(50)
gc.freeze()  # so that a collection is quick
before, after = serve(100), serve(500)
print(after[0] - before[0], after[1] - before[1], after[2] - before[2], wrapped.recorder.recorded)
"""
    )
    grown, objects, descriptors, recorded = map(int, said.stdout.split())
    assert recorded == 650
    assert grown < 256 * 1024  # under 530 bytes an invocation, where its trace takes 4 KiB
    assert objects < 50
    assert descriptors == 0


def test_options_that_make_no_sense_are_named(tmp_path: Path) -> None:
    for share in (-0.1, 1.5, "much", True):
        with pytest.raises(peakahead.InvalidOption, match=r"share=.*from 0 to 1"):
            peakahead.record(programs.handler, tmp_path, share=share)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(peakahead.InvalidOption, match="no folder"):
        peakahead.record(programs.handler)  # type: ignore[call-overload]  # the mistake
    with pytest.raises(peakahead.InvalidOption, match="can't be recorded"):
        peakahead.record(7, tmp_path)  # type: ignore[type-var]  # the mistake
    with pytest.raises(peakahead.InvalidTarget, match="implemented in C"):
        peakahead.record(len, tmp_path)
    assert threading.gettrace() is None
