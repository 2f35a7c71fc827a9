"""One invocation in production: the running readings, the forecasts, and what is done with them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from ..models.errors import PredictedMemoryExceeded
from ..models.formulas import Value
from ..models.model import BreakpointModel
from ..models.sizes import format_size
from .forecast import Forecast
from .resident import resident_bytes
from .steps import Plan, Step, ignore

OnForecast = Callable[[Forecast], object]


class Invocation:
    """One run of the target under `predict_memory`; what `with ... as run` gives.

    Attributes:
        errors: What `on_forecast` raised and was kept from the function.
        is_armed: False if the breakpoints couldn't be set, so that only the first forecast stands.
    """

    def __init__(
        self,
        model: BreakpointModel,
        plan: Plan,
        baseline_bytes: int,
        *,
        is_armed: bool = True,
        on_forecast: OnForecast | None = None,
        raise_errors: bool = False,
        limit_bytes: int | None = None,
    ) -> None:
        self.model = model
        self.errors: list[Exception] = []
        self.is_armed = is_armed
        self.token: Any = None
        self._baseline = baseline_bytes
        self._on_forecast = on_forecast
        self._raise_errors = raise_errors
        self._limit = limit_bytes
        self._stage = -1
        # What was said, and the forecasts made of it: made when they are asked for, since most never are.
        self._said: list[tuple[int, float, Sequence[Value], int, float]] = []
        self._forecasts: list[Forecast] = []
        self._began = perf_counter()
        self._names = plan.names
        self.steps: list[Step] = plan.steps(self._speak)

    @property
    def forecast(self) -> Forecast:
        """The latest forecast: of the best-informed stage that has spoken, its highest."""
        return self.forecasts[-1]

    @property
    def forecasts(self) -> list[Forecast]:
        """Every forecast so far, in order, each with its time."""
        for said in self._said[len(self._forecasts) :]:
            self._forecasts.append(self._forecast(*said))
        return list(self._forecasts)

    def start(self) -> None:
        """Let the first stage speak, which reads nothing."""
        self._speak(0, self.model.stages[0].formula.intercept, ())

    def end(self) -> None:
        """Stop listening: what still runs, in another thread or task, isn't this invocation any more."""
        self.steps = [ignore] * len(self.steps)

    def _speak(self, index: int, growth: float, values: Sequence[Value]) -> None:
        """Take a stage's forecast, which rose; an earlier stage's is dropped once a later one has spoken."""
        if index < self._stage:
            return
        self._stage = index
        self._said.append((index, growth, values, resident_bytes(), perf_counter() - self._began))
        if self._on_forecast is not None:
            self._tell(self._on_forecast, self.forecast)
        if self._limit is not None and index == len(self.model.stages) - 1:
            forecast = self.forecast
            if forecast.upper_peak_bytes > self._limit:
                raise PredictedMemoryExceeded(_refusal(self.model, forecast, self._limit), forecast, self._limit)

    def _forecast(
        self, index: int, growth: float, values: Sequence[Value], resident: int, elapsed_s: float
    ) -> Forecast:
        stage = self.model.stages[index]
        beyond = stage.is_beyond(values)
        upper = stage.bound.above(growth, beyond)
        # A warm process reuses what it freed, so growth over its present size would count that twice.
        peak = max(resident, self._baseline + int(growth))
        return Forecast(
            int(growth),
            int(upper),
            peak,
            max(peak, self._baseline + int(upper)),
            stage.site,
            index,
            dict(zip(self._names[index], values, strict=True)),
            beyond,
            elapsed_s,
        )

    def _tell(self, on_forecast: OnForecast, forecast: Forecast) -> None:
        if self._raise_errors:
            on_forecast(forecast)
            return
        try:
            on_forecast(forecast)
        except Exception as error:
            self.errors.append(error)
            if len(self.errors) == 1:
                warnings.warn(
                    f"on_forecast raised {type(error).__name__}: {error}; {self.model.target} goes on, "
                    "see run.errors, or let it through with on_error='raise'",
                    RuntimeWarning,
                    stacklevel=2,
                )


def _refusal(model: BreakpointModel, forecast: Forecast, limit: int) -> str:
    readings = ", ".join(f"{name} = {_written(value)}" for name, value in forecast.readings.items())
    return (
        f"{model.target} is predicted to take the process to {format_size(forecast.upper_peak_bytes)} at most "
        f"({format_size(forecast.peak_bytes)} expected), above limit={format_size(limit)}, "
        f"by {forecast.breakpoint}{f': {readings}' if readings else ''}; give it more memory or a smaller input"
    )


def _written(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:,.10g}"
