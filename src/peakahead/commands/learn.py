"""`peakahead learn`: trains a model and writes it."""

from __future__ import annotations

from typing import Any

import click

from ..models.file import check_writable
from .console import console, training_bar
from .target import import_function, invocations_option, load_invocations


@click.command()
@click.argument("function", metavar="MODULE:FUNCTION")
@invocations_option(required=True)
@click.option("-o", "--output", default="model.json", show_default=True, help="Where the model goes.")
@click.option("-j", "--jobs", default=1, show_default=True, help="Invocations at a time; -1 for one a core.")
@click.option("--coverage", default=0.95, show_default=True, help="Share of invocations the upper bound is to cover.")
@click.option("--before", metavar="MODULE:FUNCTION", help="Called in each child before its memory is measured.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Ends an invocation that runs longer.")
@click.option("--isolation", default="forkserver", show_default=True, help="forkserver, or spawn.")
@click.option("--meter", default="rss", show_default=True, help="rss, or heap for what tracemalloc sees.")
@click.option("--repeats", default=5, show_default=True, help="Invocations to measure once more, untraced.")
@click.option("--package", "packages", multiple=True, metavar="NAME", help="A further package to trace; repeatable.")
def learn(
    function: str, invocations: str, output: str, before: str | None, packages: tuple[str, ...], **options: Any
) -> None:
    """Trace training invocations, find the breakpoint, write the model.

    Each invocation runs in a process of its own; one that fails is counted and left out.
    """
    from ..learner.learn import learn as learn_function

    check_writable(output)
    target = import_function(function)
    options["before"] = import_function(before) if before else None
    calls = load_invocations(invocations)
    with training_bar() as progress:
        model = learn_function(target, calls, packages=packages, progress=progress, **options)
    model.save(output)
    console.print(str(model), soft_wrap=True, markup=False)
    console.print(f"\nwritten to {output}", markup=False)
