"""Judges from production's results whether a model still holds, and says when to learn again.

An invocation counts if its own memory is known: it was armed, didn't fail, was measured, and none ran beside it.

In a warm process the measured peak holds also what earlier invocations left behind, of which this one may have reused
all or nothing. So what an invocation needed lies between what the process grew by since it began, and since the first
one did, cold. An error is counted from the nearer end, so that a warm process is no drift. Where it held at entry
already all that was forecast, the forecast is trivially right: for the errors such an invocation doesn't count, or many
would hide the others' drift. That is known before its peak is, so it doesn't bend the test.

Three hypotheses are tested, each by a bet that stays valid however often one looks (see `evidence`):

    bound      at most 1 - coverage of the invocations needed more than their upper bound
    errors     at most half of the errors exceed twice the model's median error in training, and 10 %
    processes  at most 1 - coverage of the processes' peaks stand above the bound, whoever grew them

Twice, since a median of some tens of invocations is known no better; 10 %, since below it pages, allocators and first
touches of a library speak. The first two say: learn again. The third alone says that processes keep memory, which
learning again doesn't change: leave room for it.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from ..models.result import Result
from ..models.sizes import FLOOR_BYTES
from .evidence import Evidence, evidence

LEVEL = 0.001  # of each test, over all looks together
TOLERANCE = 2.0  # times the error in training
LEAST_ERROR = 0.10
MOST_ERRORS = 0.5  # share of errors beyond that
MOST_BEYOND = 0.20  # share of invocations beyond the training range
REPLACED_AFTER = 10  # invocations under another model, with none under this

FINE, TOO_FEW, LEARN_AGAIN = "fine", "too few to tell", "learn again"
LEAVE_ROOM, REPLACED = "leave room", "replaced"


@dataclass(frozen=True, slots=True)
class Judged:
    """What one invocation says of its model.

    Attributes:
        at: When it ended, in seconds since the epoch.
        left_out: Why it doesn't count: unarmed, failed, overlapped or not measured; empty if it does.
        error: |peak forecast - measured| / measured growth, of no less than 2 MiB.
        is_above: Whether the process's peak stood above the upper bound.
        is_extrapolating: Whether its readings lie beyond what training saw.
        is_warm: Whether the process held at entry already all that was forecast.
        has_outgrown: Whether it needed more than its upper bound, even if it reused nothing.
        is_off: Whether its error exceeds what is tolerated, whatever it reused.
    """

    at: float
    left_out: str = ""
    error: float = 0.0
    is_above: bool = False
    is_extrapolating: bool = False
    is_warm: bool = False
    has_outgrown: bool = False
    is_off: bool = False

    @classmethod
    def of(cls, result: Result) -> Judged:
        peak, growth = result.measured_peak_bytes, result.measured_growth_bytes
        if not result.armed:
            return cls(result.ended_at, "unarmed")
        if result.failed:
            return cls(result.ended_at, "failed")
        if result.overlapped:
            return cls(result.ended_at, "overlapped")
        if peak is None or growth is None:
            return cls(result.ended_at, "not measured")
        # In a forked child, or after the system took pages back, it held less than it did at first.
        held = sorted((result.entry_bytes, result.baseline_bytes))
        most, least = (max(0, peak - bytes_) for bytes_ in held)
        forecast = result.growth_bytes
        need = min(max(forecast, least), most)  # the nearest to the forecast that may be true
        return cls(
            result.ended_at,
            "",
            abs(result.peak_bytes - peak) / max(growth, FLOOR_BYTES),
            peak > result.upper_peak_bytes,
            result.extrapolating,
            result.entry_bytes - result.baseline_bytes >= max(forecast, FLOOR_BYTES),
            least > result.upper_bytes,
            abs(forecast - need) > tolerated(result.error) * max(need, FLOOR_BYTES),
        )


def tolerated(error: float) -> float:
    """Return the error up to which a forecast is as good as its training left it."""
    return max(TOLERANCE * error, LEAST_ERROR)


@dataclass(slots=True)
class Watched:
    """A function under one model, as production saw it.

    Attributes:
        function: The function, as "module:qualname".
        model: The model's digest.
        coverage: The share of peaks that the model's bound is to cover.
        trained_error: The median error in training, of the best-informed stage that spoke.
        invocations: All of them.
        left_out: How many of them don't count, by the reason.
        first_at: When the first of them ended, in seconds since the epoch.
        last_at: When the last did.
        counted: How many count.
        median_error: The median of their errors, or None.
        above: How many peaks stood above the upper bound.
        beyond: How many invocations lay beyond the training range.
        warm: How many entered a process that held already what was forecast.
        bound: The evidence that more than 1 - coverage needed more than the bound.
        errors: The evidence that the errors have grown.
        processes: The evidence that more than 1 - coverage of the processes' peaks stand above the bound.
        needed: How many must count before it is called fine.
        is_replaced: Whether another model of the function has taken over.
        reasons: Why to learn again, one sentence each.
    """

    function: str
    model: str
    coverage: float
    trained_error: float
    invocations: int
    left_out: dict[str, int]
    first_at: float
    last_at: float
    counted: int
    median_error: float | None
    above: int
    beyond: int
    warm: int
    bound: Evidence
    errors: Evidence
    processes: Evidence
    needed: int
    is_replaced: bool = False
    reasons: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        if self.is_replaced:
            return REPLACED
        if self.reasons:
            return LEARN_AGAIN
        if self.processes.alarm is not None:
            return LEAVE_ROOM
        return TOO_FEW if self.counted < self.needed else FINE

    @property
    def sentence(self) -> str:
        """What to do, and why."""
        verdict = self.verdict
        if verdict == REPLACED:
            return f"{verdict}: another model has taken over since {date_text(self.last_at)}"
        if verdict == LEARN_AGAIN:
            return f"{verdict}: {'; '.join(self.reasons)}"
        if verdict == LEAVE_ROOM:
            return (
                f"{verdict}: {self.above} of {self.counted} peaks stand above the bound by what processes keep of "
                "earlier invocations: give the process more, or restart it now and then; learning again won't help"
            )
        if verdict == TOO_FEW:
            more = self.needed - self.counted
            return f"{verdict}: {more} more are needed that run alone, to their end, and are measured"
        return verdict


def watch(results: Iterable[tuple[float, Result]]) -> list[Watched]:
    """Return what the results say, one a function and model.

    Args:
        results: Each with the time to order it by.
    """
    groups: dict[tuple[str, str], _Group] = defaultdict(_Group)
    for at, result in results:
        groups[result.function, result.model].add(at, result)
    ends = {key: sorted(at for at, _ in group.judged) for key, group in groups.items()}
    found = []
    for (function, model), group in sorted(groups.items(), key=lambda item: (item[0][0], ends[item[0]][0])):
        watched = group.watched(function, model)
        last = ends[function, model][-1]
        others = (at for other, times in ends.items() if other[0] == function and other[1] != model for at in times)
        watched.is_replaced = sum(at > last for at in others) >= REPLACED_AFTER
        found.append(watched)
    return found


class _Group:
    """The invocations of one function under one model."""

    def __init__(self) -> None:
        self.judged: list[tuple[float, Judged]] = []
        self._stage = -1
        self._error = self._coverage = 0.0

    def add(self, at: float, result: Result) -> None:
        self.judged.append((at, Judged.of(result)))
        if result.stage > self._stage:
            self._stage, self._error, self._coverage = result.stage, result.error, result.coverage

    def watched(self, function: str, model: str) -> Watched:
        self.judged.sort(key=lambda one: one[0])  # stable: of equal times, in the order of their file
        everyone = [judged for _, judged in self.judged]
        counted = [judged for judged in everyone if not judged.left_out]
        cold = [judged for judged in counted if not judged.is_warm]
        uncovered = min(max(1.0 - self._coverage, 1e-9), 1.0 - 1e-9)
        watched = Watched(
            function,
            model,
            self._coverage,
            self._error,
            len(everyone),
            dict(sorted(Counter(judged.left_out for judged in everyone if judged.left_out).items())),
            min(judged.at for judged in everyone),
            max(judged.at for judged in everyone),
            len(counted),
            median(judged.error for judged in counted) if counted else None,
            sum(judged.is_above for judged in counted),
            sum(judged.is_extrapolating for judged in counted),
            len(counted) - len(cold),
            evidence((judged.has_outgrown for judged in counted), uncovered, LEVEL),
            evidence((judged.is_off for judged in cold), MOST_ERRORS, LEVEL),
            evidence((judged.is_above for judged in counted), uncovered, LEVEL),
            math.ceil(1.0 / uncovered - 1e-6),  # so many that one above the bound is to be expected
        )
        watched.reasons += _reasons(watched, everyone, counted, cold)
        return watched


def _reasons(
    watched: Watched, everyone: Sequence[Judged], counted: Sequence[Judged], cold: Sequence[Judged]
) -> Iterator[str]:
    unarmed = [judged.at for judged in everyone if judged.left_out == "unarmed"]
    if unarmed:
        yield (
            f"{len(unarmed)} of {len(everyone)} ran unarmed, one of them at {date_text(unarmed[-1])}: "
            "the code isn't what was trained, or can't be armed there, as its warnings say"
        )
    bound, errors = watched.bound, watched.errors
    if bound.alarm is not None:
        yield (
            f"{bound.events} of {bound.trials} needed more than the upper bound, "
            f"which {1.0 - watched.coverage:.1%} may; beyond chance since {date_text(counted[bound.alarm].at)}"
        )
    if errors.alarm is not None:
        yield (
            f"{errors.events} of {errors.trials} forecasts are off by more than "
            f"{tolerated(watched.trained_error):.1%}, which half may; "
            f"beyond chance since {date_text(cold[errors.alarm].at)}"
        )
    if watched.counted >= watched.needed and watched.beyond > MOST_BEYOND * watched.counted:
        yield f"{watched.beyond} of {watched.counted} lie beyond the training range: learn from such inputs too"


def date_text(at: float) -> str:
    """Return a moment as a person here reads it."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return "a time that no calendar knows"
