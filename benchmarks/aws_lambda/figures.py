"""What the raw results of the example for AWS Lambda come to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from statistics import mean, median
from typing import Any

from ..overhead.figures import spread

Row = dict[str, float]
# By what it is called in the table.
_GROUPS = {"cold": "cold, unseen", "larger": "cold, 4 x larger", "warm": "warm"}


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what a run comes to."""
    rows = {group: _rows(results, group) for group in _GROUPS}
    stage = results["model"]["stages"][-1]
    found = {
        "breakpoint": f"`{stage['site']['variable']}`, line {stage['site']['line'] + 1}",
        "lead": f"{stage['lead']:.0%}",
    }
    columns: dict[str, Callable[[list[Row]], str]] = {
        "median error of the peak": lambda group: f"{median(map(_error, group)):.1%}",
        "largest error of the peak": lambda group: f"{max(map(_error, group)):.1%}",
        "peaks at or below the bound": lambda group: f"{mean(_is_below(row) for row in group):.0%}",
        "mean bound / peak": lambda group: f"{mean(row['UpperPeak'] / row['MeasuredPeak'] for row in group):.2f}",
        "invocation to forecast": lambda group: f"{median(row['TimeToForecast'] for row in group):.2f} ms",
        "forecast to the end": lambda group: f"{median(row['LeadTime'] for row in group):.0f} ms",
    }
    for what, figure in columns.items():
        found |= {f"{what}, {name}": figure(rows[group]) for group, name in _GROUPS.items()}
    found["function.zip"] = _kibibytes(results["zip"])
    for name, seconds in results["init"].items():
        found[f"init phase, {name}"] = f"{median(seconds) * 1e3:.0f} ms"
    return found


def short_figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what a user wants to know before all else."""
    wanted = ("median error of the peak, ", "peaks at or below the bound, ", "function.zip", "init phase")
    return {name: value for name, value in figures(results).items() if name.startswith(wanted)}


def package_table(results: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return for each part of the package its size; the zip's own records are in none but the whole."""
    sizes = sorted(results["sizes"].items(), key=lambda part: -part[1]["zipped"])
    parts = {name: {kind: _kibibytes(size) for kind, size in part.items()} for name, part in sizes}
    unpacked = sum(part["unpacked"] for _, part in sizes)
    return {**parts, "function.zip": {"unpacked": _kibibytes(unpacked), "zipped": _kibibytes(results["zip"])}}


def init_table(results: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return for each kind of init phase its time, and how much more that is than without peakahead, turn by turn."""
    kinds = results["init"]
    bare = next(iter(kinds.values()))
    return {
        name: {
            "init phase": _milliseconds(seconds),
            "more than without": ""
            if seconds is bare
            else _milliseconds([one - other for one, other in zip(seconds, bare, strict=True)]),
        }
        for name, seconds in kinds.items()
    }


def line_shown(results: dict[str, Any]) -> list[str]:
    """Return a line of metrics as the README shows it, its metrics' definitions a line each."""
    text = json.dumps(results["line"], indent=1)
    return ["```json", *re.sub(r"\{\s+(\"Name\"[^{}]*?)\s+\}", _in_one_line, text).splitlines(), "```"]


def _in_one_line(found: re.Match[str]) -> str:
    return f"{{{' '.join(found[1].split())}}}"


def _rows(results: dict[str, Any], group: str) -> list[Row]:
    return [dict(zip(results["columns"], row, strict=True)) for row in results[group]]


def _error(row: Row) -> float:
    return abs(row["ForecastPeak"] - row["MeasuredPeak"]) / row["MeasuredPeak"]


def _is_below(row: Row) -> bool:
    return row["MeasuredPeak"] <= row["UpperPeak"]


def _kibibytes(size: int) -> str:
    return f"{size / 1024:,.0f} KiB"


def _milliseconds(seconds: list[float]) -> str:
    low, high = spread(seconds)
    return f"{median(seconds) * 1e3:.1f} ms ({low * 1e3:.1f} to {high * 1e3:.1f})"
