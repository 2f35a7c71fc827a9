"""Results made by hand, for tests of what reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from peakahead.models.result import Result

MIB = 2**20
BASELINE = 30 * MIB


def result(forecast_bytes: int = 20 * MIB, needed_bytes: int = 20 * MIB, left_bytes: int = 0, **changes: Any) -> Result:
    """Return an invocation's result.

    Args:
        forecast_bytes: The growth that was forecast, with a bound a tenth above it.
        needed_bytes: What the process grew by while it ran.
        left_bytes: What it held at entry beyond what it held cold.
        changes: Other fields.
    """
    upper_bytes = forecast_bytes + forecast_bytes // 10
    entry_bytes = BASELINE + left_bytes
    peak_bytes = max(entry_bytes, BASELINE + forecast_bytes)
    made = Result(
        function="app:work",
        growth_bytes=forecast_bytes,
        upper_bytes=upper_bytes,
        peak_bytes=peak_bytes,
        upper_peak_bytes=max(peak_bytes, BASELINE + upper_bytes),
        stage=1,
        breakpoint="n at the entry of work",
        readings={"n": 2.0},
        extrapolating=False,
        measured_peak_bytes=entry_bytes + needed_bytes,
        measured_growth_bytes=entry_bytes + needed_bytes - BASELINE,
        baseline_bytes=BASELINE,
        entry_bytes=entry_bytes,
        armed=True,
        forecast_s=0.25,
        duration_s=1.5,
        overlapped=False,
        failed="",
        error_count=0,
        ended_at=1_700_000_000.5,
        coverage=0.95,
        error=0.02,
        model="0123456789ab",
    )
    return made.replaced(**changes)


def write(path: Path, results: Iterable[Result]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one.to_json()) + "\n" for one in results))
    return path


def peakahead_watch(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `peakahead watch` as a person would."""
    done = subprocess.run(
        [sys.executable, "-m", "peakahead", "watch", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def watched(folder: Path, function: str) -> dict[str, Any]:
    """Return what `peakahead watch --json` says of a function under its only model."""
    found = json.loads(peakahead_watch(folder, "--function", function, "--json").stdout)
    assert found["files"]["damaged"] == []
    (one,) = found["functions"]
    return dict(one)
