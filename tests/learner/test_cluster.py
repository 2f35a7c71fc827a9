"""Training spread over other processes by an ambient joblib backend: a cluster's workers, loky's, a pool's."""

from __future__ import annotations

import os
import random
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import pytest

import peakahead
from peakahead.learner.isolation import servers
from peakahead.models.model import BreakpointModel
from tests.programs import drivers

MIB = 2**20
CALLS = [(n * MIB // 2,) for n in range(2, 42, 2)]
GENERATOR = random.Random(3)
TWO = [(GENERATOR.randint(1_000, 5_000), GENERATOR.randint(1_000, 4_000)) for _ in range(20)]


def assert_same(one: BreakpointModel, other: BreakpointModel) -> None:
    """Check that two models look at the same places for the same readings, and say the same within pages' noise."""
    assert [stage.site for stage in one.stages] == [stage.site for stage in other.stages]
    assert [stage.readings for stage in one.stages] == [stage.readings for stage in other.stages]
    assert one.fingerprints == other.fingerprints
    assert one.training.invocations == other.training.invocations
    for stage, twin in zip(one.stages, other.stages, strict=True):
        assert [term.factors for term in stage.formula.terms] == [term.factors for term in twin.formula.terms]
        for term, same in zip(stage.formula.terms, twin.formula.terms, strict=True):
            assert term.coefficient == pytest.approx(same.coefficient, rel=0.02)
        assert stage.formula.intercept == pytest.approx(twin.formula.intercept, abs=0.5 * MIB)
        assert stage.error == pytest.approx(twin.error, abs=0.02)


@pytest.fixture(scope="module")
def alone() -> dict[Callable[..., Any], BreakpointModel]:
    """What is learned without any other process' help."""
    return {
        drivers.native: peakahead.learn(drivers.native, CALLS, jobs=2, repeats=2),
        drivers.product_of_arguments: peakahead.learn(drivers.product_of_arguments, TWO, jobs=2, repeats=2),
    }


def started_by(starter: int) -> list[int]:
    """Return the servers that a process has started and that still run."""
    found = []
    for name in os.listdir("/proc"):
        try:
            stat = Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()
            line = Path(f"/proc/{name}/cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if int(stat[1]) == starter and stat[0] != "Z" and b"peakahead.learner.child" in line:
            found.append(int(name))
    return found


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="a cluster of real processes takes dask's distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
            ) as cluster,
            distributed.Client(cluster) as connected,
        ):
            yield connected


@pytest.mark.filterwarnings("ignore")  # distributed's own
@pytest.mark.parametrize("function", [drivers.native, drivers.product_of_arguments])
def test_a_cluster_learns_the_same_model(
    client: Any, alone: dict[Callable[..., Any], BreakpointModel], function: Callable[..., Any]
) -> None:
    calls: list[Any] = CALLS if function is drivers.native else TWO
    progress = []
    with joblib.parallel_config(backend="dask"):
        model = peakahead.learn(function, calls, jobs=2, repeats=2, progress=progress.append)

    assert_same(model, alone[function])
    assert [step.done for step in progress] == list(range(1, len(calls) + 1))


@pytest.mark.filterwarnings("ignore")  # distributed's own
def test_each_invocation_is_measured_on_a_worker_whose_servers_end_when_nobody_needs_them(
    client: Any, tmp_path: Path
) -> None:
    def set_patience(seconds: float) -> int:
        servers_there = __import__("peakahead.learner.isolation", fromlist=["servers"]).servers
        servers_there.patience_s = seconds
        return os.getpid()

    workers = set(client.run(set_patience, 1.0).values())
    calls = [(n * MIB, str(tmp_path)) for n in range(1, 21)]
    with joblib.parallel_config(backend="dask"):
        peakahead.learn(drivers.says_where, calls, jobs=2, repeats=0)

    assert {int(name) for name in os.listdir(tmp_path)} == workers
    assert os.getpid() not in workers
    until = time.monotonic() + 20
    while any(started_by(worker) for worker in workers) and time.monotonic() < until:
        time.sleep(0.1)
    assert [started_by(worker) for worker in workers] == [[], []]


@pytest.mark.filterwarnings("ignore:.*timeout or by a memory leak")  # loky, of workers on a loaded machine
@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_other_backends_learn_the_same_model(alone: dict[Callable[..., Any], BreakpointModel], backend: str) -> None:
    with joblib.parallel_config(backend=backend):
        model = peakahead.learn(drivers.native, CALLS, jobs=2, repeats=2)

    assert_same(model, alone[drivers.native])
    assert started_by(os.getpid()) == []


def test_idle_servers_of_this_process_end_with_the_training_and_so_does_their_clock() -> None:
    peakahead.learn(drivers.native, CALLS, repeats=0)

    assert started_by(os.getpid()) == []
    assert servers._timer is None
