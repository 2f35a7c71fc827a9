"""Folders of `.dat` files of very different sizes, for the demo and the benchmarks."""

from __future__ import annotations

import math
import random
from pathlib import Path

TRAINED_SIZES = (200e3, 6e6)
LARGER_SIZES = (12e6, 24e6)  # 2 to 4 times the largest trained
_BLOCK_LINES = 2_000


def make_folders(parent: Path, count: int, *, seed: int, sizes: tuple[float, float] = TRAINED_SIZES) -> list[Path]:
    """Write folders of two to six text files each, their sizes spread evenly on a log scale.

    Args:
        parent: Where the folders go.
        count: How many folders.
        seed: Of the sizes, the numbers of files, and the lines.
        sizes: The smallest and the largest file, in bytes.
    """
    generator = random.Random(seed)
    folders = []
    for number in range(count):
        folder = parent / f"{number:03}"
        folder.mkdir(parents=True)
        for file_number in range(generator.randint(2, 6)):
            size = int(math.exp(generator.uniform(*map(math.log, sizes))))
            (folder / f"{file_number}.dat").write_bytes(_text(generator, size))
        folders.append(folder)
    return folders


def _text(generator: random.Random, size: int) -> bytes:
    """Return about `size` bytes of lines of 20 to 100 characters."""
    lines = [b"x" * generator.randint(20, 100) for _ in range(_BLOCK_LINES)]
    block = b"\n".join(lines) + b"\n"
    return (block * (size // len(block) + 1))[:size]
