"""What invoices are made of; the helper module of `invoices`."""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass
class Line:
    article: int
    pieces: int
    cents: int


def load_lines(path: str) -> list[Line]:
    with open(path, "rb") as file:
        (count,) = struct.unpack("<I", file.read(4))
        record = struct.Struct("<IIq")
        lines = [Line(*record.unpack(file.read(record.size))) for _ in range(count)]
    return lines


def total(lines: list[Line]) -> int:
    return sum(line.pieces * line.cents for line in lines)
