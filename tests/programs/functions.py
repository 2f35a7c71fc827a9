"""Functions to learn, and ones that go wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator

import numpy as np


def block(n: int) -> int:
    size = n * 8
    made = bytearray(size)
    return len(made)


def readlines(paths: list[str]) -> int:
    total = 0
    for path in paths:
        f = open(path)  # noqa: SIM115 - as in the running example
        lines = f.readlines()
        total += len(lines)
        f.close()
    return total


def keeps(event: dict[str, list[int]]) -> int:
    kept = []
    for size in event["sizes"]:
        part = bytearray(size)
        kept.append(part)
    return len(kept)


def product(rows: int, columns: int) -> float:
    table = np.ones((rows, columns))
    return float(table.sum())


class Box:
    def __init__(self, size: int) -> None:
        self.size = size

    def fill(self) -> int:
        filled = b"x" * self.size
        return len(filled)


async def coroutine(n: int) -> int:
    await asyncio.sleep(0)
    size = n * 1000
    made = bytearray(size)
    await asyncio.sleep(0)
    return len(made)


def generator(n: int) -> Iterator[int]:
    made = bytearray(n)
    yield len(made)


def constant(_n: int) -> int:
    made = bytearray(30_000_000)
    return len(made)


def long_loop(n: int) -> int:
    """Hold half of what it needs while it loops, and then the other half."""
    half = bytearray(n)
    total = 0
    for i in range(300_000):
        part = bytes(i % 7)
        total += len(part)
    other = bytearray(n)
    return len(half) + len(other)


def large_values(n: int) -> int:
    """Rebind a large value more often than its line is followed."""
    total = 0
    for i in range(3_000):
        made = bytearray(n)
        total += len(made) + i
    return total


def raises(n: int) -> None:
    raise ValueError(f"no room for {n}")


def sometimes(n: int) -> int:
    if n % 5 == 0:
        raise KeyError("five")
    return block(n)


def hangs(_n: int) -> None:
    time.sleep(600)


def kills_itself(_n: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def exits(_n: int) -> None:
    os._exit(0)


def leaves(_n: int) -> None:
    sys.exit(3)


def spikes(n: int) -> int:
    """Use much between two lines, and give it back at once."""
    length = len(b"x" * n)
    return length
