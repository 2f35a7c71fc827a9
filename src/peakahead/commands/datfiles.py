"""Folders of `.dat` files of very different sizes, for the demo and the benchmarks."""

from __future__ import annotations

import random
from pathlib import Path

_SMALLEST, _LARGEST = 5.3, 6.8  # powers of ten, in bytes: 200 kB to 6 MB
_BLOCK_LINES = 2_000


def make_folders(parent: Path, count: int, *, seed: int, scale: float = 1.0) -> list[Path]:
    """Write folders of one to six text files each, their sizes spread evenly on a log scale.

    Args:
        parent: Where the folders go.
        count: How many folders.
        seed: Of the sizes, the numbers of files, and the lines.
        scale: What every size is multiplied by.
    """
    generator = random.Random(seed)
    folders = []
    for number in range(count):
        folder = parent / f"{number:03}"
        folder.mkdir(parents=True)
        for file_number in range(generator.randint(1, 6)):
            size = int(scale * 10 ** generator.uniform(_SMALLEST, _LARGEST))
            (folder / f"{file_number}.dat").write_bytes(_text(generator, size))
        folders.append(folder)
    return folders


def _text(generator: random.Random, size: int) -> bytes:
    """Return about `size` bytes of lines of 20 to 100 characters."""
    lines = [b"x" * generator.randint(20, 100) for _ in range(_BLOCK_LINES)]
    block = b"\n".join(lines) + b"\n"
    return (block * (size // len(block) + 1))[:size]
