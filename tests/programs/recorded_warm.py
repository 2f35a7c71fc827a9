"""Functions that are recorded in a process that has run before, and the process.

`main` serves sizes one after the other, in one process, as a warm container does, and leaves one trace an invocation:
its arguments are a folder, a function's name, and sizes. With `cold` for the folder it runs the function once,
untraced, and prints by how much the process grew.
"""

from __future__ import annotations

import gc
import os
import tempfile
import uuid
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np

_CACHE: list[bytearray] = []


def gram(n: int) -> float:
    points = np.random.default_rng(n).random((n, n))
    products = points @ points.T
    return float(np.sort(products, axis=None)[0])


def caching(n: int) -> int:
    made = bytearray(n * 5_000)
    _CACHE.append(bytearray(500_000))
    return len(made)


def cold(function: str, size: int) -> int:
    """Return by how much a call makes a fresh process grow, by the kernel's account."""
    gc.collect()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = _status("VmRSS")
    globals()[function](size)
    return _status("VmHWM") - before


def _status(field: str) -> int:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(f"{field}:"))


def record(folder: str, function: str, sizes: list[int]) -> None:
    """Record one invocation after the other, each from its own baseline."""
    import ctypes

    from peakahead.learner.meters import StatusMeter
    from peakahead.learner.origin import Origin
    from peakahead.learner.recording import Recorder
    from peakahead.learner.trace_folder import TraceFolder
    from peakahead.learner.tracer import Tracer
    from peakahead.models.fingerprints import Fingerprint, source_digest
    from peakahead.models.sites import FunctionRef

    called = globals()[function]
    target, source = FunctionRef(__name__, function), source_digest(called.__code__)
    kept, process, meter = TraceFolder(folder), uuid.uuid4().hex[:12], StatusMeter()

    def traced(
        target: FunctionRef, is_traced: Callable[[CodeType, dict[str, Any]], bool], size: int
    ) -> tuple[bytes, int, int]:
        with tempfile.TemporaryFile() as file:
            recorder = Recorder(file.fileno())
            gc.collect()
            ctypes.CDLL(None).malloc_trim(0)
            baseline = meter.start()
            tracer = Tracer(is_traced, meter, recorder, baseline)
            tracer.start()
            globals()[target.qualname](size)
            tracer.stop()
            peak = max(0, meter.high_water() - baseline)
            recorder.close(
                {
                    "peak_bytes": peak,
                    "baseline_bytes": baseline,
                    "duration_s": 1.0,
                    "functions": [Fingerprint.of(ref, code).to_json() for ref, code in tracer.codes.items()],
                    "retired": tracer.retired,
                    "spent_s": tracer.spent_s,
                    "recursive": [],
                }
            )
            file.seek(0)
            return file.read(), baseline, peak

    traced(FunctionRef(__name__, "warms"), lambda code, _: code.co_name == "warms", 3)
    for place, size in enumerate(sizes):
        content, baseline, peak = traced(target, lambda code, _: code.co_filename == __file__, size)
        origin = Origin(
            target, f"{process}-{place:06}", "ok", "", True, peak, "rss", "in process",
            "3.12.1", "Linux x86_64", "glibc 2.36", source, process, place, baseline,
        )  # fmt: skip
        kept.write(content, origin)


def warms(n: int) -> float:
    """Give the tracer something to do beforehand, so that its own pages don't count as the function's."""
    path = os.devnull
    total = 1.5
    for item in [path, "a"] * n:
        length = len(item)
        total += length
    return total


def main(arguments: list[str]) -> None:
    folder, name, *given = arguments
    if folder == "cold":
        print(cold(name, int(given[0])))
    else:
        record(folder, name, [int(size) for size in given])
