"""What a hit costs, measured on the values that a real invocation meets."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..models.model import BreakpointModel
from ..models.sites import Site
from .arming import armed_state
from .invocation import Invocation
from .state import Armed

if TYPE_CHECKING:
    from .steps import Refusal, Step

_REPEATS = 2_000
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class HitCost:
    """What one site's hits cost.

    Attributes:
        site: The site.
        hits: How often it was hit.
        seconds: Of one hit that doesn't raise the forecast: the call, reading, folding and evaluating.
    """

    site: Site
    hits: int
    seconds: float


def time_hits(model: BreakpointModel, call: Callable[[], object]) -> list[HitCost]:
    """Return what hits cost, by running an invocation in which each site times its hook on its first value.

    Args:
        model: The model; it is armed.
        call: Runs the target once.
    """
    state = armed_state(model)
    sites = model.sites()
    invocation = Invocation(state)
    hits = [0] * len(sites)
    seconds = [0.0] * len(sites)

    def watched(index: int, step: Step) -> Step:
        def watch(run: Invocation, value: Any) -> Refusal:
            hits[index] += 1
            if hits[index] == 1:
                seconds[index] = Context().run(_time_hook, state, index, value)  # in no other invocation
            return step(run, value)

        return watch

    invocation.steps = [watched(index, step) for index, step in enumerate(invocation.steps)]
    invocation.start()
    state.enter(invocation)
    try:
        call()
    finally:
        state.leave(invocation)
    return [HitCost(*row) for row in zip(sites, hits, seconds, strict=True)]


def _time_hook(state: Armed, index: int, value: Any) -> float:
    """Return the seconds of one call of a hook, on a scratch invocation that has met the value before."""
    hook = state.hooks[index]
    scratch = Invocation(state)
    state.enter(scratch)
    try:
        hook(value)
        bare = hooked = float("inf")
        for _ in range(_ROUNDS):
            began = perf_counter()
            for _ in range(_REPEATS):
                pass
            between = perf_counter()
            for _ in range(_REPEATS):
                hook(value)
            ended = perf_counter()
            bare = min(bare, between - began)
            hooked = min(hooked, ended - between)
    finally:
        state.leave(scratch)
    return (hooked - bare) / _REPEATS
