"""The ways that functions are run: bare, armed, and bare once more, which tells the noise."""

from __future__ import annotations

WAYS: tuple[str, ...] = ("bare", "armed", "bare again")


def in_turn(number: int) -> tuple[str, ...]:
    """Return the ways, each of them first, second and last in turn, there and back."""
    start = number % len(WAYS)
    turned = WAYS[start:] + WAYS[:start]
    return turned if number % 2 else turned[::-1]
