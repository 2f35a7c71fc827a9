"""ddtrace's two ways to be called at a line: its injection of a hook, and a line probe of its dynamic instrumentation.

It is imported when it is first asked for, and told of an agent at a port of this machine where nothing listens: what
its probes collect is encoded and queued, as in production, and never leaves the process.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

# Read when ddtrace is imported.
QUIET = {
    "DD_TRACE_AGENT_URL": "http://127.0.0.1:9",
    "DD_TRACE_ENABLED": "false",
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_CRASHTRACKING_ENABLED": "false",
    "DD_DYNAMIC_INSTRUMENTATION_METRICS_ENABLED": "false",
}
_UNLIMITED = 1e12  # hits a second: a probe beyond its rate does nothing, which isn't what is to be timed


def missing() -> str:
    """Return why it can't be timed here, or nothing."""
    try:
        version("ddtrace")
    except PackageNotFoundError:
        return "not installed"
    return ""


def _module(name: str) -> Any:
    os.environ.update(QUIET)
    logging.getLogger("ddtrace").setLevel(logging.CRITICAL)  # it finds no agent, as intended
    return import_module(f"ddtrace.{name}")


def inject(function: Callable[..., Any], hook: Callable[[Any], None], line: int) -> None:
    """Let a function call a hook before a line; it is given a constant, so it finds the variable in its frame."""
    _module("internal.bytecode_injection").inject_hook(function, hook, line, None)


@contextlib.contextmanager
def line_probe(
    function: Callable[..., Any], line: int, segments: list[dict[str, Any]], *, snapshot: bool
) -> Iterator[None]:
    """Set a line probe in a module's function, from a file as its manual says.

    Args:
        function: The function; all that it is asked for is its file.
        line: The line.
        segments: Of the log message: texts, and expressions over the frame.
        snapshot: Whether the frame's arguments and locals are captured too.
    """
    code: Any = function.__code__  # type: ignore[attr-defined]  # a plain function
    probe = {
        "id": "hit",
        "version": 0,
        "type": "LOG_PROBE",
        "language": "python",
        "where": {"sourceFile": code.co_filename, "lines": [str(line)]},
        "template": "",
        "segments": segments,
        "captureSnapshot": snapshot,
        "sampling": {"snapshotsPerSecond": _UNLIMITED},
    }
    debugger, config = _module("debugging._debugger").Debugger, _module("debugging._config").di_config
    config.global_rate_limit = _UNLIMITED
    with tempfile.TemporaryDirectory() as folder:
        config.probe_file = Path(folder) / "probes.json"
        config.probe_file.write_text(json.dumps([probe]))
        debugger.enable()
        try:
            yield
        finally:
            _empty_queues()
            debugger.disable()
            config.probe_file = None
    if function.__code__ is not code:  # type: ignore[attr-defined]  # as above
        raise RuntimeError("ddtrace left its probe in the function")


def queued() -> int:
    """Return how many signals wait to be sent."""
    return sum(track.queue.count for track in _tracks())


def _empty_queues() -> None:
    """Drop what waits to be sent: into a full queue nothing goes, which is cheaper."""
    for track in _tracks():
        track.queue.flush()


def _tracks() -> list[Any]:
    uploader = _module("debugging._uploader").SignalUploader._instance
    return list(uploader._tracks.values())
