"""What the functions in `drivers` call: values that only this module knows."""

from __future__ import annotations

import zlib


def width_of(key: str) -> int:
    """Return a number from 1,000 to 20,000 that the key's length doesn't tell."""
    return 1_000 + zlib.crc32(key.encode()) % 19_000


def load(key: str) -> bytearray:
    width = width_of(key)
    found = bytearray(width * 1024)
    return found
