"""`peakahead plot`: draws a model."""

from __future__ import annotations

import click

from ..models.file import check_writable, load
from .console import console


@click.command()
@click.argument("model", metavar="MODEL.JSON")
@click.option("--traces", metavar="FOLDER", help="Traces of the function, as learn(..., traces=FOLDER) keeps them.")
@click.option("--invocation", default="median", show_default=True, help="Which to draw over time: smallest, median, "
              "largest, or a trace file's name or the beginning of it.")  # fmt: skip
@click.option("-o", "--output", default="model.png", show_default=True, help="Where it goes: .png, .svg or .pdf.")
def plot(model: str, traces: str | None, invocation: str, output: str) -> None:
    """Draw what a model says: memory over time with its forecasts, and what settles the peak.

    Memory and measured peaks come from traces, which may be others than those of the training. Without them only the
    formula, its bound and the training range can be drawn.
    """
    from .. import plot as plot_model
    from ..learner.pictures import format_of, save

    format_of(output)
    check_writable(output)
    save(plot_model(load(model), traces, invocation=invocation), output)
    console.print(f"written to {output}", markup=False, soft_wrap=True)
    if traces is None:
        console.print("without memory over time and measured peaks: give --traces FOLDER to see them", markup=False)
