"""Where a trace comes from: what the first record of a kept file says, beside what happened.

It is read and written without NumPy, so that a function can be recorded where only production's parts are installed.
"""

from __future__ import annotations

import functools
import json
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ..models.errors import InvalidModel, InvalidTrace
from ..models.fields import Fields
from ..models.sites import FunctionRef
from .recording import MAGIC, ORIGIN, RECORD, framed

_VERSION = int(MAGIC.split()[-1])
_ANY_MAGIC = re.compile(rb"peakahead trace (\d{1,9})\n")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one trace comes from.

    Attributes:
        target: The function.
        invocation: A name for the arguments: equal for equal invocations.
        status: ok, or what became of it: raised, timed out, killed; of recordings also unfinished, where its process
            ended before it did, and overlapped, where another ran in its process meanwhile.
        detail: What happened, if it isn't ok; of recordings the class of the exception.
        traced: False if only its peak was measured.
        peak_bytes: The highest growth.
        meter: What measured it.
        isolation: How it was kept apart.
        python: The Python version.
        platform: The operating system and processor.
        allocator: The C library.
        source: The digest of the function's source, or empty where it isn't known: which version of it ran.
        process: A name for the process that it ran in, if others ran there before or after; empty if it had one of its
            own.
        place: How many invocations of recorded functions that process had begun before, recorded or not.
        baseline_bytes: What the process held when it began.
        cold_bytes: What the process held before its first invocation, recorded or not; 0 where it isn't known.
    """

    target: FunctionRef
    invocation: str
    status: str
    detail: str
    traced: bool
    peak_bytes: int
    meter: str
    isolation: str
    python: str
    platform: str
    allocator: str
    source: str = ""
    process: str = ""
    place: int = 0
    baseline_bytes: int = 0
    cold_bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "target": self.target.to_json()}

    @classmethod
    def from_json(cls, fields: Fields) -> Origin:
        texts = ("meter", "isolation", "python", "platform", "allocator", "source", "process")
        return cls(
            FunctionRef.from_json(fields.child("target")),
            fields.text("invocation"),
            fields.text("status"),
            fields.text("detail"),
            fields.flag("traced"),
            fields.integer("peak_bytes"),
            place=fields.integer("place"),
            baseline_bytes=fields.integer("baseline_bytes"),
            cold_bytes=fields.integer("cold_bytes") if fields.has("cold_bytes") else 0,
            **{name: fields.text(name) for name in texts},
        )


@functools.cache
def environment() -> tuple[str, str, str]:
    """Return this process's Python version, its platform, and the C library, whose allocator decides what stays."""
    return (
        platform.python_version(),
        f"{platform.system()} {platform.machine()}",
        " ".join(platform.libc_ver()).strip() or "unknown",
    )


def with_origin(content: bytes, origin: Origin) -> bytes:
    """Return a trace file's content with its origin; of an invocation that wasn't traced, the origin alone."""
    return head_with(origin) + content[len(MAGIC) :]


def head_with(origin: Origin) -> bytes:
    """Return what stands before the records of a trace with its origin."""
    return MAGIC + framed(ORIGIN, origin.to_json())


def read_origin(content: bytes) -> Origin:
    """Return where a trace comes from, from the first bytes of its file.

    Raises:
        InvalidTrace: If it is no trace, was cut short, or doesn't say.
    """
    check_magic(content)
    tag, payload = next(records(content), (b"", memoryview(b"")))
    if not tag:
        raise InvalidTrace("the trace was cut short in its first lines: copy it again, or record it again")
    if tag != ORIGIN:
        raise InvalidTrace("this trace doesn't say where it comes from: record it again")
    try:
        return Origin.from_json(Fields(json.loads(bytes(payload)), "trace"))
    except (ValueError, RecursionError, InvalidModel) as error:
        raise InvalidTrace(f"the trace is damaged ({error}): record it again") from error


def check_magic(content: bytes) -> None:
    """Raise InvalidTrace if a file doesn't begin as traces of this version do."""
    if content.startswith(MAGIC):
        return
    if MAGIC.startswith(content):
        raise InvalidTrace("the trace was cut short in its first lines: copy it again, or record it again")
    other = _ANY_MAGIC.match(content)
    if other is None:
        raise InvalidTrace("this is no trace of peakahead: record it again")
    version = int(other[1])
    raise InvalidTrace(
        f"the trace has format version {version}, this peakahead reads {_VERSION}: "
        + ("it is of a newer peakahead, so upgrade this one" if version > _VERSION else "record it again")
    )


def records(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the records after the magic line, each with its tag; what was cut short isn't one."""
    view = memoryview(content)
    at = len(MAGIC)
    while at + RECORD.size <= len(view):
        tag, length = RECORD.unpack_from(view, at)
        at += RECORD.size
        if at + length > len(view):
            return
        yield tag, view[at : at + length]
        at += length
