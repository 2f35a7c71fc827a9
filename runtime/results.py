"""What is told of an invocation when it has ended: the forecast beside the peak that was measured."""

from __future__ import annotations

import json
from time import perf_counter, time

from ..models.fingerprints import text_digest
from ..models.guard import is_from_signal_handler
from ..models.result import Result
from .measuring import Measurement
from .result_file import ResultFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from ..models.model import BreakpointModel
    from .invocation import Invocation

    OnResult = Callable[[Result], object]

_DIGITS = 12  # of the model's digest


class Results:
    """Tells of the invocations of one model that have ended.

    Args:
        model: The model.
        on_result: Called with each `Result`, or None.
        folder: Where each is logged, or None.
    """

    def __init__(
        self, model: BreakpointModel, on_result: OnResult | None, folder: str | os.PathLike[str] | None
    ) -> None:
        self._on_result = on_result
        self._file = None if folder is None else ResultFile(folder)
        self._model = text_digest(json.dumps(model.to_json(), sort_keys=True))[:_DIGITS]

    @staticmethod
    def measure() -> Measurement | None:
        """Begin to measure an invocation; None if that fails, which is no reason to fail it."""
        try:
            return Measurement()
        except Exception as error:
            if is_from_signal_handler(error):
                raise
            return None

    def conclude(self, invocation: Invocation, measurement: Measurement) -> None:
        """Make an invocation's result, and tell of it; nothing of this is raised, save what `on_error` lets through."""
        duration_s = perf_counter() - invocation.began
        try:
            result = self._result(invocation, measurement, duration_s)
            invocation.result = result
            if result.measured_peak_bytes is not None and not result.overlapped:
                invocation.learn_warmth(result.measured_peak_bytes)
            if self._file is not None:
                self._file.append(result)
        except Exception as error:
            if is_from_signal_handler(error):
                raise
            invocation.count_error("the log of results", error)
        else:
            if self._on_result is not None:
                invocation.tell("on_result", self._on_result, result)

    def _result(self, invocation: Invocation, measurement: Measurement, duration_s: float) -> Result:
        measured = measurement.end()
        forecast, model = invocation.forecast, invocation.model
        baseline = invocation.baseline_bytes
        return Result(
            str(model.target),
            forecast.growth_bytes,
            forecast.upper_bytes,
            forecast.peak_bytes,
            forecast.upper_peak_bytes,
            forecast.stage,
            str(forecast.breakpoint),
            forecast.readings,
            forecast.extrapolating,
            measured,
            None if measured is None else max(0, measured - baseline),
            baseline,
            invocation.entry_bytes,
            invocation.is_armed,
            forecast.elapsed_s,
            duration_s,
            measurement.is_overlapped,
            invocation.failed,
            invocation.error_count,
            time(),
            model.stages[forecast.stage].bound.coverage,
            model.stages[forecast.stage].error,
            self._model,
        )
