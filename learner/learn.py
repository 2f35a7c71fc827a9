"""Learns a function: measures its invocations in children, and fits a breakpoint model to what they did."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import joblib

from ..models.errors import InvalidInvocation, InvalidOption, InvalidTarget
from ..models.fingerprints import source_digest
from ..models.model import BreakpointModel
from ..models.sites import FunctionRef
from .bound import check_enough
from .child import Task
from .cluster import Caller, Cluster, versions
from .fit import check_coverage, fit_files
from .invocations import Invocation, InvocationLike, normalise
from .isolation import Outcome, measure, servers
from .meters import METERS
from .origin import Origin
from .pickling import dumps
from .scope import Scope
from .target import reference, underlying_function
from .trace_folder import TraceFolder

_LONGEST_DETAIL = 1_000
ISOLATIONS = ("forkserver", "spawn")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far training has come.

    Attributes:
        done: Invocations measured, failures included.
        total: Invocations to measure.
        failed: How many failed.
        elapsed_s: Seconds since training began.
        last: What became of the latest; on a cluster they end in any order.
    """

    done: int
    total: int
    failed: int
    elapsed_s: float
    last: Outcome


def learn(
    function: Callable[..., Any],
    invocations: Iterable[InvocationLike],
    *,
    jobs: int = 1,
    coverage: float = 0.95,
    before: Callable[[], object] | None = None,
    timeout: float | None = None,
    isolation: str = "forkserver",
    meter: str = "rss",
    packages: Iterable[str] = (),
    repeats: int = 5,
    traces: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> BreakpointModel:
    """Learn which variable, at which line, settles a function's peak memory.

    Each invocation runs in a process of its own, traced in full. One that raises, times out or is killed is
    counted, and doesn't end the training. The work is spread by joblib and honours an ambient
    `joblib.parallel_config`; with `backend="dask"` the workers of a cluster measure, and this process fits.

    Args:
        function: The function; a coroutine function is run to its end, a generator drawn to its end.
        invocations: What to call it with: tuples of arguments, dicts of keyword arguments, or `Invocation`s.
        jobs: How many invocations to measure at a time; -1 for one a core. On a cluster as many as its workers have
            threads.
        coverage: The share of invocations whose peak the upper bound is to cover.
        before: Called in each child before its memory is measured: imports, connections.
        timeout: Seconds after which an invocation is ended.
        isolation: `forkserver`, or `spawn` for modules that don't survive a fork.
        meter: `rss` for resident memory, or `heap` for what tracemalloc sees.
        packages: Further packages to trace than the function's own.
        repeats: How many invocations to measure once more untraced, to learn what tracing takes from a peak, and
            by how much equal invocations differ.
        traces: A folder to keep the trace files in, for `fit`; None keeps none.
        progress: Called after each invocation.

    Returns:
        The model; where no variable explains the growth it has only the stage at the start.

    Raises:
        InvalidTarget: If the function has no Python source to trace.
        InvalidInvocation: If an invocation doesn't fit the function, or can't be sent to a child.
        InvalidOption: If an option has a value that it can't take.
        TrainingFailed: If too few invocations succeed for the coverage asked.
    """
    _check_options(coverage, isolation, meter, timeout, jobs, repeats)
    found = underlying_function(function)
    calls = normalise(function, invocations)
    check_enough(len(calls), coverage)
    fork = isolation == "forkserver"
    run = uuid.uuid4().hex[:8]
    task = _pickled_task(Task(function, before, Scope.of(found, tuple(packages)), meter, fork, training=run))
    arguments = [_pickled(number, call) for number, call in enumerate(calls, 1)]
    with tempfile.TemporaryDirectory(prefix="peakahead-") as temporary:
        folder = TraceFolder(temporary if traces is None else traces)
        source = source_digest(found.__code__)
        cluster = Cluster.ambient()
        target = reference(found)
        work = _Work(task, arguments, jobs, fork, timeout, target, source, meter, isolation, folder, run, cluster)
        try:
            work.measure_again(work.measure_all(progress), repeats)
        finally:
            servers.close(task)
        files, complaints = folder.files(run)
        # The traces are here, and what searches them would take them to the workers over and over.
        with joblib.parallel_config(backend="threading") if cluster is not None else contextlib.nullcontext():
            return fit_files(files, complaints, coverage, jobs)


def _check_options(coverage: float, isolation: str, meter: str, timeout: float | None, jobs: int, repeats: int) -> None:
    check_coverage(coverage)
    if isolation not in ISOLATIONS:
        raise InvalidOption(f"isolation={isolation!r} is unknown: choose one of {', '.join(ISOLATIONS)}")
    if meter not in METERS:
        raise InvalidOption(f"meter={meter!r} is unknown: choose one of {', '.join(METERS)}")
    if timeout is not None and not timeout > 0:
        raise InvalidOption(f"timeout={timeout!r} is not a time: give seconds above 0, or None")
    if jobs == 0:
        raise InvalidOption("jobs=0 measures nothing: give a number of invocations at a time, or -1 for one a core")
    if repeats < 0:
        raise InvalidOption(f"repeats={repeats} is not a number of invocations: give 0 or more")


@dataclass(frozen=True, slots=True)
class _Work:
    """The invocations to measure, and how.

    Attributes:
        run: What the names of this training's trace files begin with.
        cluster: Where to measure them, or None for here.
    """

    task: bytes
    arguments: list[bytes]
    jobs: int
    fork: bool
    timeout: float | None
    target: FunctionRef
    source: str
    meter: str
    isolation: str
    folder: TraceFolder
    run: str
    cluster: Cluster | None

    def measure_all(self, progress: Callable[[Progress], None] | None) -> list[Outcome]:
        """Trace every invocation; return what became of each, without its trace."""
        began = time.monotonic()
        outcomes: dict[int, Outcome] = {}
        failed = 0
        for index, outcome in self._measure(range(len(self.arguments)), True):
            outcomes[index] = last = replace(outcome, trace=b"")
            failed += outcome.status != "ok"
            if progress is not None:
                progress(Progress(len(outcomes), len(self.arguments), failed, time.monotonic() - began, last))
        return [outcomes[index] for index in sorted(outcomes)]

    def measure_again(self, traced: Sequence[Outcome], repeats: int) -> None:
        """Measure some invocations from all over the range once more, untraced."""
        measured = sorted((outcome.peak_bytes, index) for index, outcome in enumerate(traced) if outcome.status == "ok")
        n = min(repeats, len(measured))
        picked = [measured[round((k + 0.5) * len(measured) / n - 0.5)][1] for k in range(n)]
        for _ in self._measure(picked, False):
            pass

    def _measure(self, indexes: Iterable[int], traced: bool) -> Iterator[tuple[int, Outcome]]:
        """Measure invocations, write their files, and yield what became of them; in order, but on a cluster."""
        chosen = list(indexes)
        options: dict[str, Any] = {"fork": self.fork, "traced": traced, "timeout_s": self.timeout}
        outcomes: Iterable[tuple[int, Outcome]]
        if self.cluster is not None:
            caller = Caller(self.target, self.source, versions(), self.run)
            requests = ((index, self.arguments[index]) for index in chosen)
            outcomes = self.cluster.measure(caller, self.task, requests, **options)
        else:
            jobs = (joblib.delayed(measure)(self.task, self.arguments[index], **options) for index in chosen)
            outcomes = zip(chosen, _parallel(self.jobs)(jobs), strict=True)
        for index, outcome in outcomes:
            self.folder.write(outcome.trace, self._origin(index, outcome, traced))
            yield index, outcome

    def _origin(self, index: int, outcome: Outcome, traced: bool) -> Origin:
        return Origin(
            self.target,
            f"{self.run}-{index + 1:06}",
            outcome.status,
            outcome.detail[:_LONGEST_DETAIL],
            traced,
            outcome.peak_bytes,
            self.meter,
            self.isolation,
            *outcome.environment,
            source=self.source,
            baseline_bytes=outcome.baseline_bytes,
        )


def _parallel(jobs: int) -> Any:
    """Return what runs jobs and hands on their results as they come; all at the end where the backend can't."""
    # The work is done in child processes, so threads are enough to wait for them here.
    try:
        return joblib.Parallel(n_jobs=jobs, prefer="threads", return_as="generator")
    except ValueError:  # an ambient backend such as "multiprocessing"
        return joblib.Parallel(n_jobs=jobs, prefer="threads")


def _pickled_task(task: Task) -> bytes:
    try:
        return dumps(task)
    except Exception as error:
        raise InvalidTarget(
            f"{task.function!r} can't be sent to a child process ({error}): it, `before` and registered features "
            "must pickle; define them at a module's top level, without what only this process has"
        ) from error


def _pickled(number: int, call: Invocation) -> bytes:
    try:
        return dumps((tuple(call.args), dict(call.kwargs)))
    except Exception as error:
        raise InvalidInvocation(
            f"invocation {number} can't be sent to a child process ({error}): give arguments that pickle, "
            "such as a path instead of an open file"
        ) from error
