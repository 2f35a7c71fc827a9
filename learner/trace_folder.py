"""A folder of trace files: one file an invocation, written whole or not at all, read one after the other.

Invocations that failed and those that were measured untraced have a file too, with no hits in it; so a folder says
all that there is to learn from. Nothing in a file is executed when it is read.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from ..models.errors import InvalidTrace
from ..models.file import write_whole
from ..models.sizes import FLOOR_BYTES
from .traces import Origin, Trace, read_origin, read_trace, with_origin

SUFFIX = ".trace"
_HEAD_BYTES = 2**16  # an origin takes less
_MOST_OFFSET_BYTES = 2**20  # tracing keeps less from a peak; a larger difference is the function's own


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A trace file and where it comes from."""

    path: str
    origin: Origin


class TraceFolder:
    """The trace files in a folder.

    Args:
        path: The folder; made if it isn't there.

    Raises:
        InvalidTrace: If there is no such folder, and it can't be made.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        try:
            os.makedirs(self.path, exist_ok=True)
        except OSError as error:
            raise InvalidTrace(
                f"{self.path} can't be made ({error.strerror}): give a folder that you may write to"
            ) from error

    def write(self, content: bytes, origin: Origin) -> None:
        """Write one invocation's file.

        Raises:
            InvalidTrace: If it can't be written.
        """
        path = os.path.join(self.path, f"{origin.invocation}-{uuid.uuid4().hex[:12]}{SUFFIX}")
        try:
            write_whole(path, with_origin(content, origin))
        except OSError as error:
            raise InvalidTrace(
                f"{path} can't be written ({error.strerror}): free some space, or give another folder"
            ) from error

    def files(self, prefix: str = "") -> tuple[list[TraceFile], list[str]]:
        """Return the trace files in the order of their names, and a complaint for each that can't be read.

        Args:
            prefix: What their names begin with.
        """
        found, complaints = [], []
        for name in sorted(os.listdir(self.path)):
            if not name.endswith(SUFFIX) or not name.startswith(prefix) or name.startswith("."):
                continue
            path = os.path.join(self.path, name)
            try:
                with open(path, "rb") as file:
                    found.append(TraceFile(path, read_origin(file.read(_HEAD_BYTES))))
            except (OSError, InvalidTrace) as error:
                complaints.append(f"{name}: {error}")
        return found, complaints


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
    def of(cls, origins: list[Origin]) -> Repeats:
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
        # Where the function itself varies as much, as one that draws random numbers, nothing is added.
        spread = median(abs(untraced - other - middle) for untraced, other in pairs)
        noise = median(abs(untraced - other - middle) / max(untraced, FLOOR_BYTES) for untraced, other in pairs)
        return cls(int(middle) if spread < abs(middle) <= _MOST_OFFSET_BYTES else 0, noise)


def stream(files: list[TraceFile], offset_bytes: int, complaints: list[str]) -> Iterator[Trace]:
    """Yield the traces of files, one in memory at a time; what is damaged is left out and complained of."""
    for file in files:
        try:
            with open(file.path, "rb") as opened:
                trace = read_trace(opened.read())
        except (OSError, InvalidTrace) as error:
            complaints.append(f"{os.path.basename(file.path)}: {error}")
            continue
        yield trace.shifted(offset_bytes)
