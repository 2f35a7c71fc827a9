"""What the tracers are timed on."""

from __future__ import annotations

import numpy as np


def loop(n: int) -> int:
    """Compute on every line, many times."""
    total = 0
    for i in range(n):
        tripled = i * 3
        rest = tripled % 7
        if rest > 3:  # noqa: SIM108 - lines are the point
            value = tripled + rest
        else:
            value = tripled - rest
        total += value
    return total


def read_lines(path: str) -> int:
    """Read a file as lines, and count them and their characters."""
    file = open(path)  # noqa: SIM115 - as in the running example
    lines = file.readlines()
    n_lines = len(lines)
    n_characters = sum(map(len, lines))
    file.close()
    return n_lines + n_characters


def arrays(n: int) -> float:
    """Compute on whole arrays."""
    grid = np.linspace(0.0, 1.0, n)
    waves = np.sin(grid * 100) * np.exp(-grid)
    ordered = np.sort(waves)
    spread = ordered - ordered.mean()
    return float(spread @ spread)


def recursive(n: int) -> int:
    """Call itself twice a call."""
    if n < 2:
        return n
    one = recursive(n - 1)
    other = recursive(n - 2)
    return one + other


def assignments(n: int) -> int:
    """Assign two variables a turn, and nothing else."""
    copy = 0
    for i in range(n):
        value = i
        copy = value
    return copy


def assignments_then_more(n: int) -> int:
    """The same, with a line after the loop that could still be a breakpoint."""
    copy = 0
    for i in range(n):
        value = i
        copy = value
    after = copy
    return after  # noqa: RET504 - the assignment is the point
