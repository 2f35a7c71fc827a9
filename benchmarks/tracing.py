"""What full tracing costs while training: a hot loop, and the running example."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import peakahead
from examples import running_example
from peakahead.commands.armed import bare_task, pickled_arguments
from peakahead.commands.datfiles import make_folders
from peakahead.learner.isolation import measure, servers

ITERATIONS = 10_000_000
REPEATS = 5
_LARGE = (4e6, 6e6)


def assignments(n: int) -> int:
    """Assign two variables a turn, and nothing else."""
    copy = 0
    for i in range(n):
        value = i
        copy = value
    return copy


def assignments_then_more(n: int) -> int:
    """The same, with a line after the loop that could still be a breakpoint."""
    copy = 0
    for i in range(n):
        value = i
        copy = value
    after = copy
    return after  # noqa: RET504 - the assignment is the point


def run() -> dict[str, Any]:
    """Time each function plain and traced, taking turns, each run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        (path,) = make_folders(Path(folder), 1, seed=21, sizes=_LARGE)
        cases: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
            "loop": (assignments, (ITERATIONS,)),
            "loop, then a line": (assignments_then_more, (ITERATIONS,)),
            "running example": (running_example.mainfunction, (str(path),)),
        }
        return {name: _time(*case) for name, case in cases.items()}


def _time(function: Callable[..., Any], args: tuple[Any, ...]) -> dict[str, list[float]]:
    task = bare_task(function)
    arguments = pickled_arguments(peakahead.Invocation(args))
    seconds: dict[str, list[float]] = {"plain": [], "traced": []}
    for _ in range(REPEATS):
        for way, traced in (("plain", False), ("traced", True)):
            outcome = measure(task, arguments, traced=traced)
            assert outcome.status == "ok", outcome
            seconds[way].append(outcome.duration_s)
    servers.close(task)
    return seconds


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    return {
        f"full tracing / plain, {name}": f"{median(seconds['traced']) / median(seconds['plain']):.2f}"
        for name, seconds in results.items()
    }
