"""What full tracing costs while training, beside a plain run and beside other tools that follow a function."""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import peakahead
from examples import running_example
from peakahead.commands.armed import bare_task, pickled_arguments, wrapped_task
from peakahead.commands.datfiles import make_folders
from peakahead.learner.isolation import measure, servers
from peakahead.learner.tracer import MAX_HITS

from . import traced_functions
from .tools import TOOLS, Under, missing

ITERATIONS = 10_000_000
REPEATS = 5
_LARGE = (4e6, 6e6)
_SLOW = "memory_profiler"  # asks the operating system for the memory at every line
_OURS = "peakahead"


@dataclass(frozen=True, slots=True)
class _Case:
    """A function with its argument, and a smaller one for the slow tool."""

    function: Callable[..., Any]
    argument: Any
    smaller: Any
    repeats: int = REPEATS


def run() -> dict[str, Any]:
    """Time each function plain, traced and under other tools, taking turns, each run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        (path,) = make_folders(Path(folder), 1, seed=21, sizes=_LARGE)
        cases: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
            "loop": (traced_functions.assignments, (ITERATIONS,)),
            "loop, then a line": (traced_functions.assignments_then_more, (ITERATIONS,)),
            "running example": (running_example.mainfunction, (str(path),)),
        }
        file = str(max(path.iterdir(), key=lambda entry: entry.stat().st_size))
        short = MAX_HITS - 1
        compared = {
            "loop": _Case(traced_functions.loop, 1_000_000, 10_000),
            "loop too short to be retired": _Case(traced_functions.loop, short, short, repeats=3 * REPEATS),
            "reading lines": _Case(traced_functions.read_lines, file, file),
            "NumPy": _Case(traced_functions.arrays, 1_000_000, 1_000_000),
            "recursion": _Case(traced_functions.recursive, 25, 15),
        }
        return {
            "plain and traced": {name: _time(*case) for name, case in cases.items()},
            "tools": {name: _compare(name, case) for name, case in compared.items()},
        }


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


def _compare(name: str, case: _Case) -> dict[str, Any]:
    """Return the seconds of each tool's runs with those of as many plain ones of the same argument."""
    tools = [_OURS, *TOOLS]
    absent = {tool: why for tool in TOOLS if (why := missing(tool))}
    tasks = {tool: wrapped_task(Under(case.function, tool), case.function) for tool in TOOLS if tool not in absent}
    tasks["plain"] = tasks[_OURS] = bare_task(case.function)
    rows: dict[str, Any] = {
        tool: {"argument": _said(case.smaller if tool == _SLOW else case.argument), "plain": [], "seconds": []}
        for tool in tools
    }
    for tool, why in absent.items():
        rows[tool]["missing"] = why
    for repeat in range(case.repeats):
        print(f"\r{name}: {repeat + 1} of {case.repeats}", end=" " * 20, file=sys.stderr)
        plain = {
            argument: _seconds(tasks["plain"], argument) for argument in dict.fromkeys((case.argument, case.smaller))
        }
        for tool in tools:
            if tool not in absent:
                argument = case.smaller if tool == _SLOW else case.argument
                rows[tool]["plain"].append(plain[argument])
                rows[tool]["seconds"].append(_seconds(tasks[tool], argument, tool))
    for task in set(tasks.values()):
        servers.close(task)
    return rows


def _seconds(task: bytes, argument: Any, tool: str = "") -> float:
    arguments = pickled_arguments(peakahead.Invocation((argument,)))
    outcome = measure(task, arguments, traced=tool == _OURS, with_result=tool in TOOLS)
    assert outcome.status == "ok", outcome
    if tool in TOOLS:
        seconds: float = pickle.loads(outcome.result)
        return seconds
    return outcome.duration_s


def _said(argument: Any) -> str:
    return f"{argument:,}" if isinstance(argument, int) else "a file"


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    return {
        f"full tracing / plain, {name}": f"{median(seconds['traced']) / median(seconds['plain']):.2f}"
        for name, seconds in results["plain and traced"].items()
    }


def by_tool(results: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return how many times a plain run's time each function takes under each tool."""
    return {
        name: {
            "plain": f"{median(rows[_OURS]['plain']) * 1e3:,.2f} ms",
            **{tool: row.get("missing") or _ratio(row) for tool, row in rows.items()},
        }
        for name, rows in results["tools"].items()
    }


def _ratio(row: dict[str, Any]) -> str:
    ratio = median(row["seconds"]) / median(row["plain"])
    return f"{ratio:,.0f} x" if ratio >= 10 else f"{ratio:.2f} x"


def by_tool_notes(results: dict[str, Any]) -> list[str]:
    """Return what must be known to read that table."""
    smaller = [
        f"{name} of {rows[_SLOW]['argument']} instead of {rows[_OURS]['argument']}"
        for name, rows in results["tools"].items()
        if rows[_SLOW]["argument"] != rows[_OURS]["argument"]
    ]
    return [f"{_SLOW} ran less, beside plain runs of the same: {'; '.join(smaller)}."] if smaller else []
