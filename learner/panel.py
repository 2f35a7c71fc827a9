"""What the panels of a model's picture share: their colours, their words, and the legend below each.

The colours are Okabe and Ito's, told apart by colour-blind eyes; levels have markers of their own besides. What a test
or a user may want to find in the figure has a `gid`. Legends stand below the panels, where there is no data.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from ..models.fields import printable
from ..models.model import BreakpointModel

MEASURED, FORECAST, OTHER = "#222222", "#D55E00", "#999999"
LEVELS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
TRAINED = "#EEEEEE"
LINE_INCHES = 0.2  # of text below a panel
_WIDTH = 64  # characters of a line there
_MOST_ROWS = 7  # of a legend in one column

Handle = Line2D | Patch


def wrapped(text: str, width: int = _WIDTH) -> str:
    """Return a text as it stands below a panel: what a terminal couldn't show escaped, its lines short."""
    lines = (textwrap.shorten(line, 3 * width, placeholder=" ...") for line in printable(text).splitlines())
    return "\n".join(textwrap.fill(line, width) for line in lines)


def bound_text(model: BreakpointModel) -> str:
    return f"up to the upper bound, for {model.stages[-1].bound.coverage:.0%} of invocations"


def finish(axes: Axes, title: str, verdict: str, handles: Sequence[Handle], heading: str = "") -> None:
    """Give a panel its title and, below it, its legend."""
    axes.set_title(printable(f"{title}: {verdict}"), loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    ticks_and_label = 3 + axes.get_xlabel().count("\n")
    below = ScaledTranslation(0, -ticks_and_label * LINE_INCHES, axes.figure.dpi_scale_trans)
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
