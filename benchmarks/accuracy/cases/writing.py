"""Inputs that several themes write: lines of a log, a table of sales."""

from __future__ import annotations

import numpy as np

_BLOCK = 500
CITIES = ("Ghent", "Turin", "Malmo", "Porto", "Graz", "Brno", "Lyon", "Bergen")


def repeated(block: bytes, size: int) -> bytes:
    """Return whole blocks of about `size` bytes, one at least."""
    return block * max(1, round(size / len(block)))


def log_lines(random: np.random.Generator) -> bytes:
    """Return a block of access log lines."""
    lines = [
        f"10.0.{random.integers(256)}.{random.integers(256)} [24/Nov/2026:{random.integers(24):02}:00:00] "
        f'"GET /{"item/" * random.integers(1, 8)}{random.integers(9999)}" {random.choice([200, 200, 304, 404])} '
        f"{random.integers(100, 99_999)}"
        for _ in range(_BLOCK)
    ]
    return ("\n".join(lines) + "\n").encode()


def sales_lines(random: np.random.Generator) -> bytes:
    """Return a block of CSV lines without a header: day, city, amount, pieces."""
    lines = [
        f"2026-11-{random.integers(1, 29):02},{random.choice(CITIES)},{random.uniform(1, 999):.2f},"
        f"{random.integers(1, 99)}"
        for _ in range(_BLOCK)
    ]
    return ("\n".join(lines) + "\n").encode()


def text_lines(random: np.random.Generator) -> bytes:
    """Return a block of lines of words."""
    words = ["".join(chr(97 + c) for c in random.integers(0, 26, random.integers(2, 11))) for _ in range(_BLOCK)]
    return ("\n".join(" ".join(random.choice(words, 12)) for _ in range(100)) + "\n").encode()
