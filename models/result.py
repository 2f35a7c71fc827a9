"""What became of one invocation in production: the forecast beside the measured peak."""

from __future__ import annotations

from .formulas import Value
from .records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .fields import Fields

RESULTS_SUFFIX = ".results"  # of files that hold results, one a line
_INFINITY = float("inf")  # a sum of many readings may come to it, and JSON has none
_MOST_BYTES = 2**65  # twice what a forecast says at most


class Result(Record):
    """The forecast that stood when an invocation ended, and what was measured. Sizes are in bytes.

    Attributes:
        function: The function, as "module:qualname".
        growth_bytes: The expected growth above what the process held, cold.
        upper_bytes: The upper bound of that growth, at the model's coverage.
        peak_bytes: The expected peak of the process.
        upper_peak_bytes: The upper bound of that peak.
        stage: The place in the model of the stage that spoke.
        breakpoint: Where that is.
        readings: What it read, by the readings' names.
        extrapolating: True if a reading lies beyond what training saw.
        measured_peak_bytes: The highest resident size of the process while the invocation ran, or None where the
            system doesn't tell.
        measured_growth_bytes: What of it lies above `baseline_bytes`, or None.
        baseline_bytes: What the process holds cold: the least that it held when an invocation began.
        entry_bytes: What it held when the invocation began: in a warm process also what earlier ones left behind.
        armed: False if the breakpoints couldn't be set, since the code isn't what was trained, say.
        forecast_s: Seconds from the invocation's beginning to the forecast.
        duration_s: Seconds from its beginning to its end.
        overlapped: True if another measured invocation ran in the process meanwhile, or around this one, so that its
            own memory can't be told apart.
        failed: The name of the class of the exception that ended it, or empty.
        error_count: How many errors of callbacks and readings were kept from the function.
        ended_at: When it ended, in seconds since the epoch.
        coverage: The share of peaks that the model's bound is to cover.
        error: The stage's median error in training.
        model: A digest of the model, which tells it from others of the same function.
    """

    function: str
    growth_bytes: int
    upper_bytes: int
    peak_bytes: int
    upper_peak_bytes: int
    stage: int
    breakpoint: str
    readings: dict[str, Value]
    extrapolating: bool
    measured_peak_bytes: int | None
    measured_growth_bytes: int | None
    baseline_bytes: int
    entry_bytes: int
    armed: bool
    forecast_s: float
    duration_s: float
    overlapped: bool
    failed: str
    error_count: int
    ended_at: float
    coverage: float
    error: float
    model: str

    def to_json(self) -> dict[str, Any]:
        """Return it as a line of a log holds it: of its readings finite numbers alone, never a text of the function."""
        data: dict[str, Any] = {field: getattr(self, field) for field in self.__match_args__}
        data["readings"] = {name: value for name, value in self.readings.items() if _is_number(value)}
        return data

    @classmethod
    def from_json(cls, fields: Fields) -> Result:
        """Build a result from decoded JSON, every field checked.

        Raises:
            InvalidModel: If a field isn't as it should be.
        """
        return cls(
            function=fields.text("function"),
            stage=fields.integer("stage"),
            breakpoint=fields.text("breakpoint"),
            readings=dict[str, Value](fields.readings("readings")),
            extrapolating=fields.flag("extrapolating"),
            forecast_s=fields.number("forecast_s", 0.0),
            duration_s=fields.number("duration_s", 0.0),
            overlapped=fields.flag("overlapped"),
            failed=fields.text("failed"),
            error_count=fields.integer("error_count"),
            ended_at=fields.number("ended_at"),
            coverage=fields.number("coverage", 0.0, 1.0),
            error=fields.number("error", 0.0),
            model=fields.text("model"),
            growth_bytes=fields.integer("growth_bytes", high=_MOST_BYTES),
            upper_bytes=fields.integer("upper_bytes", high=_MOST_BYTES),
            peak_bytes=fields.integer("peak_bytes", high=_MOST_BYTES),
            upper_peak_bytes=fields.integer("upper_peak_bytes", high=_MOST_BYTES),
            baseline_bytes=fields.integer("baseline_bytes", high=_MOST_BYTES),
            entry_bytes=fields.integer("entry_bytes", high=_MOST_BYTES),
            armed=fields.flag("armed"),
            measured_peak_bytes=_if_known(fields, "measured_peak_bytes"),
            measured_growth_bytes=_if_known(fields, "measured_growth_bytes"),
        )


def _is_number(value: Value) -> bool:
    return not isinstance(value, str) and abs(value) < _INFINITY


def _if_known(fields: Fields, field: str) -> int | None:
    return fields.integer(field, high=_MOST_BYTES) if fields.has(field) else None
