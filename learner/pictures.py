"""A model's picture: memory over time with the forecasts in it, and what settles the peak."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..models.errors import InvalidOption, InvalidTrace
from ..models.file import write_whole
from ..models.model import BreakpointModel
from .corrections import Repeats, held_in_advance, stream
from .replay import Said, is_same_code, replay
from .trace_folder import TraceFile, TraceFolder
from .warmth import COLD, Warmth

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANEL_INCHES = 6.0
_HEIGHT_INCHES = 4.3  # without the lines below the panels
_DOTS_PER_INCH = 120
# Whatever the user's own style is. What code names may hold dollars, which aren't mathematics.
_STYLE: dict[str, Any] = {"text.parse_math": False, "svg.hashsalt": "peakahead"}
FORMATS = ("png", "svg", "pdf")
_NAMED = 3
RANKS = ("smallest", "median", "largest")


@dataclass(frozen=True, slots=True)
class _Replayed:
    """An invocation of the folder, what its process held before, its peak, and the forecast that stood at its end."""

    file: TraceFile
    warmth: Warmth
    peak_bytes: int
    said: Said

    @property
    def name(self) -> str:
        return os.path.basename(self.file.path)


def plot(model: BreakpointModel, traces: str | os.PathLike[str] | None = None, *, invocation: str = "median") -> Figure:
    """Draw a model: memory over time with its forecasts, and what settles the peak with the bound around it.

    Args:
        model: The model.
        traces: A folder of traces of its function, such as `record` and `learn(..., traces=folder)` leave; they may be
            others than those that it was trained on. Without them there is no memory over time, and no measured peak.
        invocation: Which invocation to draw over time: the one with the `smallest`, `median` or `largest` peak, or
            the name of its trace file, or the beginning of it.

    Returns:
        The figure, made without pyplot, so that it needs no display; `figure.savefig(path)` writes it.

    Raises:
        InvalidTrace: If the folder can't be read.
        InvalidOption: If there are no traces of the model's function, or no such invocation.
        ModuleNotFoundError: If matplotlib isn't installed.
    """
    try:
        from matplotlib import style
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"pictures need {error.name}: install their extra, `pip install 'peakahead[plot]'`", name=error.name
        ) from error
    from .invocation_panel import draw_invocation
    from .panel import LINE_INCHES, lines_below, wrapped
    from .peaks_panel import Point, draw_peaks

    found, offset_bytes = ([], 0) if traces is None else _replayed(model, traces)
    with style.context(["default", _STYLE]):
        n_panels = 2 if found else 1
        figure = Figure(figsize=(n_panels * _PANEL_INCHES, 2 * _HEIGHT_INCHES), layout="constrained")
        panels = figure.subplots(1, n_panels, squeeze=False)[0]
        if found:
            shown = _chosen(found, invocation, os.fspath(traces or ""))
            name = f"the {invocation} of {len(found):,}" if invocation in RANKS else shown.name
            for trace in stream([shown.file], offset_bytes, [], [shown.warmth]):
                draw_invocation(panels[0], model, trace, replay(model, trace), name)
        last = len(model.stages) - 1
        draw_peaks(panels[-1], model, [Point(one.peak_bytes, one.said) for one in found if one.said.stage == last])
        title = f"Memory of {model.target}, {'forecast and measured' if found else 'as forecast'}"
        figure.suptitle(wrapped(title, 52 * n_panels), x=0.01, ha="left", fontsize=13, fontweight="bold")
        figure.set_figheight(_HEIGHT_INCHES + LINE_INCHES * max(map(lines_below, panels)))
    return figure


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the format that a picture's name ends in.

    Raises:
        InvalidOption: If it is none that can be drawn.
    """
    ending = os.path.splitext(path)[1].lower().removeprefix(".")
    if ending not in FORMATS:
        raise InvalidOption(
            f"{os.fspath(path)} names no format that can be drawn: let it end in "
            f"{' or '.join(f'.{one}' for one in FORMATS)}"
        )
    return ending


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a picture, whole or not at all, in the format that its name ends in; the same figure gives the same bytes.

    Raises:
        InvalidOption: If the name ends in no known format, or the file can't be written.
    """
    from matplotlib import style

    ending = format_of(path)
    content = io.BytesIO()
    options: dict[str, Any] = {"pil_kwargs": {"optimize": True}} if ending == "png" else {}
    unsaid = {"png": "Software", "svg": "Date", "pdf": "CreationDate"}[ending]
    with style.context(["default", _STYLE]):
        figure.savefig(content, format=ending, dpi=_DOTS_PER_INCH, metadata={unsaid: None}, **options)
    try:
        write_whole(path, content.getvalue())
    except OSError as error:
        raise InvalidOption(f"{os.fspath(path)} can't be written ({error.strerror}): draw it elsewhere") from error


def _replayed(model: BreakpointModel, traces: str | os.PathLike[str]) -> tuple[list[_Replayed], int]:
    """Return the invocations of the model's function in a folder, and by how much tracing changed their peaks.

    Those that are left out are warned of.
    """
    if not os.path.isdir(traces):
        raise InvalidTrace(f"{os.fspath(traces)} is no folder: give the one that `learn(..., traces=folder)` wrote to")
    files, left_out = TraceFolder(traces).files()
    own = [file for file in files if file.origin.target == model.target and file.origin.status == "ok"]
    offset_bytes = Repeats.of([file.origin for file in own]).offset_bytes
    held = held_in_advance(own, files, model.target) if own else {}
    found = []
    for file in (one for one in own if one.origin.traced):
        warmth = held.get(file.path, COLD)
        name = os.path.basename(file.path)
        for trace in stream([file], offset_bytes, left_out, [warmth]):  # none, if it can't be read
            if not is_same_code(model, trace):
                left_out.append(f"{name}: it is of another version of the function's code")
            elif not trace.retired.isdisjoint(model.sites()):
                left_out.append(f"{name}: a breakpoint's line was too hot to be followed to its end")
            else:
                found.append(_Replayed(file, warmth, trace.peak_bytes, replay(model, trace)[-1]))
    if not found:
        raise InvalidOption(
            f"{os.fspath(traces)} holds no traces of {model.target} that can be drawn{_first(left_out)}: "
            "give a folder that `learn(..., traces=folder)` wrote to"
        )
    if left_out:
        warnings.warn(f"traces that are left out: {len(left_out)}{_first(left_out)}", stacklevel=3)
    silent = sum(one.said.stage < len(model.stages) - 1 for one in found)
    if silent:
        warnings.warn(
            f"{silent} of {len(found)} invocations never let stage {len(model.stages)} speak, at {model.breakpoint}: "
            "they aren't among the peaks that are drawn",
            stacklevel=3,
        )
    return found, offset_bytes


def _first(complaints: Sequence[str]) -> str:
    more = f"; and {len(complaints) - _NAMED} more" if len(complaints) > _NAMED else ""
    return f" ({'; '.join(complaints[:_NAMED])}{more})" if complaints else ""


def _chosen(replayed: Sequence[_Replayed], invocation: str, folder: str) -> _Replayed:
    by_peak = sorted(replayed, key=lambda one: one.peak_bytes)
    if invocation in RANKS:
        return by_peak[{"smallest": 0, "median": (len(by_peak) - 1) // 2, "largest": -1}[invocation]]
    named = [one for one in replayed if one.name.startswith(invocation)]
    if len(named) != 1 or not invocation:
        several = f"is the beginning of {len(named)}" if named else "is none"
        raise InvalidOption(
            f"invocation={invocation!r} {several} of the traces in {folder}: give smallest, median, largest, "
            f"or a name such as {replayed[0].name}"
        )
    return named[0]
