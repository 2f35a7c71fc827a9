"""Spreads invocations over the workers of a dask cluster.

joblib says which cluster: `joblib.parallel_config(backend="dask")`. The work goes through the cluster's own client,
since joblib's backend for it waits forever for what dask gives up: a task whose workers died, or that no worker could
unpickle. Here each invocation is a task of its own, of which dask runs as many as the workers have threads:

- One whose worker dies is run again by dask, on another worker; what the dead one had begun counts for nothing.
- One that dask gives up, since several workers died with it, may have been only the neighbour of the one that ended
  them. It is run once more, after all others and alone; where that too ends its workers it is counted as killed.
- An outcome is fetched, and handed on to be written, as soon as it is there: neither the client nor the workers pile
  up traces.
"""

from __future__ import annotations

import contextlib
import functools
import json
import pickle
import platform
import queue
import sys
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import joblib

from ..models.errors import InvalidModel, TrainingFailed
from ..models.fields import Fields
from ..models.fingerprints import Fingerprint
from ..models.sites import FunctionRef
from .isolation import Outcome, measure
from .origin import records
from .recording import FOOTER

_LOOK_S = 1.0  # how often to look for workers that joined or left
_PATIENCE_S = 10.0  # without any worker, before that is told
_checked: set[Caller] = set()  # on a worker: whose code it was found to have


@dataclass(frozen=True, slots=True)
class Caller:
    """What the client runs, which its workers must run too.

    Attributes:
        target: The function.
        source: The digest of its source, or empty where it isn't known.
        versions: Those of Python, to the minor one, and of peakahead: functions travel as code objects.
        training: A name of the training.
    """

    target: FunctionRef
    source: str
    versions: str
    training: str


def versions() -> str:
    """Return what must be the same on the client and its workers."""
    release = sys.modules[__name__.partition(".")[0]].__version__
    return f"Python {'.'.join(platform.python_version_tuple()[:2])} with peakahead {release}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A dask cluster.

    Attributes:
        client: The `distributed.Client`.
        options: What is given to each `client.submit`, such as `resources`.
    """

    client: Any
    options: dict[str, Any]

    @classmethod
    def ambient(cls) -> Cluster | None:
        """Return the cluster that `joblib.parallel_config` names, or None if it names none."""
        backend, _ = joblib.parallel.get_active_backend()
        if type(backend).__name__ != "DaskDistributedBackend":
            return None
        return cls(backend.client, dict(backend.submit_kwargs))

    def measure(
        self, caller: Caller, task: bytes, requests: Iterable[tuple[int, bytes]], **options: Any
    ) -> Iterator[tuple[int, Outcome]]:
        """Measure invocations, and yield their numbers and what became of them, as they end.

        Args:
            caller: What the workers are to run.
            task: The pickled `Task`.
            requests: The number and the pickled arguments of each invocation.
            **options: Those of `isolation.measure`.

        Raises:
            TrainingFailed: If the workers can't run the function, or the cluster is lost.
        """
        run = functools.partial(_measure_there, caller, task, **options)
        given_up = []
        for request, outcome in self._run(run, requests):
            if outcome is None:
                given_up.append(request)
            else:
                yield request[0], outcome
        for request, outcome in self._run(run, given_up, at_most=1):
            yield request[0], outcome or Outcome("killed", "it ended every worker of the cluster that it ran on")

    def _run(
        self, run: Any, requests: Iterable[tuple[int, bytes]], at_most: int | None = None
    ) -> Iterator[tuple[tuple[int, bytes], Outcome | None]]:
        """Yield each request with its outcome, or with None if dask gave it up."""
        waiting = iter(requests)
        under_way: dict[Any, tuple[int, bytes]] = {}
        ended: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def fill() -> None:
            room = self._room() if at_most is None else at_most
            while len(under_way) < room and (request := next(waiting, None)) is not None:
                future = self._submit(run, request)
                under_way[future] = request
                future.add_done_callback(ended.put)

        try:
            fill()
            while under_way:
                with contextlib.suppress(queue.Empty):
                    future = ended.get(timeout=_LOOK_S)
                    request = under_way[future]
                    outcome = _result(future, request[0])
                    del under_way[future], future  # so that the cluster forgets it
                    fill()  # first, so that the workers don't wait for what is done with the outcome
                    yield request, outcome
                fill()
        finally:
            if under_way:
                with contextlib.suppress(Exception):  # a cluster that is lost has nothing to cancel
                    self.client.cancel(list(under_way), force=True)

    def _submit(self, run: Any, request: tuple[int, bytes]) -> Any:
        key = f"peakahead-{request[0] + 1}-{uuid.uuid4().hex}"
        with warnings.catch_warnings():
            # Arguments are sent once anyway, and scattered ones would be lost with the worker that holds them.
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            payload = pickle.dumps(_Call(run, request[1]))
            return self.client.submit(pickle.loads, payload, **{**self.options, "key": key, "pure": False})

    def _room(self) -> int:
        """Return how many invocations the workers can run at a time; wait while there is no worker."""
        told = time.monotonic() + _PATIENCE_S
        while True:
            try:
                room: int = sum(self.client.nthreads().values())
            except Exception as error:
                raise TrainingFailed(
                    f"the cluster's scheduler doesn't answer ({type(error).__name__}: {error}): see whether it runs"
                ) from error
            if room:
                return room
            if time.monotonic() > told:
                warnings.warn("the cluster has no workers: training waits for one", RuntimeWarning, stacklevel=8)
                told = float("inf")
            time.sleep(_LOOK_S / 4)


@dataclass(frozen=True, slots=True)
class _Call:
    """Unpickled, it is what the call gives; so a worker without peakahead raises in the task, instead of ending."""

    run: Any
    arguments: bytes

    def __reduce__(self) -> tuple[Any, ...]:
        return self.run, (self.arguments,)


def _result(future: Any, number: int) -> Outcome | None:
    """Return an invocation's outcome, or None if dask gave it up since its workers died."""
    try:
        outcome: Outcome = future.result()
    except TrainingFailed:
        raise
    except Exception as error:
        name = type(error).__name__
        if name == "KilledWorker":
            return None
        if "Cancelled" in name:
            raise TrainingFailed(
                f"the cluster lost invocation {number + 1} ({name}): its scheduler was restarted, or the client closed"
            ) from error
        raise TrainingFailed(
            f"a worker of the cluster can't take up invocation {number + 1} ({name}: {error}): "
            "its Python and its packages must be those of this process, peakahead[learn] among them"
        ) from error
    return outcome


def _measure_there(caller: Caller, task: bytes, arguments: bytes, **options: Any) -> Outcome:
    """Measure an invocation on the worker that this runs on."""
    if versions() != caller.versions:
        raise TrainingFailed(
            f"{_worker()} runs {versions()}, and the process that trains {caller.versions}: start it with the same"
        )
    try:
        outcome = measure(task, arguments, **options)
    except TrainingFailed as error:
        raise TrainingFailed(
            f"{_worker()} can't run {caller.target}: {error}; install it there, send it by client.upload_file, "
            "or by value, as cloudpickle.register_pickle_by_value does"
        ) from None
    if caller not in _checked and outcome.trace:
        source = _source(outcome.trace, caller.target)
        if source and caller.source and source != caller.source:
            raise TrainingFailed(
                f"{_worker()} has another version of {caller.target} than the process that trains: "
                "install the same there"
            )
        _checked.add(caller)
    return outcome


def _worker() -> str:
    import distributed

    return f"the worker at {distributed.get_worker().address}"


def _source(trace: bytes, target: FunctionRef) -> str:
    """Return the digest of the source that was traced, or an empty text if the trace doesn't say."""
    try:
        footer = next((bytes(payload) for tag, payload in records(trace) if tag == FOOTER), b"{}")
        found = map(Fingerprint.from_json, Fields(json.loads(footer), "trace").children("functions"))
        return next((one.source for one in found if one.function == target), "")
    except (ValueError, InvalidModel):
        return ""
