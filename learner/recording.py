"""The trace file of one invocation: what the tracer writes while the function runs.

A stream of records after a magic line, each a tag, a length and its payload: in a file that is kept, where it
comes from; definitions (JSON) of sites, columns and levels as they are first met; hits (packed numbers); and one
JSON footer. A file without its footer was cut short.
A hit is written at every few hundred nanoseconds, so threads don't lock each other out to write one: the place is
taken and filled without a call or a jump back in between, where alone the interpreter lets another thread in.
The writer's buffer is made and touched before the invocation is measured, and emptied to the file when full, so
that the records of a long run take no memory that would be learned as the function's.
"""

from __future__ import annotations

import errno
import functools
import json
import mmap
import os
import struct
import threading
from collections.abc import Sequence
from typing import Any

from ..models.readings import Path
from ..models.sites import Site
from .descriptors import OwnDescriptor

MAGIC = b"peakahead trace 1\n"
ORIGIN, DEFINITION, HIT, FOOTER = b"O", b"D", b"H", b"F"
RECORD = struct.Struct("<cI")
HIT_HEAD = struct.Struct("<IdQ")  # site, seconds since the start, high-water growth in bytes
HIT_READING = struct.Struct("<Id")  # column, number; of a category, its level's place in the order of definition
MAX_LEVELS = 64  # of one category, an invocation: what takes more values is none
_BUFFER_BYTES = 2**20
# Not shared with the processes that the function forks: what they write there would overwrite what isn't flushed yet.
_PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}


@functools.cache  # made as they are needed: all of them would take 100 KiB
def _hit_of(n_readings: int) -> struct.Struct:
    return struct.Struct(RECORD.format + HIT_HEAD.format[1:] + HIT_READING.format[1:] * n_readings)


_ONE_BYTES = _hit_of(1).size
_ONE_LENGTH = _ONE_BYTES - RECORD.size
_ROOM_FOR_ONE = _BUFFER_BYTES - _ONE_BYTES
_PACK_ONE = _hit_of(1).pack_into


def framed(tag: bytes, data: dict[str, Any]) -> bytes:
    """Return a record of JSON."""
    payload = json.dumps(data).encode()
    return RECORD.pack(tag, len(payload)) + payload


class Recorder:
    """Writes one invocation's trace.

    Args:
        descriptor: The file to write to; the caller closes it.
    """

    def __init__(self, descriptor: int) -> None:
        self._file: OwnDescriptor | None = OwnDescriptor(descriptor)
        # Mapped, not allocated: freeing a block this large would raise the C library's mmap threshold, and the
        # function would be measured under another allocator than it has in production.
        self._buffer = mmap.mmap(-1, _BUFFER_BYTES, **_PRIVATE)
        for page in range(0, _BUFFER_BYTES, mmap.PAGESIZE):
            self._buffer[page] = 1  # touched, so that it is resident before the invocation begins
        self._used = 0
        self._lock = threading.Lock()
        self._n_sites = 0
        self._n_columns = 0
        self._levels: dict[int, dict[str, int]] = {}
        self._append(MAGIC)

    def site(self, site: Site) -> int:
        """Define a site and return its number."""
        self._define({"site": self._n_sites, **site.to_json()})
        self._n_sites += 1
        return self._n_sites - 1

    def column(self, site: int, path: Path, feature: str) -> int:
        """Define what is read at a site, and return its number."""
        steps = [{"kind": step.kind, "name": step.name} for step in path]
        self._define({"column": self._n_columns, "of": site, "path": steps, "feature": feature})
        self._n_columns += 1
        return self._n_columns - 1

    def level(self, column: int, text: str) -> float:
        """Define a category's level, where it is new, and return the number that stands for it."""
        levels = self._levels.setdefault(column, {})
        place = levels.get(text)
        if place is None:
            if len(levels) >= MAX_LEVELS:
                return float("nan")
            place = levels[text] = len(levels)
            self._define({"level": text, "of": column})
        return float(place)

    def hit(self, site: int, elapsed_s: float, growth_bytes: int, readings: Sequence[float]) -> None:
        """Write one hit of a site with its readings: column, number, column, number."""
        layout = _hit_of(len(readings) // 2)
        size = layout.size
        pack_into, length = layout.pack_into, size - RECORD.size
        while self._used + size > _BUFFER_BYTES:
            self.flush()
        at = self._used
        self._used = at + size
        pack_into(self._buffer, at, HIT, length, site, elapsed_s, growth_bytes, *readings)

    def hit_one(self, site: int, elapsed_s: float, growth_bytes: int, column: int, number: float) -> None:
        """Write one hit with a single reading, as most are."""
        while self._used > _ROOM_FOR_ONE:
            self.flush()
        at = self._used
        self._used = at + _ONE_BYTES
        _PACK_ONE(self._buffer, at, HIT, _ONE_LENGTH, site, elapsed_s, growth_bytes, column, number)

    def close(self, footer: dict[str, Any]) -> None:
        """Write the footer, which makes the trace whole; what other threads still write behind it is dropped."""
        self._append(framed(FOOTER, footer))
        self.flush()
        self.abandon()

    def abandon(self) -> None:
        """Write no more: the file is closed, or it is the parent's of a forked process."""
        self._file = None

    def flush(self) -> None:
        with self._lock:
            file = self._file
            if file is None:
                self._used = 0
                return
            if not file.is_own:
                self.abandon()
                raise OSError(errno.EBADF, "the function closed the file that its trace is written to")
            done = 0
            while done < self._used:  # other threads may go on writing behind
                with memoryview(self._buffer) as view:
                    done += os.write(file.number, view[done : self._used])
            self._used = 0

    def _define(self, definition: dict[str, Any]) -> None:
        self._append(framed(DEFINITION, definition))

    def _append(self, record: bytes) -> None:
        size = len(record)
        while self._used + size > _BUFFER_BYTES:
            self.flush()
        at = self._used
        self._used = at + size
        self._buffer[at : at + size] = record
