"""Learns a function: measures its invocations in children, and fits a breakpoint model to what they did."""

from __future__ import annotations

import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import cloudpickle
import joblib

from ..models.errors import InvalidInvocation, InvalidOption, TrainingFailed
from ..models.model import BreakpointModel, Training
from .bound import check_enough
from .child import Task
from .fit import fit_model
from .invocations import Invocation, InvocationLike, normalise
from .isolation import Outcome, measure, servers
from .judging import FLOOR_BYTES
from .meters import METERS
from .scope import Scope
from .target import reference, underlying_function
from .traces import Trace, read_trace

ISOLATIONS = ("forkserver", "spawn")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far training has come.

    Attributes:
        done: Invocations measured, failures included.
        total: Invocations to measure.
        failed: How many failed.
        elapsed_s: Seconds since training began.
        last: What became of the latest.
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
    progress: Callable[[Progress], None] | None = None,
) -> BreakpointModel:
    """Learn which variable, at which line, settles a function's peak memory.

    Each invocation runs in a process of its own, traced in full. One that raises, times out or is killed is
    counted, and doesn't end the training. The work is spread by joblib and honours an ambient
    `joblib.parallel_config`.

    Args:
        function: The function; a coroutine function is run to its end, a generator drawn to its end.
        invocations: What to call it with: tuples of arguments, dicts of keyword arguments, or `Invocation`s.
        jobs: How many invocations to measure at a time; -1 for one a core.
        coverage: The share of invocations whose peak the upper bound is to cover.
        before: Called in each child before its memory is measured: imports, connections.
        timeout: Seconds after which an invocation is ended.
        isolation: `forkserver`, or `spawn` for modules that don't survive a fork.
        meter: `rss` for resident memory, or `heap` for what tracemalloc sees.
        packages: Further packages to trace than the function's own.
        repeats: How many invocations to measure once more untraced, to learn what tracing takes from a peak.
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
    task = cloudpickle.dumps(Task(function, before, Scope.of(found, tuple(packages)), meter, fork))
    work = _Work(task, [_pickled(number, call) for number, call in enumerate(calls, 1)], jobs, fork, timeout)
    try:
        outcomes = work.measure_all(progress)
        offset, noise = work.untraced_offset(outcomes, repeats)
    finally:
        servers.close(task)
    failures = Counter(outcome.status for outcome in outcomes if outcome.status != "ok")
    traces = [read_trace(outcome.trace).shifted(offset) for outcome in outcomes if outcome.status == "ok"]
    if not traces:
        first = outcomes[0]
        raise TrainingFailed(
            f"all {len(calls)} invocations failed, the first {first.status} ({first.detail}): "
            "run one by hand, and correct the function or the arguments"
        )
    check_enough_left(len(traces), len(calls), outcomes, coverage)
    training = _training(traces, failures, meter, isolation, noise)
    return fit_model(traces, len(traces), reference(found), training, coverage, jobs=jobs)


def check_enough_left(n_traces: int, n_calls: int, outcomes: list[Outcome], coverage: float) -> None:
    """Raise TrainingFailed, naming a failure, if those that succeeded are too few for the coverage."""
    try:
        check_enough(n_traces, coverage)
    except TrainingFailed as error:
        failed = next(outcome for outcome in outcomes if outcome.status != "ok")
        raise TrainingFailed(
            f"{n_calls - n_traces} of {n_calls} invocations failed, one {failed.status} ({failed.detail}); {error}"
        ) from None


def _check_options(coverage: float, isolation: str, meter: str, timeout: float | None, jobs: int, repeats: int) -> None:
    if not 0.0 < coverage < 1.0:
        raise InvalidOption(f"coverage={coverage!r} is not a share: give a number above 0 and below 1, such as 0.95")
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
    """The invocations to measure, and how."""

    task: bytes
    arguments: list[bytes]
    jobs: int
    fork: bool
    timeout: float | None

    def _measure(self, arguments: list[bytes], traced: bool) -> Iterator[Outcome]:
        # The work is done in child processes, so threads are enough to wait for them here.
        parallel = joblib.Parallel(n_jobs=self.jobs, prefer="threads", return_as="generator")
        outcomes: Iterator[Outcome] = parallel(
            joblib.delayed(measure)(self.task, one, fork=self.fork, traced=traced, timeout_s=self.timeout)
            for one in arguments
        )
        return outcomes

    def measure_all(self, progress: Callable[[Progress], None] | None) -> list[Outcome]:
        """Trace every invocation."""
        began = time.monotonic()
        outcomes: list[Outcome] = []
        failed = 0
        for outcome in self._measure(self.arguments, True):
            outcomes.append(outcome)
            failed += outcome.status != "ok"
            if progress is not None:
                progress(Progress(len(outcomes), len(self.arguments), failed, time.monotonic() - began, outcome))
        return outcomes

    def untraced_offset(self, traced: list[Outcome], repeats: int) -> tuple[int, float | None]:
        """Return the bytes by which untraced peaks stand above traced ones, and by what share of the peak they vary.

        The first is 0 where it can't be told from noise, the second None where nothing was measured again.

        The tracer, warmed beforehand, has touched pages that a function alone is the first to touch. Invocations
        from all over the range are measured again; where the function itself varies more, as one that draws
        random numbers, nothing is added.
        """
        measured = sorted((outcome.peak_bytes, index) for index, outcome in enumerate(traced) if outcome.status == "ok")
        if repeats < 1 or not measured:
            return 0, None
        n = min(repeats, len(measured))
        picked = [measured[round((k + 0.5) * len(measured) / n - 0.5)][1] for k in range(n)]
        again = self._measure([self.arguments[index] for index in picked], False)
        pairs = [
            (outcome.peak_bytes, traced[index].peak_bytes)
            for index, outcome in zip(picked, again, strict=True)
            if outcome.status == "ok"
        ]
        if len(pairs) < 2:
            return 0, None
        middle = median(untraced - traced for untraced, traced in pairs)
        spread = median(abs(untraced - traced - middle) for untraced, traced in pairs)
        noise = median(abs(untraced - traced - middle) / max(untraced, FLOOR_BYTES) for untraced, traced in pairs)
        return int(middle) if abs(middle) > spread else 0, noise


def _pickled(number: int, call: Invocation) -> bytes:
    try:
        pickled: bytes = cloudpickle.dumps((tuple(call.args), dict(call.kwargs)))
    except Exception as error:
        raise InvalidInvocation(
            f"invocation {number} can't be sent to a child process ({error}): give arguments that pickle, "
            "such as a path instead of an open file"
        ) from error
    return pickled


def _training(traces: list[Trace], failures: Counter[str], meter: str, isolation: str, noise: float | None) -> Training:
    peaks = [trace.peak_bytes for trace in traces]
    return Training(
        len(traces),
        dict(sorted(failures.items())),
        (min(peaks), max(peaks)),
        meter,
        isolation,
        platform.python_version(),
        f"{platform.system()} {platform.machine()}",
        " ".join(platform.libc_ver()).strip() or "unknown",
        noise=noise,
    )
