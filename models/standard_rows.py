"""The rows of the standard library's other types: archives, buffers, containers, responses."""

from __future__ import annotations

import os
import stat
import struct

from .attributes import MISSING, own_attribute
from .core_rows import (
    LENGTH,
    LENGTH_HINT,
    MAPPING,
    behind,
    descriptor_of,
    file_size,
    nbytes,
    number_of,
    slot,
    uncompressed,
)
from .features import Feature, Items, Read, Row, readers_for
from .sequences import SEQUENCE, read_sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_MEMBERS = 1_000
_MAX_HEADERS = 256
_LEAST_GZIP = 18  # bytes: a header and a trailer
_READING = (1, "rb")  # a GzipFile's mode; a text since 3.13


def _member_size(member: Any) -> float:
    reader = readers_for(type(member)).get("file_size")
    size = reader(member) if reader is not None else None
    return size if isinstance(size, int | float) else 0.0


def _loaded_members(value: Any) -> list[Any] | None:
    """Return a TarFile's members if all have been met: looking for them would read the file."""
    if own_attribute(value, "closed") is not False or own_attribute(value, "_loaded") is not True:
        return None
    members = own_attribute(value, "members")
    return members if type(members) is list else None


def _listed_members(value: Any) -> list[Any] | None:
    file, members = own_attribute(value, "fp"), own_attribute(value, "filelist")
    return members if type(members) is list and file is not None and file is not MISSING else None


def _archive(members_of: Callable[[Any], list[Any] | None], file: str) -> Row:
    """Return the row of an archive whose members it knows, sampled evenly above MAX_MEMBERS."""

    def sizes(value: Any) -> tuple[list[float], int] | None:
        members = members_of(value)
        if not members:
            return None
        n = len(members)
        step = max(1.0, n / MAX_MEMBERS)
        picked = (members[int(index * step)] for index in range(min(n, MAX_MEMBERS)))
        return [_member_size(member) for member in picked], n

    def total(value: Any) -> float | None:
        found = sizes(value)
        return sum(found[0]) * found[1] / len(found[0]) if found is not None else None

    def largest(value: Any) -> float | None:
        found = sizes(value)
        return max(found[0]) if found is not None else None

    def count(value: Any) -> float | None:
        members = members_of(value)
        return float(len(members)) if members is not None else None

    def file_of(value: Any) -> Any:
        return own_attribute(value, file)

    return Row(
        (
            file_size(lambda _: behind(file_of, "file_size")),
            Feature("members", "members of {}", lambda _: count),
            uncompressed(lambda _: total),
            Feature("largest_member", "largest member of {}", lambda _: largest),
        )
    )


def _isize(value: Any) -> float | None:
    """Return what the last four bytes of a gzip file say: the uncompressed size of its last part, modulo 4 GiB."""
    mode = own_attribute(value, "mode")
    if type(mode) not in (int, str) or mode not in _READING:
        return None
    descriptor = descriptor_of(own_attribute(value, "fileobj"))
    if descriptor is None:
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size < _LEAST_GZIP:
        return None
    (size,) = struct.unpack("<I", os.pread(descriptor, 4, status.st_size - 4))
    return float(size)


def _compressed(attribute: str) -> Feature:
    return file_size(lambda _: behind(lambda value: own_attribute(value, attribute), "file_size"))


def _array_bytes(cls: type) -> Read:
    length, size = slot("__len__", cls), slot("itemsize", cls)
    return lambda value: float(length(value) * size(value))


def header_number(text: Any) -> float | None:
    """Return a header's whole number, or None; of one repeated alike, as RFC 9110 has it, the one."""
    if type(text) is bytes:
        text = text.decode("latin-1")
    if type(text) is not str or len(text) > 200:
        return None
    (first, *others) = {part.strip() for part in text.split(",")}
    return float(int(first)) if not others and first.isascii() and first.isdecimal() else None


def _content_length(value: Any) -> float | None:
    fields = own_attribute(own_attribute(value, "headers"), "_headers")
    for field in fields[:_MAX_HEADERS] if type(fields) is list else ():
        if type(field) is tuple and type(field[0]) is str and field[0].lower() == "content-length":
            return header_number(field[1])
    return None


def _row_items(cls: type) -> Items:
    keys, item = cls.__dict__["keys"], cls.__dict__["__getitem__"]

    def get(value: Any, key: str, default: Any) -> Any:
        try:
            return item(value, key)
        except (IndexError, SystemError):  # not among the columns; a row without any
            return default

    def names(value: Any) -> list[Any]:
        try:
            # Of a cursor that asked for nothing, `keys` returns with an error set, which a plain call may not notice.
            (found,) = map(keys, (value,))
        except (SystemError, TypeError):
            return []
        return list(found)

    return names, get


CONTENT_LENGTH = "content_length", "content_length({})"
_MAPPING = Row((), items=MAPPING)

ROWS: dict[str, Row] = {
    "zipfile.ZipFile": _archive(_listed_members, "fp"),
    "zipfile.ZipInfo": Row(
        (
            file_size(number_of("file_size")),
            Feature("compress_size", "{}.compress_size", number_of("compress_size")),
        )
    ),
    "tarfile.TarFile": _archive(_loaded_members, "fileobj"),
    "tarfile.TarInfo": Row((file_size(number_of("size")),)),
    "gzip.GzipFile": Row((_compressed("fileobj"), uncompressed(lambda _: _isize))),
    "bz2.BZ2File": Row((_compressed("_fp"),)),
    "lzma.LZMAFile": Row((_compressed("_fp"),)),
    "mmap.mmap": Row((LENGTH,)),
    "array.array": Row((LENGTH, nbytes(_array_bytes))),
    "collections.deque": Row((LENGTH, *SEQUENCE), together=read_sequence),
    "collections.OrderedDict": _MAPPING,  # their length is a dict's
    "collections.defaultdict": _MAPPING,
    "collections.Counter": _MAPPING,
    "collections._deque_iterator": LENGTH_HINT,
    "_collections._deque_iterator": LENGTH_HINT,  # its name before 3.12
    "itertools.repeat": LENGTH_HINT,
    "http.client.HTTPResponse": Row((Feature(*CONTENT_LENGTH, lambda _: _content_length),)),
    "sqlite3.Row": Row((LENGTH,), items=_row_items),
}
