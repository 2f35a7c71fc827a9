"""Writes the tables of the README and of `benchmarks/README.md` from the stored results."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import aws_lambda, cloud_functions, coldstart, injection, overhead, running_example, scale, tracing, warm
from .accuracy import figures as accuracy
from .conformance import figures as conformance
from .fuzz import run as fuzz
from .store import load_all

ROOT = Path(__file__).parents[1]
BENCHMARKS: dict[str, Callable[[dict[str, Any]], dict[str, str]]] = {
    "running_example": running_example.figures,
    "accuracy": accuracy.figures,
    "tracing": tracing.figures,
    "overhead": overhead.figures,
    "coldstart": coldstart.figures,
    "scale": scale.figures,
    "warm": warm.figures,
    "aws_lambda": aws_lambda.figures,
    "cloud_functions": cloud_functions.figures,
    "conformance": conformance.figures,
    "injection": injection.figures,
    "fuzz": fuzz.figures,
}
# Of a benchmark's figures, those that a user wants to know.
SHORT: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, str]]]] = {
    "overhead_short": ("overhead", overhead.short_figures),
    "coldstart_short": ("coldstart", coldstart.short_figures),
    "aws_lambda_short": ("aws_lambda", aws_lambda.short_figures),
    "cloud_functions_short": ("cloud_functions", cloud_functions.short_figures),
}
_NOTHING = "Not measured yet."
Stored = dict[str, dict[str, Any]]  # one benchmark's results, by Python


def _of_oldest(layout: Callable[[dict[str, Any]], list[str]]) -> Callable[[Stored], list[str]]:
    """Return the layout of the results of the oldest Python that has any."""

    def lines(stored: Stored) -> list[str]:
        python, result = next(iter(stored.items()))
        return [*layout(result["results"]), "", f"Python {python}."]

    return lines


def _row_a_python(
    cells: Callable[[dict[str, Any]], dict[str, dict[str, str]]], notes: Callable[[dict[str, Any]], list[str]]
) -> Callable[[Stored], list[str]]:
    """Return the layout of figures with columns of their own and a row a Python, and what must be known to read it."""

    def lines(stored: Stored) -> list[str]:
        found = {python: cells(result["results"]) for python, result in stored.items()}
        columns = list(dict.fromkeys(column for rows in found.values() for row in rows.values() for column in row))
        names = list(dict.fromkeys(name for rows in found.values() for name in rows))
        head = ["| | Python | " + " | ".join(columns) + " |", "| --- | --- |" + " --: |" * len(columns)]
        body = [
            f"| {name} | {python} | " + " | ".join(rows.get(name, {}).get(column, "") for column in columns) + " |"
            for name in names
            for python, rows in found.items()
        ]
        said = dict.fromkeys(note for result in stored.values() for note in notes(result["results"]))
        return [*head, *body, "", *said]

    return lines


# Tables of a shape of their own.
LAYOUTS: dict[str, tuple[str, Callable[[Stored], list[str]]]] = {
    "accuracy_methods": ("accuracy", _of_oldest(accuracy.methods_table)),
    "accuracy_functions": ("accuracy", _of_oldest(accuracy.functions_table)),
    "cloud_functions_line": ("cloud_functions", _of_oldest(cloud_functions.line)),
    "conformance_differing": ("conformance", conformance.differing_table),
    "tools": ("tracing", _row_a_python(tracing.by_tool, tracing.by_tool_notes)),
    "hits": ("overhead", _row_a_python(overhead.hits_table, overhead.hits_notes)),
    "whole": ("overhead", _row_a_python(overhead.whole_table, lambda _results: [])),
    "warm_orders": ("warm", _row_a_python(warm.cells, warm.notes)),
    "aws_lambda_line": ("aws_lambda", _of_oldest(aws_lambda.line_shown)),
    "aws_lambda_init": ("aws_lambda", _row_a_python(aws_lambda.init_table, lambda _results: [])),
    "aws_lambda_package": ("aws_lambda", _row_a_python(aws_lambda.package_table, lambda _results: [])),
    "starts": ("coldstart", _row_a_python(coldstart.starts_table, coldstart.starts_notes)),
}


EXAMPLES = ("examples/aws_lambda", "examples/google_cloud_functions")
WITH_TABLES = [ROOT / folder / "README.md" for folder in (".", "benchmarks", *EXAMPLES)]


def write_tables() -> None:
    """Rewrite what stands between the markers of each file."""
    for path in WITH_TABLES:
        path.write_text(with_tables(path.read_text()))


def with_tables(text: str) -> str:
    """Return the text with each `<!-- table: NAME -->` block written anew."""

    def replaced(found: re.Match[str]) -> str:
        return f"<!-- table: {found[1]} -->\n{table(found[1].split())}\n<!-- end -->"

    return re.sub(r"<!-- table: ([\w ]+) -->\n.*?<!-- end -->", replaced, text, flags=re.DOTALL)


def table(names: list[str]) -> str:
    """Return the Markdown table of some benchmarks, one figure a row and one Python a column; or one of `LAYOUTS`."""
    if names[0] in LAYOUTS:
        return _laid_out(*LAYOUTS[names[0]])
    parts = {name: SHORT.get(name) or (name, BENCHMARKS[name]) for name in names}
    stored = {name: load_all(benchmark) for name, (benchmark, _) in parts.items()}
    pythons = list(dict.fromkeys(python for results in stored.values() for python in results))
    if not pythons:
        return _NOTHING
    lines = ["| | " + " | ".join(f"Python {python}" for python in pythons) + " |", "| --- |" + " --: |" * len(pythons)]
    for name, results in stored.items():
        columns = {python: parts[name][1](result["results"]) for python, result in results.items()}
        rows = list(dict.fromkeys(row for column in columns.values() for row in column))
        lines += [f"| {row} | " + " | ".join(columns.get(p, {}).get(row, "") for p in pythons) + " |" for row in rows]
    return "\n".join([*lines, "", *machines(stored)])


def _laid_out(benchmark: str, layout: Callable[[Stored], list[str]]) -> str:
    stored = load_all(benchmark)
    return "\n".join([*layout(stored), *machines({benchmark: stored})]) if stored else _NOTHING


def machines(stored: dict[str, dict[str, Any]]) -> list[str]:
    """Return one line for each machine that the results were measured on."""
    found = [result["machine"] for results in stored.values() for result in results.values()]
    said = [
        f"Measured on {m['processor']}, {m['cores']} cores, {m['memory_bytes'] / 2**30:.0f} GiB, "
        f"{m['platform'].split('-with-')[0]}, {m['libc']}, {m['measured']}."
        for m in found
    ]
    return list(dict.fromkeys(said))
