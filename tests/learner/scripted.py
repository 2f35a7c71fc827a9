"""Scripted parts for tests of the tracer: a meter that counts, a recorder that keeps."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import pytest

from peakahead.learner.line_events import LineEvents
from peakahead.learner.plan import Source, Watcher
from peakahead.learner.recording import Recorder
from peakahead.learner.tracer import Tracer, best_source
from peakahead.learner.traces import SiteHits, Trace, read_trace
from peakahead.models.features import Value
from peakahead.models.readings import read_all

MakeSource = Callable[[Watcher], Source]
# On 3.11 they are the same.
SOURCES = pytest.mark.parametrize("source", [LineEvents, best_source], ids=["lines", "best"])


def own_readings(value: Any) -> dict[str, Value]:
    """Return what a value itself offers, not what lies inside it."""
    return {feature: told for path, feature, told in read_all(value) if not path}


def hit_readings(hits: SiteHits, index: int) -> dict[str, Value]:
    """Return the same from a trace, of one hit of a site."""
    found: dict[str, Value] = {}
    for (path, feature), numbers in hits.columns.items():
        number = float(numbers[index])
        if not path and number == number:
            levels = hits.levels.get((path, feature))
            found[feature] = levels[int(number)] if levels is not None else number
    return found


class ScriptedMeter:
    """Says whatever `level` is set to."""

    interval_s = 0.0

    def __init__(self) -> None:
        self.level = 0

    def start(self) -> int:
        return self.level

    def high_water(self) -> int:
        return self.level


def trace(
    function: Callable[[], object],
    meter: ScriptedMeter | None = None,
    max_hits: int = 2_000,
    source: Callable[[Watcher], Source] = best_source,
) -> Trace:
    """Return the trace of a call, of the code in the function's own file."""
    meter = meter or ScriptedMeter()
    filename = function.__code__.co_filename  # type: ignore[attr-defined]  # all tests give functions
    with tempfile.TemporaryFile() as file:
        recorder = Recorder(file.fileno())
        tracer = Tracer(lambda code, _globals: code.co_filename == filename, meter, recorder, 0, max_hits, source)
        tracer.start()
        try:
            function()
        finally:
            tracer.stop()
        footer: dict[str, Any] = {
            "peak_bytes": meter.level,
            "baseline_bytes": 0,
            "duration_s": 0.0,
            "functions": [],
            "retired": tracer.retired,
            "spent_s": tracer.spent_s,
            "recursive": [reference.to_json() for reference in tracer.recursive],
        }
        recorder.close(footer)
        file.seek(0)
        return read_trace(file.read())
