"""Memory over time in one invocation, with the moment and the height of each forecast and its bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..models.model import BreakpointModel, Stage
from ..models.sizes import format_size
from .panel import FORECAST, MEASURED, Handle, bound_text, finish, wrapped
from .replay import Said
from .scales import in_seconds, in_sizes, time_text
from .traces import Floats, Trace

_MARKERS = "o^sDvPX*"  # of the stages
_MOST_MARKS = 12  # forecasts of a stage that have a marker each
_FAR_ABOVE = 2.5  # times what the panel is about: a bound there would squeeze all else
_SHORTEST_S = 1e-6


def draw_invocation(axes: Axes, model: BreakpointModel, trace: Trace, forecasts: Sequence[Said], name: str) -> None:
    """Draw the high-water growth of one invocation over its time, and each forecast from its moment on."""
    end = max(trace.duration_s, _SHORTEST_S)
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
    handles: list[Handle] = [Line2D([], [], color=MEASURED, linewidth=2, label=seen)]
    for index, stage in enumerate(model.stages):
        own = [said for said in forecasts if said.stage == index]
        if own:
            by_then = growth[np.searchsorted(times, own[0].elapsed_s, side="right") - 1]
            ahead = 1 - by_then / trace.peak_bytes if trace.peak_bytes else 1.0
            handles.append(_draw_marks(axes, index, own, _stage_text(index, stage, own, ahead, top)))
    handles.append(Patch(color=FORECAST, alpha=0.18, linewidth=0, label=bound_text(model)))
    axes.set_xlim(-0.01 * end, 1.02 * end)
    axes.set_ylim(0, max(top, 1.06 * trace.peak_bytes, 1.0))
    in_sizes(axes.yaxis, False)
    axes.set_xlabel(f"time since the invocation began, {in_seconds(axes.xaxis, end)}")
    axes.set_ylabel("growth of memory")
    finish(axes, f"One invocation, {name}", f"peak {format_size(trace.peak_bytes)}", handles)


def _draw_marks(axes: Axes, index: int, own: Sequence[Said], text: str) -> Handle:
    """Mark where a stage spoke, and return what stands for it in the legend."""
    shown = own if len(own) <= _MOST_MARKS else [own[0], own[-1]]
    for said in shown:
        axes.vlines(said.elapsed_s, 0, said.upper_bytes, color=FORECAST, linewidth=1, linestyle=":", zorder=2)
    style: dict[str, Any] = {
        "color": FORECAST, "marker": _MARKERS[index % len(_MARKERS)], "markersize": 8, "markeredgecolor": "white"
    }  # fmt: skip
    (drawn,) = axes.plot([said.elapsed_s for said in shown], [said.growth_bytes for said in shown], zorder=5, **style)
    drawn.set(linestyle="", clip_on=False, gid=f"stage {index + 1}")
    return Line2D([], [], label=wrapped(text), **style)


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
