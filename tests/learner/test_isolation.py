"""Invocations in real child processes, against what the kernel and the function itself say."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from peakahead.learner.child import Task
from peakahead.learner.isolation import Outcome, Server, measure, servers
from peakahead.learner.pickling import dumps
from peakahead.learner.scope import Scope
from peakahead.learner.traces import read_trace
from peakahead.models.errors import InvalidTrace, TrainingFailed
from tests.learner.clusters import state, wait_until
from tests.programs import functions, mapped
from tests.programs.clustered import hangs

MIB = 2**20


def task(function: Callable[..., Any], meter: str = "rss", fork: bool = True, before: Any = None) -> bytes:
    return dumps(Task(function, before, Scope.of(functions.block), meter, fork))  # type: ignore[arg-type]  # a plain function


def run(function: Callable[..., Any], *args: Any, fork: bool = True, meter: str = "rss", **options: Any) -> Outcome:
    return measure(task(function, meter, fork), pickle.dumps((args, {})), fork=fork, **options)


@pytest.fixture(autouse=True)
def _no_servers_left() -> Iterator[None]:
    yield
    servers.close()


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(("fork", "meter"), [(True, "rss"), (False, "rss"), (True, "heap"), (False, "heap")])
def test_the_peak_is_what_the_function_allocates(fork: bool, meter: str, traced: bool) -> None:
    outcome = run(functions.block, 5 * MIB, fork=fork, meter=meter, traced=traced)

    assert outcome.status == "ok"
    assert outcome.peak_bytes == pytest.approx(40 * MIB, rel=0.02)


def test_a_spike_between_two_lines_counts() -> None:
    assert run(functions.spikes, 50 * MIB).peak_bytes == pytest.approx(50 * MIB, rel=0.02)


@pytest.mark.parametrize("fork", [True, False])
def test_what_the_module_has_mapped_of_files_is_no_growth(fork: bool) -> None:
    """As in production, where the process that runs the function has loaded it."""
    assert run(mapped.read, mapped.READ_BYTES, fork=fork).peak_bytes < MIB
    assert run(mapped.read, 2 * mapped.READ_BYTES, fork=fork).peak_bytes == pytest.approx(mapped.READ_BYTES, rel=0.05)


@pytest.mark.parametrize("function", [functions.long_loop, functions.large_values])
def test_tracing_a_loop_keeps_the_peak(function: Callable[..., Any]) -> None:
    plain, traced = (run(function, 8 * MIB, traced=traced).peak_bytes for traced in (False, True))

    assert traced == pytest.approx(plain, rel=0.02)


def test_one_invocation_hides_nothing_of_the_next() -> None:
    peaks = [run(functions.block, 4 * MIB).peak_bytes for _ in range(5)]

    assert max(peaks) - min(peaks) < MIB


def test_what_runs_before_does_not_count() -> None:
    kept: list[bytes] = []

    def before() -> None:
        kept.append(b"x" * 60 * MIB)

    outcome = measure(task(functions.block, before=before), pickle.dumps(((MIB,), {})))

    assert outcome.peak_bytes == pytest.approx(8 * MIB, rel=0.1)


@pytest.mark.parametrize(
    ("function", "status", "detail"),
    [
        (functions.raises, "raised", "ValueError: no room for 7"),
        (functions.kills_itself, "killed", "SIGKILL, as the kernel does when memory runs out"),
        (functions.exits, "killed", "ended itself"),
        (functions.leaves, "raised", "SystemExit: 3"),
    ],
)
def test_a_failure_is_reported_and_the_next_invocation_runs(
    function: Callable[..., Any], status: str, detail: str
) -> None:
    server = Server(task(function))
    try:
        for _ in range(2):
            outcome = server.measure(pickle.dumps(((7,), {})), traced=True)
            assert outcome.status == status
            assert detail in outcome.detail
            assert outcome.trace == b""
    finally:
        server.close()


@pytest.mark.parametrize("fork", [True, False])
def test_an_invocation_that_takes_too_long_is_ended(fork: bool) -> None:
    outcome = run(functions.hangs, 1, fork=fork, timeout_s=0.5)

    assert outcome.status == "timed out"
    assert outcome.detail == "it ran longer than 0.5 s"


def test_a_server_that_cannot_load_the_function_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken_there.py").write_text(
        "import os\nif os.environ.get('BROKEN'): raise RuntimeError('no disk')\ndef f(): pass"
    )
    script = (
        "import os, broken_there, peakahead\n"
        "os.environ['BROKEN'] = '1'\n"
        "try: peakahead.learn(broken_there.f, [()] * 20)\n"
        "except peakahead.TrainingFailed as error: print(error)"
    )

    said = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout

    assert said.count("\n") == 1
    assert "can't be loaded in a fresh process (RuntimeError: no disk)" in said


def test_a_server_whose_interpreter_dies_is_reported() -> None:
    def dies() -> None:
        os._exit(9)

    class Dies:
        def __reduce__(self) -> Any:
            return dies, ()

    with pytest.raises(TrainingFailed, match="ended with code 9"):
        Server(dumps(Dies()))


def test_the_server_imports_nothing_that_training_needs() -> None:
    def modules() -> list[str]:
        return sorted(sys.modules)

    result = pickle.loads(measure(task(modules), pickle.dumps(((), {})), with_result=True).result)

    assert "tests.programs.functions" not in result
    assert not {"sklearn", "scipy", "joblib", "numpy", "rich", "click"} & set(result)


def test_a_trace_without_its_end_is_no_trace() -> None:
    content = run(functions.block, 1000).trace

    assert read_trace(content).hits
    for length in range(0, len(content) - 1, 11):
        with pytest.raises(InvalidTrace):
            read_trace(content[:length])


def test_a_coroutine_and_a_generator_are_run_to_their_end() -> None:
    for function in (functions.coroutine, functions.generator):
        outcome = run(function, 30_000 if function is functions.coroutine else 30_000_000)
        assert outcome.peak_bytes == pytest.approx(30_000_000, rel=0.03)
        assert read_trace(outcome.trace).hits


@pytest.mark.parametrize("fork", [True, False])
def test_what_runs_ends_with_the_process_that_asked_for_it_and_its_files_go(fork: bool, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    script = (
        "from peakahead.learner.child import Task\n"
        "from peakahead.learner.isolation import measure\n"
        "from peakahead.learner.pickling import dumps\n"
        "from peakahead.learner.scope import Scope\n"
        "from tests.programs.clustered import hangs\n"
        f"task = dumps(Task(hangs, None, Scope.of(hangs), 'rss', {fork}))\n"
        f"measure(task, dumps((({str(mark)!r},), {{}})), fork={fork})\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    asking = subprocess.Popen([sys.executable, "-c", script], env=environment)
    try:
        assert wait_until(lambda: mark.exists() and mark.read_text().count(" "))
        running, server = map(int, mark.read_text().split())
        assert list(tmp_path.glob("peakahead-*"))
    finally:
        asking.kill()
        asking.wait()

    for pid in [running, server][: 2 if fork else 1]:
        assert wait_until(lambda pid=pid: state(pid) in ("", "Z"))
    assert wait_until(lambda: not list(tmp_path.glob("peakahead-*")))


def test_a_server_that_is_closed_ends_what_it_runs(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    server = Server(task(hangs))

    def ask() -> None:
        with contextlib.suppress(ValueError):  # its files are closed below
            server.measure(dumps(((str(mark),), {})), traced=False)

    threading.Thread(target=ask).start()
    assert wait_until(lambda: mark.exists() and mark.read_text().count(" "))

    server.close()

    assert state(int(mark.read_text().split()[0])) in ("", "Z")


def test_code_that_lies_elsewhere_on_another_machine_is_traced_there(tmp_path: Path) -> None:
    source = "def there(size):\n    made = bytearray(size)\n    return len(made)\n"
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lies_elsewhere.py").write_text(source)
    make = (
        "import sys; from peakahead.learner.child import Task; from peakahead.learner.pickling import dumps\n"
        "from peakahead.learner.scope import Scope; from lies_elsewhere import there\n"
        "sys.stdout.buffer.write(dumps(Task(there, None, Scope.of(there), 'rss', True)))"
    )
    take = (
        "import sys; from peakahead.learner.isolation import measure; from peakahead.learner.pickling import dumps\n"
        "sys.stdout.buffer.write(measure(sys.stdin.buffer.read(), dumps(((5_000_000,), {}))).trace)"
    )

    made = subprocess.run([sys.executable, "-c", make], cwd=tmp_path / "one", capture_output=True, check=True).stdout
    (tmp_path / "one" / "lies_elsewhere.py").unlink()
    taken = subprocess.run(
        [sys.executable, "-c", take], cwd=tmp_path / "other", input=made, capture_output=True, check=True
    ).stdout

    assert {str(site.function) for site in read_trace(taken).hits} == {"lies_elsewhere:there"}
