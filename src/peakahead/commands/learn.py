"""`peakahead learn`: trains a model and writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from ..models.errors import InvalidOption, InvalidTarget
from ..models.file import check_writable
from ..models.model import BreakpointModel
from .console import console, errors, training_bar
from .target import check_name, import_function, invocations_option, load_invocations

_OF_BOTH = {"function", "invocations", "traces", "output", "jobs", "coverage"}


@click.command()
@click.argument("function", metavar="[MODULE:FUNCTION]", required=False)
@invocations_option(required=False)
@click.option(
    "-t",
    "--traces",
    multiple=True,
    metavar="FOLDER",
    help="Learn from traces recorded there, instead of from invocations; repeatable.",
)
@click.option("-o", "--output", default="model.json", show_default=True, help="Where the model goes.")
@click.option("-j", "--jobs", default=1, show_default=True, help="Invocations at a time; -1 for one a core.")
@click.option("--coverage", default=0.95, show_default=True, help="Share of invocations the upper bound is to cover.")
@click.option("--before", metavar="MODULE:FUNCTION", help="Called in each child before its memory is measured.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Ends an invocation that runs longer.")
@click.option("--isolation", default="forkserver", show_default=True, help="forkserver, or spawn.")
@click.option("--meter", default="rss", show_default=True, help="rss, or heap for what tracemalloc sees.")
@click.option("--repeats", default=5, show_default=True, help="Invocations to measure once more, untraced.")
@click.option("--package", "packages", multiple=True, metavar="NAME", help="A further package to trace; repeatable.")
def learn(function: str | None, invocations: str | None, traces: tuple[str, ...], output: str, **options: Any) -> None:
    """Trace training invocations, or read recorded ones, find the breakpoint, write the model.

    With --invocations each runs in a process of its own; one that fails is counted and left out. With --traces the
    function need only be named where several were recorded there; of a function that can be imported only traces of
    its present version are used.
    """
    if (invocations is None) == (not traces):
        raise InvalidOption(
            "give either --invocations, to run the function, or --traces, recorded where it ran: it takes one of them"
        )
    check_writable(output)
    model = _from_traces(function, traces, options) if invocations is None else _run(function, invocations, options)
    model.save(output)
    console.print(str(model), soft_wrap=True, markup=False)
    console.print(f"\nwritten to {output}", markup=False)


def _run(function: str | None, invocations: str, options: dict[str, Any]) -> BreakpointModel:
    from ..learner.learn import learn as learn_function

    if function is None:
        raise InvalidOption("--invocations calls a function: name it, such as app.handlers:resize")
    target = import_function(function)
    options["before"] = import_function(options["before"]) if options["before"] else None
    calls = load_invocations(invocations)
    with training_bar() as progress:
        return learn_function(target, calls, progress=progress, **options)


def _from_traces(function: str | None, traces: tuple[str, ...], options: dict[str, Any]) -> BreakpointModel:
    from ..learner.fit import fit

    context = click.get_current_context()
    for parameter in context.command.params:
        name = str(parameter.name)
        if name not in _OF_BOTH and context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise InvalidOption(
                f"{parameter.opts[0]} says how to run invocations, and traces are of some that have run: leave it out"
            )
    target = _present(function) if function is not None else None
    return fit(traces, function=target, coverage=options["coverage"], jobs=options["jobs"])


def _present(name: str) -> str | Callable[..., Any]:
    """Return the function, so that its present version counts, or its name if it isn't here."""
    from ..learner.target import underlying_function

    check_name(name)
    try:
        found = import_function(name)
        underlying_function(found)
    except InvalidTarget as error:
        errors.print(
            f"[yellow]warning:[/] {error}; the version that most traces are of is taken", soft_wrap=True, markup=True
        )
        return name
    return found
