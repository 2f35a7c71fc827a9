"""Functions whose memory is told by what a library knows before it works."""

from __future__ import annotations

import enum
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
    from PIL import Image  # type: ignore[import-not-found]  # an extra's

    Image.init()


def decodes(path: str) -> int:
    from PIL import Image  # type: ignore[import-not-found]  # an extra's

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


def load_pyarrow() -> None:
    """Import it beforehand, as a server has when a request comes; its own pool would take memory by large steps."""
    import pyarrow.parquet  # type: ignore[import-not-found]  # an extra's

    pyarrow.set_memory_pool(pyarrow.system_memory_pool())


def reads_parquet(path: str) -> int:
    import pyarrow.parquet as pq  # type: ignore[import-not-found]  # an extra's

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


class Depth(enum.Enum):
    SHALLOW = "shallow"
    DEEP = "deep"


class Task:
    def __init__(self, n: int, depth: Depth) -> None:
        self.n = n
        self.depth = depth


def fills_flagged(event: dict[str, Any]) -> int:
    made = bytearray(event["n"] * (8 if event["wide"] else 2))
    return len(made)


def fills_deep(task: Task) -> int:
    made = bytearray(task.n * (8 if task.depth is Depth.DEEP else 2))
    return len(made)


def fills_by_type(n: float) -> int:
    made = bytearray(int(n) * (8 if type(n) is float else 2))
    return len(made)


def fills_by_class(n: int, kind: type) -> int:
    made = np.ones(n, dtype=kind)
    return len(made)


def fills_by_dtype(n: int, kind: Any) -> int:
    made = np.ones(n, dtype=kind)
    return len(made)


def fills_alike(n: int, rows: Any) -> int:
    made = np.ones(n, dtype=rows.dtype)
    return len(made)
