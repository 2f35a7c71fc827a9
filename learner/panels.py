"""The two panels of a model's picture: memory over time in one invocation, and what settles the peak in many.

The colours are Okabe and Ito's, told apart by colour-blind eyes; levels have markers of their own besides. What a test
or a user may want to find in the figure has a `gid`. Legends stand below the panels, where there is no data.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from ..models.fields import printable
from ..models.model import BreakpointModel, Stage
from ..models.sizes import FLOOR_BYTES, format_size
from ..models.summary import formula_text
from .driver import Driver, driver
from .replay import Said
from .scales import in_counts, in_seconds, in_sizes, over_a_decade, time_text
from .traces import Floats, Trace

MEASURED, FORECAST, OTHER = "#222222", "#D55E00", "#999999"
_TRAINED = "#EEEEEE"
_LEVELS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
_STAGE_MARKERS = "o^sDvPX*"
_LEVEL_MARKERS = "osD^vPX*"
_WIDTH = 64  # characters of a line below a panel
_LEVEL_WIDTH = 20  # of a level in the second column
_MOST_MARKS = 12  # forecasts of a stage that have a marker each
_MANY = 100  # points beyond which they are drawn smaller and let others through
_CURVE_POINTS = 200
_MOST_ROWS = 7  # of a legend in one column
LINE_INCHES = 0.2  # of text below a panel
_FAR_ABOVE = 2.5  # times what the panel is about: a bound there would squeeze all else


@dataclass(frozen=True, slots=True)
class Point:
    """One invocation's peak and the forecast that stood at its end."""

    peak_bytes: float
    said: Said


_Placed = tuple[float, str, Point]  # what it is drawn over, and its level


def wrapped(text: str, width: int = _WIDTH) -> str:
    """Return a text as it stands below a panel: what a terminal couldn't show escaped, its lines short."""
    lines = (textwrap.shorten(line, 3 * width, placeholder=" ...") for line in printable(text).splitlines())
    return "\n".join(textwrap.fill(line, width) for line in lines)


def draw_invocation(axes: Axes, model: BreakpointModel, trace: Trace, forecasts: Sequence[Said], name: str) -> None:
    """Draw the high-water growth of one invocation over its time, and each forecast from its moment on."""
    end = trace.duration_s
    times, growth = _growth_over_time(trace)
    axes.step(times, growth, where="post", color=MEASURED, linewidth=2, gid="growth", zorder=4)
    spoken = [*(said.elapsed_s for said in forecasts), max(end, forecasts[-1].elapsed_s)]
    expected = [*(said.growth_bytes for said in forecasts), forecasts[-1].growth_bytes]
    upper = [*(said.upper_bytes for said in forecasts), forecasts[-1].upper_bytes]
    axes.fill_between(spoken, expected, upper, step="post", color=FORECAST, alpha=0.18, linewidth=0, gid="bound")
    axes.step(spoken, upper, where="post", color=FORECAST, alpha=0.5, linewidth=1, gid="upper")
    axes.step(spoken, expected, where="post", color=FORECAST, linewidth=1.5, gid="forecast", zorder=3)
    told = max(*expected, upper[-1], trace.peak_bytes)
    top = 1.06 * max(upper) if max(upper) < _FAR_ABOVE * told else 1.5 * told
    seen = "growth, the highest so far, as seen at assignments" + ("\nother than in hot loops" if trace.retired else "")
    handles: list[Line2D | Patch] = [Line2D([], [], color=MEASURED, linewidth=2, label=seen)]
    for index, stage in enumerate(model.stages):
        own = [said for said in forecasts if said.stage == index]
        if own:
            marker = _STAGE_MARKERS[index % len(_STAGE_MARKERS)]
            shown = own if len(own) <= _MOST_MARKS else [own[0], own[-1]]
            for said in shown:
                axes.vlines(said.elapsed_s, 0, said.upper_bytes, color=FORECAST, linewidth=1, linestyle=":", zorder=2)
            axes.plot(
                [said.elapsed_s for said in shown],
                [said.growth_bytes for said in shown],
                linestyle="",
                marker=marker,
                markersize=8,
                markerfacecolor=FORECAST,
                markeredgecolor="white",
                gid=f"stage {index + 1}",
                zorder=5,
                clip_on=False,
            )
            by_then = growth[np.searchsorted(times, own[0].elapsed_s, side="right") - 1]
            ahead = 1 - by_then / trace.peak_bytes if trace.peak_bytes else 1.0
            label = wrapped(_stage_text(index, stage, own, ahead, top))
            handles.append(
                Line2D([], [], color=FORECAST, marker=marker, markersize=8, markeredgecolor="white", label=label)
            )
    handles.append(Patch(color=FORECAST, alpha=0.18, linewidth=0, label=_bound_text(model)))
    axes.set_xlim(-0.01 * end, 1.02 * end)
    axes.set_ylim(0, max(top, 1.06 * trace.peak_bytes, 1.0))
    in_sizes(axes.yaxis, False)
    axes.set_xlabel(f"time since the invocation began, {in_seconds(axes.xaxis, end)}")
    axes.set_ylabel("growth of memory")
    _finish(axes, f"One invocation, {name}", f"peak {format_size(trace.peak_bytes)}", handles)


def _growth_over_time(trace: Trace) -> tuple[Floats, Floats]:
    """Return the moments at which growth was measured, from the start to the end, and the highest growth by then."""
    times = np.concatenate([[0.0], *(hits.elapsed_s for hits in trace.hits.values())])
    growth = np.concatenate([[0.0], *(hits.growth for hits in trace.hits.values())])
    order = np.argsort(times, kind="stable")  # threads take their moments each for itself
    last = max(trace.duration_s, float(times.max()))
    return np.append(times[order], last), np.maximum.accumulate(np.append(growth[order], trace.peak_bytes))


def _stage_text(index: int, stage: Stage, own: Sequence[Said], ahead: float, top: float) -> str:
    said = own[-1]
    moment = "at once" if stage.site.is_start else f"at {time_text(own[0].elapsed_s)}, {ahead:.0%} of the growth ahead"
    if len(own) > 1:
        moment = f"{len(own):,} times, first {moment}\nat last"
    above = " (above this picture)" if said.upper_bytes > top else ""
    beyond = ", beyond the training range" if said.extrapolating else ""
    return (
        f"stage {index + 1}, at {stage.site}\n{moment}: {format_size(said.growth_bytes)}, "
        f"at most {format_size(said.upper_bytes)}{above}{beyond}"
    )


def _bound_text(model: BreakpointModel) -> str:
    return f"up to the upper bound, for {model.stages[-1].bound.coverage:.0%} of invocations"


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
    seen = by.seen or (float(model.training.peak_range_bytes[0]), float(model.training.peak_range_bytes[1]))
    xs = [*seen, *(x for x, _, _ in placed)]
    ys = [*(by.growth_at(x, level) for x in xs for level in by.levels), *(point.peak_bytes for point in points)]
    is_log = over_a_decade([*xs, *ys]) if by.is_growth else over_a_decade(xs) and over_a_decade(ys)
    if is_log:
        axes.set_xscale("log", base=2 if by.in_bytes else 10)
        axes.set_yscale("log", base=2)
        low, high = min(xs) / 1.3, max(xs) * (1.3 if placed else 3)
    else:
        low, high = 0.0, max(xs) * (1.05 if placed else 1.5)
    axes.set_xlim(low, high)
    axes.axvspan(*seen, color=_TRAINED, zorder=0, gid="training range")
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
    _finish(axes, _title(points), _verdict(points, stage), handles, f"growth = {formula_text(stage)}")


def _place(by: Driver, point: Point) -> _Placed:
    number, level = (point.said.growth_bytes, "") if by.is_growth else by.of(point.said.values)
    return number, level, point


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
    return _LEVELS[number % len(_LEVELS)], _LEVEL_MARKERS[number % len(_LEVEL_MARKERS)]


def _size(placed: Sequence[object]) -> float:
    return 4.0 if len(placed) > _MANY else 6.0


def _driven_handles(model: BreakpointModel, by: Driver, placed: Sequence[_Placed]) -> list[Line2D | Patch]:
    one = len(by.levels) == 1
    size = _size(placed)
    line, point = (FORECAST, MEASURED) if one else (OTHER, OTHER)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=line, linewidth=1.5, label="forecast"),
        Patch(color=line, alpha=0.25, linewidth=0, label=_bound_text(model)),
    ]
    for beyond in sorted({at.said.extrapolating for _, _, at in placed}):
        label = f"measured{', beyond the training range' if beyond else ''}"
        handles.append(Line2D([], [], color=point, marker="o", markersize=size, linestyle="", label=label))
        if beyond:
            handles[-1].set(markerfacecolor="white", markeredgewidth=1.5)
    handles.append(Patch(color=_TRAINED, label="peaks in training" if by.is_growth else "training range"))
    for number, level in enumerate(() if one else _all_levels(by, placed)):
        color, marker = _level_style(by, number)
        known = level in by.levels
        label = wrapped(level if known else f"{level}, not in training", _LEVEL_WIDTH)
        style = {"marker": marker if placed else "", "markersize": size, "linestyle": "-" if known else ""}
        handles.append(Line2D([], [], color=color, linewidth=1.5, label=label, **style))  # type: ignore[arg-type]
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
    axes.axhspan(low, high, color=_TRAINED, zorder=0, gid="training range")
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
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=FORECAST, linewidth=1.5, label="forecast"),
        Patch(color=FORECAST, alpha=0.25, linewidth=0, label=_bound_text(model)),
        Patch(color=_TRAINED, label="peaks in training"),
    ]
    if points:
        handles.insert(1, Line2D([], [], color=MEASURED, marker="o", linestyle="", label="measured"))
    _finish(axes, _title(points), _verdict(points, stage), handles, f"growth = {formula_text(stage)}")


def _title(points: Sequence[Point]) -> str:
    return f"{len(points):,} invocations" if points else "What the model says"


def _verdict(points: Sequence[Point], stage: Stage) -> str:
    if not points:
        return f"median error {stage.error:.1%} in training"
    error = median(abs(one.said.growth_bytes - one.peak_bytes) / max(one.peak_bytes, FLOOR_BYTES) for one in points)
    held = sum(one.peak_bytes <= one.said.upper_bytes for one in points)
    return f"median error {error:.1%}, {held:,} of {len(points):,} at or below the bound"


def _finish(axes: Axes, title: str, verdict: str, handles: Sequence[Line2D | Patch], heading: str = "") -> None:
    axes.set_title(printable(f"{title}: {verdict}"), loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    figure = axes.get_figure(root=True)
    assert figure is not None
    ticks_and_label = 3 + axes.get_xlabel().count("\n")
    below = ScaledTranslation(0, -ticks_and_label * LINE_INCHES, figure.dpi_scale_trans)
    axes.legend(
        handles=list(handles),
        title=wrapped(heading),
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        bbox_transform=axes.transAxes + below,
        ncols=_columns([str(handle.get_label()) for handle in handles]),
        frameon=False,
        fontsize=9,
        title_fontsize=9,
        borderaxespad=0,
    )


def lines_below(axes: Axes) -> int:
    """Return how many lines of text stand below a panel."""
    legend = axes.get_legend()
    assert legend is not None
    texts = [text.get_text() for text in legend.get_texts()]
    rows = sum(text.count("\n") + 1 for text in texts)
    heading = legend.get_title().get_text()
    above = axes.get_xlabel().count("\n") + (heading.count("\n") + 1 if heading else 0)
    return above + math.ceil(rows / _columns(texts))


def _columns(labels: Sequence[str]) -> int:
    """Return in how many columns a legend's labels stand: many short ones in two."""
    return 2 if len(labels) > _MOST_ROWS and not any("\n" in label for label in labels) else 1
