"""Training on a cluster whose workers die, join, lack the code or have another, against what one process learns."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pytest

import peakahead
from peakahead.learner.child import Task
from peakahead.learner.cluster import Caller, Cluster, versions
from peakahead.learner.pickling import dumps
from peakahead.learner.scope import Scope
from peakahead.learner.target import reference
from peakahead.learner.trace_folder import TraceFolder
from peakahead.models.errors import TrainingFailed
from peakahead.models.model import BreakpointModel
from tests.learner.clusters import MIB, assert_same, children, command, started_by, state, wait_until
from tests.programs import clustered

distributed = pytest.importorskip("distributed", reason="a cluster of real processes takes dask's distributed")
pytestmark = pytest.mark.filterwarnings("ignore")  # distributed's own

SIZES = [n * MIB for n in range(8, 56, 4)]
COVERAGE = 0.9  # what twelve invocations support


@contextmanager
def cluster(n_workers: int, threads: int = 1, nanny: bool = True, before: str = "pass") -> Iterator[Any]:
    """A cluster of real worker processes; the scheduler runs in this one.

    Args:
        before: What a worker without a nanny runs first.
    """
    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore")
        local = distributed.LocalCluster(
            n_workers=n_workers if nanny else 0,
            threads_per_worker=threads,
            processes=True,
            dashboard_address=None,
            host="127.0.0.1",
        )
        stack.enter_context(local)
        client = stack.enter_context(distributed.Client(local))
        if not nanny:
            script = f"import sys; {before}; from distributed.cli.dask_worker import main; main()"
            line = [sys.executable, "-c", script, local.scheduler_address, "--no-nanny", "--no-dashboard"]
            line += ["--nthreads", str(threads), "--host", "127.0.0.1"]
            for _ in range(n_workers):
                worker = subprocess.Popen(line, stderr=subprocess.DEVNULL)
                stack.callback(worker.wait)
                stack.callback(worker.kill)
        client.wait_for_workers(n_workers, timeout=60)
        yield client


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with cluster(2, threads=2) as connected:
        yield connected


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> BreakpointModel:
    """What is learned without a cluster."""
    folder = str(tmp_path_factory.mktemp("alone"))
    calls = [(size, folder) for size in SIZES]
    return peakahead.learn(clustered.leaves_a_mark, calls, jobs=2, coverage=COVERAGE, repeats=2)


def measured(folder: Path) -> Counter[str]:
    """Return which invocations' traces there are, and how many of each."""
    files, complaints = TraceFolder(folder).files()
    assert not complaints
    assert {file.origin.status for file in files} == {"ok"}
    return Counter(file.origin.invocation.partition("-")[2] for file in files if file.origin.traced)


@pytest.mark.parametrize("nanny", [True, False])
def test_a_worker_killed_in_mid_training_loses_nothing_and_leaves_nothing(
    nanny: bool, alone: BreakpointModel, tmp_path: Path
) -> None:
    marks, traces = tmp_path / "marks", tmp_path / "traces"
    marks.mkdir()
    calls = [(size, str(marks)) for size in SIZES]
    dead: list[int] = []
    folders: list[str] = []
    seen: list[peakahead.Progress] = []
    killers: list[threading.Thread] = []

    def kill(victim: int) -> None:
        def halted() -> bool:
            """Stop what the victim has under way, so that it is in the midst of it whenever the victim dies."""
            for server in started_by(victim):
                for child in children(server):
                    os.kill(child, signal.SIGSTOP)
                    if wait_until(lambda child=child: state(child) in "TZ") and state(child) == "T":
                        folders.append(command(server)[-1])
                        dead.extend([server, child])
            return bool(dead)

        if wait_until(halted):
            os.kill(victim, signal.SIGKILL)

    def watch(progress: peakahead.Progress) -> None:
        seen.append(progress)
        if progress.done == 4:
            killers.append(threading.Thread(target=kill, args=[min(client.run(os.getpid).values())]))
            killers[0].start()

    with cluster(2, nanny=nanny) as client, joblib.parallel_config(backend="dask"):
        model = peakahead.learn(
            clustered.leaves_a_mark, calls, coverage=COVERAGE, repeats=2, traces=traces, progress=watch
        )
        killers[0].join()

    assert_same(model, alone)
    assert measured(traces) == {f"{n + 1:06}": 1 for n in range(len(calls))}
    assert [(step.done, step.failed) for step in seen] == [(n + 1, 0) for n in range(len(calls))]
    assert len(dead) == 2, "the victim had an invocation under way, which could only be begun again"
    assert wait_until(lambda: set(map(state, dead)) <= {"", "Z"})
    assert wait_until(lambda: not any(map(os.path.exists, folders)))


def test_what_ends_its_worker_is_counted_as_killed_and_its_neighbours_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [(size, SIZES[5]) for size in SIZES]
    with cluster(1, threads=2) as client, joblib.parallel_config(backend="dask"):
        # The first death is the last: whoever ran beside is given up as well.
        monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", 0)
        model = peakahead.learn(clustered.ends_its_worker, calls, coverage=COVERAGE, repeats=0)

    assert model.training.failures == {"killed": 1}
    assert model.training.invocations == len(calls) - 1


def test_a_worker_that_joins_takes_part(tmp_path: Path) -> None:
    calls = [(size, str(tmp_path)) for size in SIZES]
    workers: set[int] = set()

    def add_one(progress: peakahead.Progress) -> None:
        if progress.done == 2:
            client.cluster.scale(2)
            client.wait_for_workers(2, timeout=60)
            workers.update(client.run(os.getpid).values())

    with cluster(1) as client, joblib.parallel_config(backend="dask"):
        peakahead.learn(clustered.leaves_a_mark, calls, coverage=COVERAGE, repeats=0, progress=add_one)

    assert len(workers) == 2
    assert {int(mark.name.partition("-")[0]) for mark in tmp_path.iterdir()} == workers


def test_two_at_a_time_on_a_worker_learn_the_same_model(client: Any, alone: BreakpointModel, tmp_path: Path) -> None:
    calls = [(size, str(tmp_path)) for size in SIZES]
    most: list[int] = []

    def count(_progress: peakahead.Progress) -> None:
        most.append(max(len(started_by(worker)) for worker in client.run(os.getpid).values()))

    with joblib.parallel_config(backend="dask"):
        assert_same(
            peakahead.learn(clustered.leaves_a_mark, calls, coverage=COVERAGE, repeats=2, progress=count), alone
        )
    assert max(most) == 2


def write_module(folder: Path, factor: int) -> Path:
    folder.mkdir()
    path = folder / "only_here.py"
    path.write_text(f"def f(size):\n    made = bytearray({factor} * size)\n    return len(made)\n")
    return path


def test_code_that_the_workers_lack_or_have_another_of_is_told(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, old = write_module(tmp_path / "new", 1), write_module(tmp_path / "old", 2)
    monkeypatch.syspath_prepend(str(path.parent))
    only_here = importlib.import_module("only_here")
    monkeypatch.setitem(sys.modules, "only_here", only_here)
    calls = [(size,) for size in SIZES]
    with joblib.parallel_config(backend="dask"):
        with pytest.raises(TrainingFailed, match=r"worker at tcp://.*can't run only_here:f: .*No module named"):
            peakahead.learn(only_here.f, calls, coverage=COVERAGE)
        cloudpickle.register_pickle_by_value(only_here)
        try:
            by_value = peakahead.learn(only_here.f, calls, coverage=COVERAGE, repeats=0)
        finally:
            cloudpickle.unregister_pickle_by_value(only_here)
        client.upload_file(str(path))
        by_file = peakahead.learn(only_here.f, calls, coverage=COVERAGE, repeats=0)
        client.upload_file(str(old))
        with pytest.raises(TrainingFailed, match=r"has another version of only_here:f"):
            peakahead.learn(only_here.f, calls, coverage=COVERAGE)

    assert_same(by_value, peakahead.learn(only_here.f, calls, coverage=COVERAGE, repeats=0))
    assert_same(by_file, by_value)


def test_a_worker_without_peakahead_is_told() -> None:
    with (
        cluster(1, nanny=False, before="sys.modules['peakahead'] = None"),
        joblib.parallel_config(backend="dask"),
        pytest.raises(
            TrainingFailed, match=r"can't take up invocation \d+ \(ModuleNotFoundError: .*its packages must be"
        ),
    ):
        peakahead.learn(clustered.leaves_a_mark, [(size, ".") for size in SIZES], coverage=COVERAGE)


def test_a_worker_of_another_version_is_told(client: Any) -> None:
    def pretend(version: str) -> str:
        module = __import__("peakahead")
        before: str = module.__version__
        module.__version__ = version
        return before

    (before,) = set(client.run(pretend, "0.0.9").values())
    try:
        with (
            joblib.parallel_config(backend="dask"),
            pytest.raises(TrainingFailed, match=r"worker at tcp://\S+ runs Python 3\.\d+ with peakahead 0\.0\.9, and"),
        ):
            peakahead.learn(clustered.leaves_a_mark, [(size, ".") for size in SIZES], coverage=COVERAGE)
    finally:
        client.run(pretend, before)


def test_large_arguments_travel_without_a_warning(client: Any) -> None:
    array = np.ones(2 * MIB)
    task = dumps(Task(clustered.sums, None, Scope.of(clustered.sums), "rss", True))
    caller = Caller(reference(clustered.sums), "", versions(), "")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        outcomes = dict(Cluster(client, {}).measure(caller, task, [(n, dumps(((array,), {}))) for n in range(4)]))

    assert {n: outcome.status for n, outcome in outcomes.items()} == dict.fromkeys(range(4), "ok")
    touched = 4 * MIB  # at most: of NumPy's pages, which each child is the first to touch
    assert 0 <= min(outcome.peak_bytes for outcome in outcomes.values()) - array.nbytes <= touched
    assert not [str(warning.message) for warning in said if "graph" in str(warning.message)]
