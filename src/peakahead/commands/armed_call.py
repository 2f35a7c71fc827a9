"""What a child runs to forecast a function beside its measured peak.

It loads no more than training's children and production do: what it loaded besides, the function couldn't be the first
to load, and would seem to need less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..learner.child import call_to_end
from ..models.errors import PredictedMemoryExceeded
from ..models.model import BreakpointModel
from ..runtime.arming import arm
from ..runtime.forecast import Forecast
from ..runtime.predict import predict_memory
from ..runtime.timing import HitCost, time_hits


@dataclass(frozen=True, slots=True)
class ArmedCall:
    """The target in its production wrapper; calling it returns what was said of the invocation.

    Attributes:
        function: The target.
        model: Its model.
        limit: The memory limit, or None.
    """

    function: Callable[..., Any]
    model: BreakpointModel
    limit: int | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Said:
        forecasts: list[Forecast] = []
        refusal = ""
        try:
            with predict_memory(self.model, on_forecast=forecasts.append, limit=self.limit):
                call_to_end(self.function, args, kwargs)
        except PredictedMemoryExceeded as error:
            refusal = str(error)
        return Said(tuple(forecasts), refusal)


@dataclass(frozen=True, slots=True)
class Said:
    """What was forecast in one invocation.

    Attributes:
        forecasts: In order.
        refusal: Why it was refused, or empty.
    """

    forecasts: tuple[Forecast, ...]
    refusal: str


@dataclass(frozen=True, slots=True)
class HitCosts:
    """Calling it runs the target armed, and returns what each breakpoint's hits cost."""

    function: Callable[..., Any]
    model: BreakpointModel

    def __call__(self, *args: Any, **kwargs: Any) -> list[HitCost]:
        return time_hits(self.model, lambda: call_to_end(self.function, args, kwargs))


def prepare(model: BreakpointModel, before: Callable[[], object] | None) -> None:
    """Do what comes before the memory is measured."""
    if before is not None:
        before()
    arm(model)
