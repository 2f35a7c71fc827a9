"""A warm container: one process serves 200 invocations of very different sizes, in three orders.

A process that has served a large one keeps some of its memory, and a later one reuses it; so the growth that training
measured, each invocation in a process of its own, doesn't simply add up. What counts is the absolute forecast.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import peakahead
from examples import running_example
from peakahead.commands.datfiles import make_folders
from peakahead.models.sizes import FLOOR_BYTES, format_size

from .accuracy.cases import all_cases

INVOCATIONS = 200
TRAINED = 30
ORDERS = ("random", "ascending", "descending")
FUNCTIONS = ("mainfunction", "thumbnail", "heat_map")
STEADY = (10_000, 100_000)  # after how many invocations what the process holds is looked at
_MOST_ERROR, _LEAST_COVERED = 0.08, 0.95


def run() -> dict[str, Any]:
    """Learn each function, then serve it in fresh processes."""
    results: dict[str, Any] = {}
    for name in FUNCTIONS:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            function, before, train, calls, sizes = _prepared(name, Path(folder), stack)
            model = peakahead.learn(function, train, jobs=2, before=before)
            ascending = np.argsort(sizes, kind="stable").tolist()
            shuffled = np.random.default_rng(7).permutation(len(calls)).tolist()
            orders = {"random": shuffled, "ascending": ascending, "descending": ascending[::-1]}
            results[name] = {}
            for order in ORDERS:
                task = {"model": model.to_json(), "function": function, "before": before}
                results[name][order] = _served({**task, "calls": [calls[place] for place in orders[order]]})
                print(f"\r{name}, {order}: {_figures(results[name][order])}", file=sys.stderr)
    results["steady"] = _served({"steady": STEADY})
    return results


def _prepared(
    name: str, folder: Path, stack: ExitStack
) -> tuple[Callable[..., Any], Callable[[], object] | None, list[Any], list[Any], list[float]]:
    """Return a function, what comes before it, and its invocations for training and serving, the latter with sizes."""
    if name == "mainfunction":
        train = [(str(path),) for path in make_folders(folder / "train", TRAINED, seed=71)]
        paths = make_folders(folder / "serve", INVOCATIONS, seed=72)
        sizes = [float(sum(file.stat().st_size for file in path.iterdir())) for path in paths]
        return running_example.mainfunction, None, train, [(str(path),) for path in paths], sizes
    case = all_cases()[name]
    made = case.invocations(folder, stack, {"train": TRAINED, "unseen": INVOCATIONS})
    calls = [call.args for call in made["unseen"]]
    return case.function, case.before, made["train"], calls, [case.oracle(*args) for args in calls]


def _served(task: dict[str, Any]) -> Any:
    with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
        file.write(pickle.dumps(task))
        file.flush()
        command = [sys.executable, "-m", "benchmarks.warm", file.name]
        said = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(said.splitlines()[-1])


def _serve(task: dict[str, Any]) -> list[dict[str, int | bool]]:
    """In a fresh process: arm the function, run all invocations, and return what each result says."""
    model = peakahead.BreakpointModel.from_json(task["model"])
    if task["before"] is not None:
        task["before"]()
    peakahead.arm(model, strict=True)
    found: list[peakahead.Result] = []
    serve = peakahead.predict_memory(model, on_result=found.append)(task["function"])
    with open(os.devnull, "w") as nowhere:
        stdout, sys.stdout = sys.stdout, nowhere
        for args in task["calls"]:
            serve(*args)
        sys.stdout = stdout
    fields = ("growth_bytes", "upper_bytes", "peak_bytes", "upper_peak_bytes", "measured_peak_bytes", "baseline_bytes")
    return [{field: getattr(result, field) for field in fields} for result in found]


def _text_of(size: int) -> int:
    text = str(size)
    return len(text)


def _hold_steady(counts: tuple[int, ...]) -> list[int]:
    """Return what the process holds after so many invocations, each measured, told of and logged."""
    from peakahead.runtime.resident import resident_bytes
    from tests.runtime.models import stored, watching

    model = watching(_text_of, stored(_text_of, "text", "text = "), "len")
    held = []
    with tempfile.TemporaryDirectory() as folder:
        serve = peakahead.predict_memory(model, on_forecast=str, on_result=str, results=folder)(_text_of)
        for number in range(1, counts[-1] + 1):
            serve(number % 1_000)
            if number in counts:
                held.append(resident_bytes())
    return held


def _figures(rows: list[dict[str, int]]) -> dict[str, str]:
    peaks = [row["measured_peak_bytes"] for row in rows]
    absolute = median(abs(row["peak_bytes"] - peak) / peak for row, peak in zip(rows, peaks, strict=True))
    of_growth = median(
        abs(row["peak_bytes"] - peak) / max(peak - row["baseline_bytes"], FLOOR_BYTES)
        for row, peak in zip(rows, peaks, strict=True)
    )
    held = sum(peak <= row["upper_peak_bytes"] for row, peak in zip(rows, peaks, strict=True)) / len(rows)
    return {
        "peaks": f"{format_size(min(peaks))} to {format_size(max(peaks))}",
        f"median error of the absolute peak (at most {_MOST_ERROR:.0%})": f"{absolute:.1%}",
        "of what lies above the cold process": f"{of_growth:.1%}",
        f"at or below the bound (at least {_LEAST_COVERED:.0%})": f"{held:.1%}",
    }


def cells(results: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the figures by function and order."""
    return {
        f"`{name}`, {order}": _figures(rows)
        for name, orders in results.items()
        if name != "steady"
        for order, rows in orders.items()
    }


def notes(results: dict[str, Any]) -> list[str]:
    """Return what must be known to read the table."""
    held = results["steady"]
    return [
        f"Each row is {INVOCATIONS} invocations in one process; the model was learned from {TRAINED}, each in its own. "
        f"Of a function that does next to nothing, each invocation measured, told of and logged, the process held "
        f"{(held[1] - held[0]) / 1024:+,.0f} KiB after {STEADY[1]:,} invocations against after {STEADY[0]:,}."
    ]


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    rows = cells(results)
    return {name: "; ".join(f"{what} {value}" for what, value in row.items()) for name, row in rows.items()}


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as opened:
        asked = pickle.load(opened)
    print(json.dumps(_hold_steady(asked["steady"]) if "steady" in asked else _serve(asked)))
