"""What commands print with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from ..learner.learn import Progress as TrainingProgress

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


@contextmanager
def bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on the standard error while work is done; yields what to call with the items done so far."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(description, total=total, note="")
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def training_bar() -> Iterator[Callable[[TrainingProgress], None]]:
    """Show how far training is: traced k of n, failures, time left; yields what `learn` takes as `progress`."""
    columns = (
        TextColumn("traced"),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task("traced", total=None, note="")

        def update(state: TrainingProgress) -> None:
            note = f"[red]{state.failed} failed[/]" if state.failed else "none failed"
            progress.update(task, total=state.total, completed=state.done, note=note)
            if state.last.status != "ok":
                text = escape(f"invocation {state.done}: {state.last.status}: {state.last.detail}")
                progress.console.print(f"[yellow]{text}[/]")

        yield update
