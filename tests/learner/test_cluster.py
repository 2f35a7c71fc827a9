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
from tests.learner.clusters import MIB, assert_same, started_by
from tests.programs import drivers

CALLS = [(n * MIB,) for n in range(2, 42, 2)]
GENERATOR = random.Random(3)
TWO = [(GENERATOR.randint(2_000, 10_000), GENERATOR.randint(2_000, 8_000)) for _ in range(20)]


@pytest.fixture(scope="module")
def alone() -> dict[Callable[..., Any], BreakpointModel]:
    """What is learned without any other process' help."""
    return {
        drivers.native: peakahead.learn(drivers.native, CALLS, jobs=2, repeats=2),
        drivers.product_of_arguments: peakahead.learn(drivers.product_of_arguments, TWO, jobs=2, repeats=2),
    }


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
