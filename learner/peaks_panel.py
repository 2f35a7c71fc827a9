"""What settles the peak: each invocation's peak over the last stage's reading, the forecast and its bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..models.model import BreakpointModel, Stage
from ..models.sizes import FLOOR_BYTES
from ..models.summary import formula_text
from .driver import Driver, driver
from .panel import FORECAST, LEVELS, MEASURED, OTHER, TRAINED, Handle, bound_text, finish, wrapped
from .replay import Said
from .scales import in_counts, in_sizes, over_a_decade

_MARKERS = "osD^vPX*"  # of the levels
_LEVEL_WIDTH = 20  # characters of a level in the legend
_MANY = 100  # points beyond which they are drawn smaller and let others through
_CURVE_POINTS = 200
_MOST = 1e100  # of what is drawn over, and the least is one part of it: scales have some room beyond


@dataclass(frozen=True, slots=True)
class Point:
    """One invocation's peak and the forecast that stood at its end."""

    peak_bytes: float
    said: Said


_Placed = tuple[float, str, Point]  # what it is drawn over, and its level


def draw_peaks(axes: Axes, model: BreakpointModel, points: Sequence[Point]) -> None:
    """Draw each invocation's peak over what the last stage's forecast is made of, the forecast and its bound."""
    stage = model.stages[-1]
    if stage.readings:
        _draw_driven(axes, model, stage, points)
    else:
        _draw_ranks(axes, model, stage, points)


def _draw_driven(axes: Axes, model: BreakpointModel, stage: Stage, points: Sequence[Point]) -> None:
    by = driver(stage)
    placed = [_place(by, point) for point in points]
    least, most = by.seen or model.training.peak_range_bytes
    seen = _on_scale(float(least)), _on_scale(float(most))
    xs = [*seen, *(x for x, _, _ in placed)]
    ys = [*(by.growth_at(x, level) for x in xs for level in by.levels), *(point.peak_bytes for point in points)]
    is_log = over_a_decade([*xs, *ys]) if by.is_growth else over_a_decade(xs) and over_a_decade(ys)
    if is_log:
        axes.set_xscale("log", base=2 if by.in_bytes else 10)
        axes.set_yscale("log", base=2)
        low, high = min(xs) / 1.3, max(xs) * (1.3 if placed else 3)
    else:
        low, high = min(0.0, *xs), max(xs) * (1.05 if placed else 1.5) or 1.0
    axes.set_xlim(low, high)
    axes.axvspan(*seen, color=TRAINED, zorder=0, gid="training range")
    for number, level in enumerate(by.levels):
        _draw_curve(axes, by, level, stage, (low, *seen, high), _level_style(by, number)[0])
    _draw_points(axes, by, placed)
    handles = _driven_handles(model, by, placed)
    if not is_log:
        axes.set_ylim(bottom=0)
    (in_sizes if by.in_bytes else in_counts)(axes.xaxis, is_log)
    in_sizes(axes.yaxis, is_log)
    axes.set_xlabel(wrapped(by.label))
    axes.set_ylabel("peak growth of memory")
    finish(axes, _title(points), _verdict(points, stage), handles, f"growth = {formula_text(stage)}")


def _place(by: Driver, point: Point) -> _Placed:
    number, level = (point.said.growth_bytes, "") if by.is_growth else by.of(point.said.values)
    return _on_scale(number), level, point


def _on_scale(number: float) -> float:
    return min(number, _MOST) if abs(number) > 1 / _MOST else 0.0


def _draw_curve(
    axes: Axes, by: Driver, level: str, stage: Stage, ends: tuple[float, float, float, float], color: str
) -> None:
    """Draw the expected growth and its band, dashed and lighter beyond the training range."""
    spaced = np.geomspace if axes.get_xscale() == "log" else np.linspace
    for start, stop, beyond in zip(ends, ends[1:], (True, False, True), strict=False):
        if not start < stop:
            continue
        numbers = spaced(start, stop, _CURVE_POINTS).tolist()
        growth = [by.growth_at(number, level) for number in numbers]
        upper = [stage.bound.above(one, beyond) for one in growth]
        where = "beyond" if beyond else "within"
        axes.plot(
            numbers, growth, color=color, linewidth=1.5, linestyle="--" if beyond else "-", zorder=2,
            gid=f"forecast {where} {level}".strip(),
        )  # fmt: skip
        alpha = (0.1 if beyond else 0.25) / (1 if len(by.levels) == 1 else 1.5)
        band = axes.fill_between(numbers, growth, upper, color=color, alpha=alpha, linewidth=0, zorder=1)
        band.set_gid(f"bound {where} {level}".strip())


def _draw_points(axes: Axes, by: Driver, placed: Sequence[_Placed]) -> None:
    for number, level in enumerate(_all_levels(by, placed)):
        color, marker = _level_style(by, number)
        color = MEASURED if len(by.levels) == 1 else color
        for beyond in (False, True):
            own = [
                (x, point.peak_bytes) for x, of, point in placed if of == level and point.said.extrapolating == beyond
            ]
            if own:
                (drawn,) = axes.plot(*zip(*own, strict=True), linestyle="", marker=marker, color=color, zorder=3)
                drawn.set_gid(f"measured {'beyond' if beyond else 'within'} {level}".strip())
                drawn.set(markersize=_size(placed), alpha=0.6 if len(placed) > _MANY else 0.9)
                if beyond:
                    drawn.set(markerfacecolor="white", markeredgewidth=1.5)


def _all_levels(by: Driver, placed: Sequence[_Placed]) -> list[str]:
    """Return the levels, those last that training never saw."""
    return [*by.levels, *sorted({level for _, level, _ in placed} - set(by.levels))]


def _level_style(by: Driver, number: int) -> tuple[str, str]:
    if number >= len(by.levels):
        return OTHER, "o"
    if len(by.levels) == 1:
        return FORECAST, "o"
    return LEVELS[number % len(LEVELS)], _MARKERS[number % len(_MARKERS)]


def _size(placed: Sequence[object]) -> float:
    return 4.0 if len(placed) > _MANY else 6.0


def _driven_handles(model: BreakpointModel, by: Driver, placed: Sequence[_Placed]) -> list[Handle]:
    one = len(by.levels) == 1
    size = _size(placed)
    line, point = (FORECAST, MEASURED) if one else (OTHER, OTHER)
    handles: list[Handle] = [
        Line2D([], [], color=line, linewidth=1.5, label="forecast"),
        Patch(color=line, alpha=0.25, linewidth=0, label=bound_text(model)),
    ]
    for beyond in sorted({at.said.extrapolating for _, _, at in placed}):
        label = f"measured{', beyond the training range' if beyond else ''}"
        handles.append(Line2D([], [], color=point, marker="o", markersize=size, linestyle="", label=label))
        if beyond:
            handles[-1].set(markerfacecolor="white", markeredgewidth=1.5)
    handles.append(Patch(color=TRAINED, label="peaks in training" if by.is_growth else "training range"))
    for number, level in enumerate(() if one else _all_levels(by, placed)):
        color, marker = _level_style(by, number)
        known = level in by.levels
        label = wrapped(level if known else f"{level}, not in training", _LEVEL_WIDTH)
        style: dict[str, Any] = {
            "marker": marker if placed else "",
            "markersize": size,
            "linestyle": "-" if known else "",
        }
        handles.append(Line2D([], [], color=color, linewidth=1.5, label=label, **style))
    return handles


def _draw_ranks(axes: Axes, model: BreakpointModel, stage: Stage, points: Sequence[Point]) -> None:
    """Draw the peaks in their order: the stage at the start knows no more than how they spread."""
    peaks = sorted(point.peak_bytes for point in points)
    growth = stage.formula.evaluate(())
    upper = stage.bound.above(growth, False)
    low, high = model.training.peak_range_bytes
    is_log = over_a_decade([*peaks, growth, low, high])
    if is_log:
        axes.set_yscale("log", base=2)
    axes.set_xlim(0, len(peaks) + 1)
    axes.axhspan(low, high, color=TRAINED, zorder=0, gid="training range")
    axes.axhspan(growth, upper, color=FORECAST, alpha=0.25, linewidth=0, zorder=1, gid="bound within")
    axes.axhline(growth, color=FORECAST, linewidth=1.5, gid="forecast within")
    axes.plot(
        range(1, len(peaks) + 1), peaks, "o", color=MEASURED, markersize=4 if len(peaks) > _MANY else 6, gid="measured"
    )
    if not is_log:
        axes.set_ylim(0, 1.06 * max([*peaks, upper, high]))
    in_sizes(axes.yaxis, is_log)
    which = "invocations, in the order of their peaks" if points else "whatever the invocation"
    axes.set_xlabel(f"{which}; nothing that is read tells more")
    axes.set_ylabel("peak growth of memory")
    if not points:
        axes.set_xticks([])
    handles: list[Handle] = [
        Line2D([], [], color=FORECAST, linewidth=1.5, label="forecast"),
        Patch(color=FORECAST, alpha=0.25, linewidth=0, label=bound_text(model)),
        Patch(color=TRAINED, label="peaks in training"),
    ]
    if points:
        handles.insert(1, Line2D([], [], color=MEASURED, marker="o", linestyle="", label="measured"))
    finish(axes, _title(points), _verdict(points, stage), handles, f"growth = {formula_text(stage)}")


def _title(points: Sequence[Point]) -> str:
    return f"{len(points):,} invocations" if points else "What the model says"


def _verdict(points: Sequence[Point], stage: Stage) -> str:
    if not points:
        return f"median error {stage.error:.1%} in training"
    error = median(abs(one.said.growth_bytes - one.peak_bytes) / max(one.peak_bytes, FLOOR_BYTES) for one in points)
    held = sum(one.peak_bytes <= one.said.upper_bytes for one in points)
    shown = f"{error:.1%}" if error < 1 else f"{min(error, 99):,.0%}"
    return f"median error {shown}, {held:,} of {len(points):,} within the bound"
