"""`peakahead bench`: what arming and tracing cost the user's own function."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import click
from rich.table import Table

from ..learner.invocations import Invocation, normalise
from ..learner.isolation import measure, servers
from ..models.errors import InvalidInvocation
from ..models.file import load
from ..models.model import BreakpointModel
from ..runtime.timing import HitCost
from .armed import armed_task, bare_task, hits_task, pickled_arguments
from .console import bar, console
from .target import import_function, invocations_option, load_invocations

WAYS = ("bare", "armed", "traced")


@dataclass(frozen=True, slots=True)
class Timings:
    """What was timed.

    Attributes:
        seconds: The repeats of each way, in the order in which they ran.
        hits: What each breakpoint's hits cost.
    """

    seconds: dict[str, list[float]]
    hits: list[HitCost]

    def ratio(self, way: str) -> float:
        """Return the median of a way over the bare median."""
        return median(self.seconds[way]) / median(self.seconds["bare"])


@click.command()
@click.argument("model", metavar="MODEL.JSON")
@click.argument("function", metavar="MODULE:FUNCTION")
@invocations_option(required=False)
@click.option("--args", "arguments", metavar="JSON", help="The invocation to time, as a line of the file would be.")
@click.option("--repeats", default=15, show_default=True, help="Runs of each way.")
def bench(model: str, function: str, invocations: str | None, arguments: str | None, repeats: int) -> None:
    """Time a function bare, armed and fully traced, interleaved, each run in a fresh process.

    Of a file of invocations the first is timed.
    """
    found = load(model)
    target = import_function(function)
    calls = normalise(target, load_invocations(invocations, arguments))
    if repeats < 1:
        raise InvalidInvocation(f"--repeats {repeats} runs nothing: give 1 or more")
    console.print(bench_table(time_function(target, found, calls[0], repeats)))


def time_function(function: Callable[..., Any], model: BreakpointModel, call: Invocation, repeats: int) -> Timings:
    """Time one invocation in every way, the ways taking turns.

    Raises:
        InvalidInvocation: If the invocation fails.
    """
    tasks = {"bare": bare_task(function), "armed": armed_task(function, model), "traced": bare_task(function)}
    arguments = pickled_arguments(call)
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    costs = hits_task(function, model)
    try:
        with bar("timed", repeats) as done:
            for repeat in range(repeats + 1):
                for way in WAYS:
                    outcome = measure(tasks[way], arguments, traced=way == "traced")
                    if outcome.status != "ok":
                        raise InvalidInvocation(
                            f"the invocation {outcome.status} ({outcome.detail}), so there is nothing to time: "
                            "give one that succeeds"
                        )
                    if repeat:  # the first of each way warms the file cache
                        seconds[way].append(outcome.duration_s)
                done(repeat)
        hits = pickle.loads(measure(costs, arguments, traced=False, with_result=True).result)
    finally:
        for task in (*tasks.values(), costs):
            servers.close(task)
    return Timings(seconds, hits)


def bench_table(timings: Timings) -> Table:
    """Return the table of medians and ratios, and of the cost of hits."""
    table = Table(title=f"{len(timings.seconds['bare'])} interleaved runs in fresh processes", title_justify="left")
    for heading in ("", "median", "x bare", "spread"):
        table.add_column(heading, justify="left" if not heading else "right")
    for way in WAYS:
        runs = timings.seconds[way]
        spread = f"{min(runs) * 1e3:.2f} to {max(runs) * 1e3:.2f} ms"
        table.add_row(way, f"{median(runs) * 1e3:.2f} ms", f"{timings.ratio(way):.3f}", spread)
    for cost in timings.hits:
        hits = f"{cost.hits} hit{'' if cost.hits == 1 else 's'}"
        table.add_row(f"a hit of {cost.site}", f"{cost.seconds * 1e9:.0f} ns", "", hits)
    return table
