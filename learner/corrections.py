"""What measuring itself adds to peaks, or keeps from them, told by all the traces of a training together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ..models.errors import InvalidTrace
from ..models.sites import FunctionRef
from ..models.sizes import FLOOR_BYTES
from .origin import Origin
from .trace_folder import TraceFile
from .traces import Trace, read_trace
from .warmth import Warmth, warmths

_MOST_OFFSET_BYTES = 2**20  # tracing keeps less from a peak; a larger difference is the function's own


@dataclass(frozen=True, slots=True)
class Repeats:
    """What invocations that were measured twice, traced and untraced, tell of the measuring itself.

    Attributes:
        offset_bytes: By how much untraced peaks stand above traced ones; 0 where that can't be told from noise. The
            tracer, warmed beforehand, has touched pages that a function alone is the first to touch.
        noise: The median relative difference of equal invocations' peaks, or None if none was measured twice.
    """

    offset_bytes: int
    noise: float | None

    @classmethod
    def of(cls, origins: Sequence[Origin]) -> Repeats:
        succeeded = [origin for origin in origins if origin.status == "ok"]
        traced = {origin.invocation: origin.peak_bytes for origin in succeeded if origin.traced}
        pairs = [
            (origin.peak_bytes, traced[origin.invocation])
            for origin in succeeded
            if not origin.traced and origin.invocation in traced
        ]
        if len(pairs) < 2:
            return cls(0, None)
        middle = median(untraced - other for untraced, other in pairs)
        deviations = [abs(untraced - other - middle) for untraced, other in pairs]
        # Where the function itself varies as much, as one that draws random numbers, nothing is added. A few of its
        # differences may lie close together by chance, but hardly all of them.
        is_tracing = max(deviations) <= _MOST_OFFSET_BYTES / 2 and median(deviations) < abs(middle)
        noise = median(abs(untraced - other - middle) / max(untraced, FLOOR_BYTES) for untraced, other in pairs)
        return cls(int(middle) if is_tracing and abs(middle) <= _MOST_OFFSET_BYTES else 0, noise)


def held_in_advance(
    files: Sequence[TraceFile], all_files: Sequence[TraceFile], target: FunctionRef
) -> dict[str, Warmth]:
    """Return what each invocation's process held before it began, by the file's path.

    Args:
        files: Those of the target, of one meter.
        all_files: Further ones, which tell what other functions left behind in the same processes.
        target: The function.
    """
    known = [file for file in all_files if file.origin.meter == files[0].origin.meter]
    found = warmths([file.origin for file in known], target)
    return {file.path: warmth for file, warmth in zip(known, found, strict=True)}


def stream(
    files: Sequence[TraceFile],
    offset_bytes: int,
    complaints: list[str],
    warmths: Sequence[Warmth] | None = None,
    read: list[int] | None = None,
) -> Iterator[Trace]:
    """Yield the traces of files, one in memory at a time; what is damaged is left out and complained of.

    Args:
        files: The files.
        offset_bytes: What tracing keeps from each peak.
        complaints: Where complaints go.
        warmths: What each one's process held in advance, of shape (n_files,); None for nothing.
        read: Where the places of the files that are yielded go.
    """
    for place, file in enumerate(files):
        try:
            with open(file.path, "rb") as opened:
                trace = read_trace(opened.read())
        except (OSError, InvalidTrace) as error:
            complaints.append(f"{os.path.basename(file.path)}: {error}")
            continue
        if read is not None:
            read.append(place)
        yield trace.shifted(offset_bytes + (warmths[place].shift_bytes if warmths is not None else 0))
