"""What the raw results of the cloud function come to."""

from __future__ import annotations

import json
from statistics import correlation, mean, median
from typing import Any


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return the figures by what they are called in the table."""
    stage = results["model"]["stages"][-1]
    predicted = results["predicted"]
    told = [row["result"] for row in predicted]
    numbers = [row["events"] for row in predicted]
    errors = [abs(row["peak_bytes"] - row["measured_peak_bytes"]) / row["measured_peak_bytes"] for row in told]
    bounds = [row["upper_peak_bytes"] / row["measured_peak_bytes"] for row in told]
    slower = [_taken(traced) / _taken(bare) for bare, traced in zip(results["bare"], results["recorded"], strict=True)]
    (bare_s, bare_bytes), (start_s, start_bytes) = (
        [median(figure) for figure in zip(*results["starts"][way], strict=True)] for way in ("bare", "predicting")
    )
    return {
        "requests recorded, predicted": f"{len(results['recorded'])}, {len(predicted)}",
        "breakpoint": f"`{stage['site']['variable']}`, line {stage['site']['line'] + 1}",
        "numbers drawn": f"{min(numbers):,} to {max(numbers):,}",
        "measured peaks of the process": f"{_mib(min(_peaks(told)))} to {_mib(max(_peaks(told)))}",
        "correlation of the number with the measured peak": f"{correlation(numbers, _peaks(told)):.3f}",
        "median error of the forecast": f"{median(errors):.1%}",
        "largest error": f"{max(errors):.1%}",
        "peaks at or below the bound": f"{mean(bound >= 1 for bound in bounds):.0%}",
        "mean bound / peak": f"{mean(bounds):.2f}",
        "lead": f"{stage['lead']:.0%}",
        "from request to forecast, median": _ms(median(map(_until_forecast, predicted))),
        "from request to answer, median": _ms(median(map(_taken, predicted))),
        "recording, as a multiple of the bare request": f"{median(slower):.2f}",
        "a trace": f"{median(results['traces_bytes']) / 1024:.0f} KiB",
        "what loading and arming adds to a cold start": f"{_ms(start_s - bare_s)}, {_mib(start_bytes - bare_bytes)}",
    }


def short_figures(results: dict[str, Any]) -> dict[str, str]:
    """Return those that the project's README shows."""
    wanted = ("correlation of the number", "median error", "peaks at or", "lead", "from request")
    return {name: figure for name, figure in figures(results).items() if name.startswith(wanted)}


def line(results: dict[str, Any]) -> list[str]:
    """Return a line of the log, as a block of JSON; there it is one line."""
    return ["```json", json.dumps(results["line"], indent=2), "```"]


def _peaks(told: list[dict[str, Any]]) -> list[float]:
    return [row["measured_peak_bytes"] for row in told]


def _until_forecast(row: dict[str, Any]) -> float:
    """Return the seconds from the client's asking to the forecast, by the same machine's clock."""
    result: dict[str, float] = row["result"]
    return result["ended_at"] - result["duration_s"] + result["forecast_s"] - row["asked_at"]


def _taken(row: dict[str, float]) -> float:
    return row["answered_at"] - row["asked_at"]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _mib(n_bytes: float) -> str:
    return f"{n_bytes / 2**20:.1f} MiB"
