"""`peakahead run`: runs a function armed, and prints the forecast beside the measured peak."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import click
from rich.table import Table

from ..learner.invocations import Invocation, normalise
from ..learner.isolation import Outcome, servers
from ..models.file import load
from ..models.model import BreakpointModel
from ..models.sizes import format_size, parse_size
from .armed import armed_task, run_armed
from .armed_call import Said
from .console import console
from .target import import_function, invocations_option, load_invocations

Row = tuple[Invocation, Outcome, Said]


@click.command()
@click.argument("model", metavar="MODEL.JSON")
@click.argument("function", metavar="MODULE:FUNCTION")
@invocations_option(required=False)
@click.option("--args", "arguments", metavar="JSON", help="One invocation, as a line of the file would be.")
@click.option("--limit", metavar="SIZE", help="Refuse what is predicted to take the process above it, such as 512MiB.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Ends an invocation that runs longer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an invocation.")
def run(
    model: str,
    function: str,
    invocations: str | None,
    arguments: str | None,
    limit: str | None,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Run invocations armed, each in a fresh process, and compare forecast and measured peak."""
    found = load(model)
    target = import_function(function)
    limit_bytes = parse_size(limit) if limit else None
    calls = normalise(target, load_invocations(invocations, arguments))
    rows = run_all(target, found, calls, limit_bytes, timeout)
    if as_json:
        for row in rows:
            click.echo(json.dumps(as_record(row)))
    else:
        console.print(forecast_table(rows, found, label=lambda call: _shown(call)))


def run_all(
    target: Callable[..., Any],
    model: BreakpointModel,
    calls: Iterable[Invocation],
    limit_bytes: int | None = None,
    timeout_s: float | None = None,
) -> list[Row]:
    """Run invocations armed, one after the other, each in a child of one fresh process."""
    task = armed_task(target, model, limit_bytes)
    try:
        return [(call, *run_armed(task, call, timeout_s)) for call in calls]
    finally:
        servers.close(task)


def as_record(row: Row) -> dict[str, Any]:
    call, outcome, said = row
    return {
        "args": repr(call.args),
        "kwargs": repr(dict(call.kwargs)),
        "status": "refused" if said.refusal else outcome.status,
        "detail": said.refusal or outcome.detail,
        "measured_bytes": outcome.peak_bytes,
        "duration_s": outcome.duration_s,
        "forecasts": [
            {
                "growth_bytes": forecast.growth_bytes,
                "upper_bytes": forecast.upper_bytes,
                "breakpoint": str(forecast.breakpoint),
                "readings": forecast.readings,
                "extrapolating": forecast.extrapolating,
                "elapsed_s": forecast.elapsed_s,
            }
            for forecast in said.forecasts
        ],
    }


def forecast_table(rows: Iterable[Row], model: BreakpointModel, label: Callable[[Invocation], str]) -> Table:
    """Return the table of forecast beside measured growth, one invocation a row."""
    table = Table(title=f"{model.target}, forecast at {model.breakpoint}", title_justify="left")
    table.add_column("invocation", overflow="fold")
    for heading in ("forecast", "upper bound", "at", "measured", "error"):
        table.add_column(heading, justify="right")
    for call, outcome, said in rows:
        if said.refusal or not said.forecasts:
            what = f"refused: {said.refusal}" if said.refusal else f"{outcome.status}: {outcome.detail}"
            table.add_row(label(call), what, "", "", format_size(outcome.peak_bytes), "")
            continue
        last = said.forecasts[-1]
        moment = f"{last.elapsed_s * 1e3:.1f} of {outcome.duration_s * 1e3:.1f} ms"
        off = (last.growth_bytes - outcome.peak_bytes) / max(outcome.peak_bytes, 1)
        beyond = " *" if last.extrapolating else ""
        table.add_row(
            label(call),
            format_size(last.growth_bytes) + beyond,
            format_size(last.upper_bytes) if outcome.status == "ok" else outcome.status,
            moment,
            format_size(outcome.peak_bytes),
            f"{off:+.1%}" if outcome.status == "ok" else "",
        )
    table.caption = "* beyond the training range"
    return table


def _shown(call: Invocation) -> str:
    shown = ", ".join([*map(repr, call.args), *(f"{name}={value!r}" for name, value in call.kwargs.items())])
    return shown if len(shown) <= 60 else shown[:57] + "..."
