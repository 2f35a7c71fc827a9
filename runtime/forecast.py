"""What a stage says of an invocation."""

from __future__ import annotations

from ..models.formulas import Value
from ..models.records import Record
from ..models.sites import Site


class Forecast(Record):
    """How much memory an invocation is about to need, in bytes.

    Attributes:
        growth_bytes: The expected peak above what the process held when the invocation began.
        upper_bytes: The upper bound of that growth, at the model's coverage.
        peak_bytes: The expected peak of the process: what it holds, or what it held cold plus the growth and, where
            peaks are measured, what it has shown that it can't reuse; whichever is more.
        upper_peak_bytes: The upper bound of that peak; in a warm process it leaves room for 1 MiB more.
        breakpoint: The site that spoke.
        stage: The stage's place in the model; a later one knows more.
        readings: What it read, by the readings' names: numbers, and the levels of categories.
        extrapolating: True if a reading lies beyond what training saw.
        elapsed_s: Seconds since the invocation began.
    """

    growth_bytes: int
    upper_bytes: int
    peak_bytes: int
    upper_peak_bytes: int
    breakpoint: Site
    stage: int
    readings: dict[str, Value]
    extrapolating: bool
    elapsed_s: float
