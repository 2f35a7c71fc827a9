"""Functions whose memory is told by what a library knows before it works."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


class Order:
    """A type of the user's own, which hides what it needs behind a method."""

    def __init__(self, parts: list[int]) -> None:
        self._parts = [bytes(2) * part for part in parts]

    def weight(self) -> int:
        return sum(map(len, self._parts)) // 2


@dataclass
class Job:
    name: str
    width: int


class Shape(NamedTuple):
    rows: int
    columns: int


def doubles_frame(frame: Any) -> int:
    doubled = frame * 2
    return len(doubled)


def load_pillow() -> None:
    """Touch the pages of the library itself, as a warm process has."""
    from PIL import Image

    Image.init()


def decodes(path: str) -> int:
    from PIL import Image

    image = Image.open(path)
    image.load()
    size = image.size
    image.close()
    return int(size[0])


def unzips(path: str) -> int:
    total = 0
    archive = zipfile.ZipFile(path)
    parts = [archive.read(name) for name in archive.namelist()]
    total += len(parts)
    archive.close()
    return total


def reads_parquet(path: str) -> int:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path, memory_map=False)
    table = file.read(use_threads=False)
    n = int(table.num_rows)
    return n


def fills(n: int, kind: str) -> int:
    made = np.ones(n, dtype=kind)
    return len(made)


def works(job: Job) -> int:
    made = bytearray(job.width * 8)
    return len(made)


def tables(shape: Shape) -> int:
    made = np.ones(shape)
    return len(made)


def joins(texts: list[str]) -> int:
    joined = "".join(texts)
    return len(joined)


def packs(order: Order) -> int:
    packed = bytearray(order.weight() * 10)
    return len(packed)
