"""Runs the example end to end: bare, recorded, learned from what was recorded, and predicted."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import peakahead

from .server import SOURCE, TRACE, Server

RECORDED, PREDICTED = 60, 60
STARTS = 9
_START = """
import time, flask, functions_framework
from peakahead.runtime.resident import resident_bytes
began, held = time.perf_counter(), resident_bytes()
import main
print(time.perf_counter() - began, resident_bytes() - held)
"""


def run() -> dict[str, Any]:
    """Record 60 requests, learn from them by the command line, and predict 60 others, in a server of its own each."""
    with tempfile.TemporaryDirectory() as folder:
        traces, model = str(Path(folder) / "traces"), str(Path(folder) / "model.json")
        seeds = range(RECORDED)
        with Server() as server:
            bare = [_asked(server, seed) for seed in seeds]
        with Server(PEAKAHEAD_TRACES=traces) as server:
            recorded = [_asked(server, seed) for seed in seeds]
        learn(traces, model)
        with Server(PEAKAHEAD_MODEL=model) as server:
            predicted = [_asked(server, seed) for seed in range(RECORDED, RECORDED + PREDICTED)]
            log = server.log
        for row, line in zip(predicted, log, strict=True):
            row["result"] = line["peakahead"]
        return {
            "model": peakahead.load(model).to_json(),
            "bare": bare,
            "recorded": recorded,
            "traces_bytes": [path.stat().st_size for path in Path(traces).iterdir()],
            "predicted": predicted,
            "line": log[-1],
            "starts": _starts({"bare": {}, "predicting": {"PEAKAHEAD_MODEL": model}}),
        }


def learn(traces: str, model: str) -> str:
    """Learn as a user does; return what is said."""
    command = [sys.executable, "-m", "peakahead", "learn", "--traces", traces, "-o", model]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def _asked(server: Server, seed: int) -> dict[str, Any]:
    asked_at = time.time()
    answer = server.get(seed, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01").json()
    return {"events": answer["events"], "asked_at": asked_at, "answered_at": time.time()}


def _starts(ways: dict[str, dict[str, str]]) -> dict[str, list[list[float]]]:
    """Import the function by turns in fresh processes, where the server's own modules are loaded already."""
    found: dict[str, list[list[float]]] = {way: [] for way in ways}
    for _ in range(STARTS):
        for way, variables in ways.items():
            shown = subprocess.run(
                [sys.executable, "-c", _START],
                cwd=SOURCE,
                env={**os.environ, **variables},
                capture_output=True,
                text=True,
                check=True,
            )
            found[way].append([float(figure) for figure in shown.stdout.split()])
    return found
