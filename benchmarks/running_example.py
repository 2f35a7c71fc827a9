"""How good the forecasts of the running example are, on folders never seen and on folders four times as large."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import mean, median
from typing import Any

import peakahead
from examples import running_example
from peakahead.commands.armed import armed_task, bare_task, pickled_arguments, run_armed
from peakahead.commands.datfiles import TRAINED_SIZES, make_folders
from peakahead.learner.isolation import measure, servers
from peakahead.models.sizes import FLOOR_BYTES

# The folders (by their seeds) are not those on which the bound was designed.
TRAINED, UNSEEN, LARGER = 30, 100, 30


def run() -> dict[str, Any]:
    """Learn from 30 folders; forecast 100 others and 30 larger ones, each measured in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        larger = (4 * TRAINED_SIZES[0], 4 * TRAINED_SIZES[1])
        groups = {
            "trained": make_folders(root / "trained", TRAINED, seed=51),
            "unseen": make_folders(root / "unseen", UNSEEN, seed=52),
            "larger": make_folders(root / "larger", LARGER, seed=53, sizes=larger),
        }
        model = peakahead.learn(running_example.mainfunction, [(str(path),) for path in groups["trained"]], jobs=2)
        return {
            "model": model.to_json(),
            "unseen": _forecasts(model, groups["unseen"]),
            "larger": _forecasts(model, groups["larger"]),
            "tracing": _tracing(groups["trained"]),
        }


def _forecasts(model: peakahead.BreakpointModel, folders: list[Path]) -> list[dict[str, float]]:
    task = armed_task(running_example.mainfunction, model)
    rows = []
    for number, path in enumerate(folders):
        call = peakahead.Invocation((str(path),))
        outcome, said = run_armed(task, call)
        assert outcome.status == "ok", outcome
        last = said.forecasts[-1]
        rows.append({"forecast": last.growth_bytes, "upper": last.upper_bytes, "peak": outcome.peak_bytes})
        print(f"\r{number + 1} of {len(folders)}", end="", file=sys.stderr)
    servers.close(task)
    return rows


def _tracing(folders: list[Path]) -> list[dict[str, float]]:
    """Measure the same invocations traced and untraced."""
    task = bare_task(running_example.mainfunction)
    rows = []
    for path in folders:
        arguments = pickled_arguments(peakahead.Invocation((str(path),)))
        plain, traced = (measure(task, arguments, traced=traced).peak_bytes for traced in (False, True))
        rows.append({"plain": plain, "traced": traced})
    servers.close(task)
    return rows


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    stage = results["model"]["stages"][-1]
    unseen, larger = results["unseen"], results["larger"]
    off = [
        abs(row["traced"] - row["plain"])
        for row in results["tracing"]
        if abs(row["traced"] - row["plain"]) > 0.02 * row["plain"]
    ]
    return {
        "breakpoint": f"`{stage['site']['variable']}`, line {stage['site']['line'] + 1}",
        "lead": f"{stage['lead']:.0%}",
        "median error, unseen": f"{median(map(_error, unseen)):.1%}",
        "median error, 4 x larger": f"{median(map(_error, larger)):.1%}",
        "peaks at or below the bound, unseen": f"{mean(row['peak'] <= row['upper'] for row in unseen):.0%}",
        "peaks at or below the bound, 4 x larger": f"{mean(row['peak'] <= row['upper'] for row in larger):.0%}",
        "mean bound / peak, unseen": f"{mean(row['upper'] / row['peak'] for row in unseen):.2f}",
        "largest change of a peak by tracing, beyond 2 %": f"{max(off, default=0) / 2**20:.2f} MiB",
    }


def _error(row: dict[str, float]) -> float:
    return abs(row["forecast"] - row["peak"]) / max(row["peak"], FLOOR_BYTES)
