"""One invocation in production: the running readings, the forecasts, and what is done with them."""

from __future__ import annotations

import warnings
from time import perf_counter

from ..models.errors import PredictedMemoryExceeded
from ..models.formulas import Value
from ..models.guard import READING_ERRORS, is_from_signal_handler
from ..models.sizes import format_size
from .forecast import Forecast
from .resident import resident_bytes
from .steps import no_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ..models.result import Result
    from .results import Results
    from .state import Armed
    from .steps import Refusal, Step

    OnForecast = Callable[[Forecast], object]

# The blocks that Python takes from the system: by up to one of them a warm process rises further, since what earlier
# invocations freed of it lies in part-used ones.
ARENA_BYTES = 2**20
_COLD = (0, 0, 0)
MAX_FORECASTS = 1_000
MAX_ERRORS = 100


class _NoSteps:
    def __getitem__(self, _: int) -> Step:
        return no_step


class _Nobody:
    """The invocation that a thread is in while `on_forecast` runs: what is hit there is nobody's."""

    steps: Any = _NoSteps()
    outer = None
    is_over = True


_NOBODY: Any = _Nobody()


class _Said:
    """What was said, and the forecast made of it: made when it is asked for, since most never are."""

    __slots__ = ("elapsed_s", "forecast", "growth", "index", "resident", "values")

    def __init__(self, index: int, growth: float, values: Sequence[Value], resident: int, elapsed_s: float) -> None:
        self.index = index
        self.growth = growth
        self.values = values
        self.resident = resident
        self.elapsed_s = elapsed_s
        self.forecast: Forecast | None = None


class Invocation:
    """One run of the target under `predict_memory`; what `with ... as run` gives.

    Attributes:
        errors: What `on_forecast`, or a registered reading, raised and was kept from the function; the first hundred,
            without their frames, which would hold the function's variables.
        error_count: How many there were.
        is_armed: False if the breakpoints couldn't be set, so that only the first forecast stands.
        raises_errors: True if what `on_forecast` raises is let through.
        is_over: True once it was left.
        failed: The name of the class of the exception that ended it, or empty.
        measurement: Of its peak while it is under way, if it is measured.
        result: Once it has ended, its forecast beside the measured peak, if `on_result` or `results` ask for it.
    """

    def __init__(
        self,
        armed: Armed,
        *,
        on_forecast: OnForecast | None = None,
        raise_errors: bool = False,
        limit_bytes: int | None = None,
        results: Results | None = None,
    ) -> None:
        self.model = armed.model
        self.errors: list[Exception] = []
        self.error_count = 0
        self.is_armed = armed.is_armed
        self.is_over = False
        self.failed = ""
        self.result: Result | None = None
        self.outer: Invocation | None = None
        self._armed = armed
        self._on_forecast = on_forecast
        self.raises_errors = raise_errors
        self._limit = limit_bytes
        warmth = armed.warmth
        self._passed = (warmth.expected_bytes, warmth.most_bytes, ARENA_BYTES) if armed.is_warm else _COLD
        self._stage = -1
        self._said: list[_Said] = []
        self.began = perf_counter()
        self.steps: Sequence[Step] = armed.plan.steps
        self.state = armed.plan.blank.copy()
        self._results = results
        self.measurement = None if results is None else results.measure()

    @property
    def forecast(self) -> Forecast:
        """The latest forecast: of the best-informed stage that has spoken, its highest."""
        return self._forecast(self._said[-1])

    @property
    def forecasts(self) -> list[Forecast]:
        """Every forecast so far, in order, each with its time; of more than a thousand, every second is left out."""
        return [self._forecast(said) for said in self._said[:]]

    def start(self) -> None:
        """Let the first stage speak, which reads nothing.

        Raises:
            PredictedMemoryExceeded: If it is the only one, and its bound passes the limit.
        """
        refused = self.speak(0, self.model.stages[0].formula.intercept, ())
        if refused is not None:
            raise refused

    @property
    def is_unheard(self) -> bool:
        """Tell whether nothing but the first stage has spoken, which reads nothing."""
        return self._stage < 1

    @property
    def baseline_bytes(self) -> int:
        """What the process holds cold: the least that it held when an invocation of the model began."""
        return self._armed.baseline_bytes

    @property
    def entry_bytes(self) -> int:
        """What the process held when the invocation began."""
        return self._said[0].resident

    def pause(self) -> None:
        """Let this thread or task be in what is around the invocation, until it goes on."""
        self._armed.pause(self)

    def resume(self) -> None:
        """Let this thread or task be in the invocation again."""
        self._armed.resume(self)

    def end(self, error: BaseException | None = None) -> None:
        """End the invocation, and tell of it.

        Args:
            error: What the function raised, or None.
        """
        if error is not None:
            self.failed = type(error).__name__
        self._armed.leave(self)

    def stop(self) -> None:
        """Stop listening: what still runs, in another thread or task, isn't this invocation any more."""
        self.is_over = True
        self.steps = _NOBODY.steps
        self.state = self._armed.plan.blank.copy()  # lets go what it held; another thread may still be in a step
        self.outer = None

    def learn_warmth(self, measured_bytes: int) -> None:
        """Let the process learn from the peak that was measured, where the forecast was the best-informed one."""
        said = self._said[-1]
        if self.is_armed and not self.failed and said.index == len(self.model.stages) - 1:
            cold = self.baseline_bytes + int(said.growth)
            self._armed.warmth.learn(cold, self.baseline_bytes, self.entry_bytes, measured_bytes)

    def conclude(self) -> None:
        """Tell of what it came to, once it is nobody's any more; nothing is done a second time."""
        results, measurement = self._results, self.measurement
        if results is not None and measurement is not None:
            self.measurement = None
            results.conclude(self, measurement)

    def speak(self, index: int, growth: float, values: Sequence[Value]) -> Refusal:
        """Take a stage's forecast, which rose; an earlier stage's is dropped once a later one has spoken.

        Returns:
            The error to raise at the breakpoint, where the limit would be passed.
        """
        if index < self._stage:
            return None
        self._stage = index
        try:
            resident = resident_bytes()
            if index == 0:
                self._armed.note_beginning(resident)
            self._note(_Said(index, growth, values, resident, perf_counter() - self.began))
        except READING_ERRORS as error:  # no memory left, say
            self.count_error("the forecast", error)
            return None
        if self._on_forecast is not None:
            self.tell("on_forecast", self._on_forecast, self.forecast)
        if self._limit is not None and index == len(self.model.stages) - 1:
            forecast = self.forecast
            if forecast.upper_peak_bytes > self._limit:
                return PredictedMemoryExceeded(_refusal(self, forecast, self._limit), forecast, self._limit)
        return None

    def _note(self, said: _Said) -> None:
        if len(self._said) >= MAX_FORECASTS:
            self._said[:] = [*self._said[::2], self._said[-1]]
        self._said.append(said)

    def _forecast(self, said: _Said) -> Forecast:
        if said.forecast is None:
            stage = self.model.stages[said.index]
            beyond = stage.is_beyond(said.values)
            upper = stage.bound.above(said.growth, beyond)
            baseline = self.baseline_bytes
            passed, most_passed, room = self._passed
            # A warm process reuses of what it freed all but what it has shown that it can't.
            kept = max(0, self.entry_bytes - baseline)
            cold = baseline + int(said.growth)
            peak = max(said.resident, cold + min(passed, kept))
            most = max(said.resident, cold + min(most_passed, kept))
            said.forecast = Forecast(
                int(said.growth),
                int(upper),
                peak,
                most + int(upper) - int(said.growth) + room,
                stage.site,
                said.index,
                dict(zip(self._armed.plan.names[said.index], said.values, strict=True)),
                beyond,
                said.elapsed_s,
            )
        return said.forecast

    def tell(self, name: str, callback: Callable[[Any], object], told: Forecast | Result) -> None:
        """Call what the user gave; what it raises is counted, or let through on request."""
        # What the user's function does isn't the invocation's: else a hit of its own would call it again.
        current = self._armed.current
        before = current.get()
        current.set(_NOBODY)
        try:
            callback(told)
        except Exception as error:
            if self.raises_errors:
                raise
            self.count_error(name, error)
        finally:
            current.set(before)

    def count_error(self, what: str, error: Exception) -> None:
        """Count an error that was kept from the function; the first of a model is told of.

        Raises:
            Exception: The error, if it is a signal handler's: a time limit of the host's, say.
        """
        if is_from_signal_handler(error):
            raise error
        self.error_count += 1
        try:
            if len(self.errors) < MAX_ERRORS:
                self.errors.append(_without_frames(error))
            if not self._armed.has_warned:
                self._armed.has_warned = True
                hint = ", or let it through with on_error='raise'" if what.startswith("on_") else ""
                warnings.warn(
                    f"{what} raised {type(error).__name__}: {error}; {self.model.target} goes on, see run.errors{hint}",
                    RuntimeWarning,
                    stacklevel=2,
                )
        except Exception as another:  # warnings are errors here, or the error can't be written: not the host's matter
            if is_from_signal_handler(another):
                raise


def _without_frames(error: Exception) -> Exception:
    """Return the error without what would keep the variables of the function and its callers alive.

    Its class may have its own idea of setting attributes, so the base's is used.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f"at line {trace.tb_lineno} of {trace.tb_frame.f_code.co_filename}"
    for link in ("__traceback__", "__context__", "__cause__"):
        BaseException.__dict__[link].__set__(error, None)
    BaseException.add_note(error, f"raised {place}, and kept from the function")
    return error


def _refusal(invocation: Invocation, forecast: Forecast, limit: int) -> str:
    readings = ", ".join(f"{name} = {_written(value)}" for name, value in forecast.readings.items())
    return (
        f"{invocation.model.target} is predicted to take the process to {format_size(forecast.upper_peak_bytes)} at "
        f"most ({format_size(forecast.peak_bytes)} expected), above limit={format_size(limit)}, "
        f"by {forecast.breakpoint}{f': {readings}' if readings else ''}; give it more memory or a smaller input"
    )


def _written(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:,.10g}"
