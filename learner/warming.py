"""What surrounds the tracing of an invocation: a tracer that is warm before, and what it found afterwards."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from ..models.fingerprints import Fingerprint
from ..models.sites import FunctionRef
from .meters import Meter
from .recording import Recorder
from .tracer import Tracer


def findings(
    tracer: Tracer, fingerprint_of: Callable[[FunctionRef, CodeType], Fingerprint] = Fingerprint.of
) -> dict[str, Any]:
    """Return what a trace's footer says beside the invocation's own figures."""
    return {
        "functions": [fingerprint_of(function, code).to_json() for function, code in tracer.codes.items()],
        "retired": tracer.retired,
        "spent_s": tracer.spent_s,
        "recursive": [function.to_json() for function in tracer.recursive],
    }


def warm(meter: Meter) -> Tracer:
    """Trace something small, so that the tracer's own first-touched pages don't count as the function's growth.

    Returns:
        The tracer, to be held until the invocation is over: its memory, freed, would be the function's to reuse.
    """

    def is_exercise(code: CodeType, _globals: dict[str, Any]) -> bool:
        return code is _exercise.__code__  # and not what stops it: a time limit's error there would leave it at work

    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        tracer = Tracer(is_exercise, meter, Recorder(nowhere), meter.start())
        try:
            tracer.start()
            _exercise([os.devnull, "a"], number=1.5)
        finally:  # also where the host's time is up
            tracer.stop()
    finally:
        os.close(nowhere)
    return tracer


def _exercise(items: list[str], number: float) -> float:
    """Store values of several kinds, doing nothing itself whose pages the function might be the first to touch."""
    total = number
    for item in items:
        size = len(item)
        total += size
    rest = {"file": sys.stdout, "self": FunctionRef("", "")}
    return total + len(rest)
