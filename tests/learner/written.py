"""Trace files of invocations that were made up: one reading, `size`, settles the peak."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from peakahead.learner.origin import Origin, with_origin
from peakahead.learner.recording import Recorder
from peakahead.learner.trace_folder import SUFFIX
from peakahead.models.fingerprints import Fingerprint
from peakahead.models.sites import FunctionRef, Site

MIB = 2**20
TARGET = FunctionRef("app", "handle")
HELPER = FunctionRef("app", "load")
SOURCE = "a" * 32
NEWER = "b" * 32
ORIGIN = Origin(
    TARGET, "", "ok", "", True, 0, "rss", "in process", "3.12.1", "Linux x86_64", "glibc 2.36", source=SOURCE
)  # fmt: skip


def content_of(size: int, peak_bytes: int, fingerprints: Sequence[Fingerprint]) -> bytes:
    """Return what a recorder writes of an invocation that reads `size` and then grows to the peak."""
    with tempfile.TemporaryFile() as file:
        recorder = Recorder(file.fileno())
        site = recorder.site(Site(TARGET, 1, "size"))
        recorder.hit(site, 0.001, 0, [recorder.column(site, (), "value"), float(size)])
        recorder.close(
            {
                "peak_bytes": peak_bytes,
                "baseline_bytes": 0,
                "duration_s": 0.01,
                "functions": [fingerprint.to_json() for fingerprint in fingerprints],
                "retired": [],
                "spent_s": [1e-6],
                "recursive": [],
            }
        )
        file.seek(0)
        return file.read()


def write(
    folder: Path,
    number: int,
    *,
    name: str = "",
    helpers: Mapping[FunctionRef, str] | None = None,
    codes: Mapping[str, str] | None = None,
    peak_bytes: int | None = None,
    **origin: Any,
) -> Path:
    """Write the trace of an invocation.

    Args:
        folder: Where to; made if it isn't there.
        number: Of the invocation; its size goes by it.
        name: The file's name, else by its number.
        helpers: The sources of other functions in it.
        codes: The digests of the target's code, by Python.
        peak_bytes: How high it grew, else twice its size.
        **origin: What is said of where it comes from.
    """
    size = MIB * (1 + number * 7 % 30)
    peak = 2 * size if peak_bytes is None else peak_bytes
    told = replace(ORIGIN, **{"invocation": f"{number:06}", "peak_bytes": peak, **origin})
    fingerprints = [Fingerprint(told.target, told.source, dict(codes or {}))]
    fingerprints += [Fingerprint(function, source, {}) for function, source in (helpers or {}).items()]
    folder.mkdir(exist_ok=True)
    path = folder / f"{name or f'{number:06}'}{SUFFIX}"
    path.write_bytes(with_origin(content_of(size, peak, fingerprints), told))
    return path
