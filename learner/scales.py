"""Axes that a person reads: sizes at powers of two, counts in thousands and millions, times in one unit."""

from __future__ import annotations

import math
from collections.abc import Iterable

from matplotlib.axis import Axis
from matplotlib.ticker import AutoLocator, EngFormatter, FuncFormatter, Locator, LogLocator, NullLocator

from ..models.sizes import format_size

_TICKS = 6  # about
_TIME_UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
_DECADE = 10.0


class SizeLocator(Locator):
    """Ticks at multiples of a power of two, on a log scale at powers of two."""

    def __init__(self, is_log: bool) -> None:
        self._is_log = is_log

    def __call__(self) -> list[float]:
        assert self.axis is not None
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        low, high = sorted((float(vmin), float(vmax)))
        if self._is_log and low > 0:
            first, last = math.ceil(math.log2(low)), math.floor(math.log2(high))
            stride = max(1, math.ceil((last - first) / _TICKS))
            return [2.0**power for power in range(first, last + 1, stride)]
        step = 2.0 ** max(0, round(math.log2(max(high - low, 1.0) / _TICKS)))
        return [step * number for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def size_text(size_bytes: float) -> str:
    """Return a size as a tick says it: 16 MiB, not 16.0 MiB."""
    return format_size(size_bytes).replace(".0 ", " ") if size_bytes else "0"


def in_sizes(axis: Axis, is_log: bool) -> None:
    """Let an axis say sizes."""
    axis.set_major_locator(SizeLocator(is_log))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda size, _: size_text(size)))


def in_counts(axis: Axis, is_log: bool) -> None:
    """Let an axis say numbers as people shorten them: 20k, 3M."""
    low, high = axis.get_view_interval()
    if not is_log:
        axis.set_major_locator(AutoLocator())
    elif high < low * _DECADE**2:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    shorten = EngFormatter(sep="")
    axis.set_major_formatter(FuncFormatter(lambda n, _: shorten(n) if abs(n) >= 1 else f"{n:g}"))


def in_seconds(axis: Axis, longest_s: float) -> str:
    """Let an axis say times in the unit that suits the longest, and return the unit."""
    unit, seconds = _unit_of(longest_s)
    axis.set_major_formatter(FuncFormatter(lambda time_s, _: f"{time_s / seconds:,.6g}"))
    return unit


def time_text(time_s: float) -> str:
    """Return a time as a person reads it."""
    unit, seconds = _unit_of(time_s)
    return f"{time_s / seconds:.3g} {unit}" if time_s else "0 s"


def _unit_of(time_s: float) -> tuple[str, float]:
    """Return the largest unit that a time has one of, and its seconds."""
    return next((pair for pair in _TIME_UNITS if time_s >= pair[1]), _TIME_UNITS[-1])


def over_a_decade(numbers: Iterable[float]) -> bool:
    """Tell whether numbers are all above 0 and spread over more than a decade, so that a log scale serves."""
    found = list(numbers)
    return bool(found) and min(found) > 0 and max(found) > _DECADE * min(found)
