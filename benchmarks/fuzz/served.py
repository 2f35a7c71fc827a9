"""The function that the models of the start corpus are of, so that they can be armed and run."""

from __future__ import annotations

from typing import Any


def handle(event: dict[str, Any], mode: str) -> int:
    names = event["names"]
    total = 0
    for name in names:
        size = len(name)
        total += size

    def scaled(factor: int) -> int:
        product = factor * total
        return product  # noqa: RET504 - a variable to read

    return scaled(len(mode))
