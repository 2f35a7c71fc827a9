"""Functions whose memory is driven by one thing each: what a learner must cope with, one a function."""

from __future__ import annotations

import asyncio
import mmap
import os
import random
import threading
from collections.abc import Iterable, Iterator

from . import drivers_helper

MIB = 2**20


def product_of_arguments(rows: int, width: int) -> int:
    table = bytearray(rows * width)
    return len(table)


def keeps(sizes: list[int]) -> int:
    kept = []
    for size in sizes:
        part = bytearray(size)
        kept.append(part)
    return len(kept)


def rebinds(sizes: list[int]) -> int:
    total = 0
    for size in sizes:
        part = bytearray(size)
        total += len(part)
    return total


def quadratic(items: list[int]) -> int:
    pairs = bytearray(len(items) ** 2)
    return len(pairs)


def flag_switches(count: int, wide: bool) -> int:
    values = bytearray(count * (4 if wide else 1))
    return len(values)


def kind_switches(count: int, kind: str) -> int:
    values = bytearray(count * {"u1": 1, "f4": 4, "f8": 8}[kind])
    return len(values)


def drawn_inside(_request: str) -> int:
    drawn = random.randint(MIB, 20 * MIB)
    made = bytearray(drawn)
    return len(made)


def by_a_helper(key: str) -> int:
    loaded = drivers_helper.load(key)
    return len(loaded)


class Batch:
    def __init__(self, rows: int, note: str) -> None:
        self.rows = rows
        self.note = note

    def fill(self) -> int:
        filled = bytearray(self.rows * 64)
        return len(filled)


def in_a_closure(key: str) -> int:
    width = drivers_helper.width_of(key)

    def make() -> bytearray:
        return bytearray(width * 1024)

    made = make()
    return len(made)


def comprehension(sizes: list[int]) -> int:
    parts = [bytearray(size) for size in sizes]
    return len(parts)


def _parts(sizes: Iterable[int]) -> Iterator[bytearray]:
    for size in sizes:
        yield bytearray(size)


def _filled(parts: Iterable[bytearray]) -> Iterator[bytearray]:
    for part in parts:
        if len(part) > 0:
            yield part


def pipeline(sizes: list[int]) -> int:
    kept = []
    for part in _filled(_parts(sizes)):
        kept.append(part)
    return len(kept)


async def _fetch(key: str) -> int:
    await asyncio.sleep(0)
    return drivers_helper.width_of(key)


async def coroutine(key: str) -> int:
    width = await _fetch(key)
    body = bytearray(width * 1024)
    await asyncio.sleep(0)
    return len(body)


def _work(key: str, done: list[int]) -> None:
    width = drivers_helper.width_of(key)
    made = bytearray(width * 1024)
    done.append(len(made))


def in_a_thread(key: str) -> int:
    done: list[int] = []
    worker = threading.Thread(target=_work, args=(key, done))
    worker.start()
    worker.join()
    return sum(done)


def recursion(depth: int, size: int) -> int:
    block = bytearray(size)
    return len(block) + (recursion(depth - 1, size) if depth > 1 else 0)


def native(size: int) -> int:
    mapped = mmap.mmap(-1, size)
    mapped[:: mmap.PAGESIZE] = b"x" * len(range(0, size, mmap.PAGESIZE))
    return len(mapped)


def two_stages(size: int, path: str) -> int:
    asked = bytearray(size)
    with open(path, "rb") as file:
        header = file.read(8)
    more = int.from_bytes(header, "little")
    rest = bytearray(more)
    return len(asked) + len(rest)


def header_first(size: int, path: str) -> int:
    with open(path, "rb") as file:
        header = file.read(8)
    more = int.from_bytes(header, "little")
    asked = bytearray(size)
    rest = bytearray(more)
    return len(asked) + len(rest)


def decoy(rows: int) -> int:
    made = bytearray(int(rows * 64 * random.uniform(0.95, 1.05)))
    shown = len(made) // 10
    return shown


def says_where(size: int, folder: str) -> int:
    """Leave a file named by the process that the server was started from."""
    with open(f"/proc/{os.getppid()}/stat") as file:
        starter = file.read().rsplit(")", 1)[1].split()[1]
    with open(os.path.join(folder, starter), "w"):
        made = bytearray(size)
    return len(made)


def constant(rows: int) -> int:
    made = bytearray(12 * MIB)
    return len(made) + rows
