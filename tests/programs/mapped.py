"""A file that is mapped and read in part when the module is loaded, as libraries' code is."""

from __future__ import annotations

import mmap
import tempfile

READ_BYTES = 2**24

with tempfile.TemporaryFile() as _file:
    _file.write(bytes(2 * READ_BYTES))
    _file.flush()
    _mapped = mmap.mmap(_file.fileno(), 2 * READ_BYTES, access=mmap.ACCESS_READ)


def read(n_bytes: int) -> int:
    total = 0
    for place in range(0, n_bytes, mmap.PAGESIZE):
        total += _mapped[place]
    return total


read(READ_BYTES)
