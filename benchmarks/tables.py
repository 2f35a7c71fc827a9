"""Writes the tables of the README and of `benchmarks/README.md` from the stored results."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import accuracy, coldstart, overhead, scale, tracing
from .store import load_all

ROOT = Path(__file__).parents[1]
BENCHMARKS: dict[str, Callable[[dict[str, Any]], dict[str, str]]] = {
    "accuracy": accuracy.figures,
    "tracing": tracing.figures,
    "overhead": overhead.figures,
    "coldstart": coldstart.figures,
    "scale": scale.figures,
}

# Tables with columns of their own, and what must be known to read them; a row a Python.
MATRICES: dict[
    str, tuple[str, Callable[[dict[str, Any]], dict[str, dict[str, str]]], Callable[[dict[str, Any]], list[str]]]
] = {"tools": ("tracing", tracing.by_tool, tracing.by_tool_notes)}


def write_tables() -> None:
    """Rewrite what stands between the markers of each file."""
    for path in (ROOT / "README.md", ROOT / "benchmarks" / "README.md"):
        path.write_text(with_tables(path.read_text()))


def with_tables(text: str) -> str:
    """Return the text with each `<!-- table: NAME -->` block written anew."""

    def replaced(found: re.Match[str]) -> str:
        names = found[1].split()
        written = matrix(*MATRICES[names[0]]) if names[0] in MATRICES else table(names)
        return f"<!-- table: {found[1]} -->\n{written}\n<!-- end -->"

    return re.sub(r"<!-- table: ([\w ]+) -->\n.*?<!-- end -->", replaced, text, flags=re.DOTALL)


def table(names: list[str]) -> str:
    """Return the Markdown table of some benchmarks, one figure a row and one Python a column."""
    stored = {name: load_all(name) for name in names}
    pythons = list(dict.fromkeys(python for results in stored.values() for python in results))
    lines = ["| | " + " | ".join(f"Python {python}" for python in pythons) + " |", "| --- |" + " --: |" * len(pythons)]
    for name, results in stored.items():
        columns = {python: BENCHMARKS[name](result["results"]) for python, result in results.items()}
        rows = list(dict.fromkeys(row for column in columns.values() for row in column))
        lines += [f"| {row} | " + " | ".join(columns.get(p, {}).get(row, "") for p in pythons) + " |" for row in rows]
    return "\n".join([*lines, "", *machines(stored)])


def matrix(
    benchmark: str,
    cells: Callable[[dict[str, Any]], dict[str, dict[str, str]]],
    notes: Callable[[dict[str, Any]], list[str]],
) -> str:
    """Return the Markdown table of one benchmark whose figures have columns of their own."""
    stored = load_all(benchmark)
    found = {python: cells(result["results"]) for python, result in stored.items()}
    columns = list(dict.fromkeys(column for rows in found.values() for row in rows.values() for column in row))
    names = list(dict.fromkeys(name for rows in found.values() for name in rows))
    lines = ["| | Python | " + " | ".join(columns) + " |", "| --- | --- |" + " --: |" * len(columns)]
    for name in names:
        for python, rows in found.items():
            row = rows.get(name, {})
            lines.append(f"| {name} | {python} | " + " | ".join(row.get(column, "") for column in columns) + " |")
    said = dict.fromkeys(note for result in stored.values() for note in notes(result["results"]))
    return "\n".join([*lines, "", *said, *machines({benchmark: stored})])


def machines(stored: dict[str, dict[str, Any]]) -> list[str]:
    """Return one line for each machine that the results were measured on."""
    found = [result["machine"] for results in stored.values() for result in results.values()]
    said = [
        f"Measured on {m['processor']}, {m['cores']} cores, {m['memory_bytes'] / 2**30:.0f} GiB, "
        f"{m['platform'].split('-with-')[0]}, {m['libc']}, {m['measured']}."
        for m in found
    ]
    return list(dict.fromkeys(said))
