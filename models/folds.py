"""Running readings: one number folded over a reading's hits so far in the invocation.

`adjacent` is the running maximum of a reading plus the one before it. A loop that rebinds its variable
holds the old value until the new one is complete, so its peak follows the largest sum of two neighbours.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias


Fold: TypeAlias = "Callable[[Any], Any]"  # of numbers; a category's only fold is `last`


def _last() -> Fold:
    return lambda x: x


def _max() -> Fold:
    highest = float("-inf")

    def fold(x: float) -> float:
        nonlocal highest
        if x > highest:
            highest = x
        return highest

    return fold


def _sum() -> Fold:
    total = 0.0

    def fold(x: float) -> float:
        nonlocal total
        total += x
        return total

    return fold


def _count() -> Fold:
    hits = 0.0

    def fold(_: float) -> float:
        nonlocal hits
        hits += 1.0
        return hits

    return fold


def _adjacent() -> Fold:
    before = 0.0
    highest = float("-inf")

    def fold(x: float) -> float:
        nonlocal before, highest
        pair = before + x
        before = x
        if pair > highest:
            highest = pair
        return highest

    return fold


# In order of plainness: of two folds that say the same, the earlier one is kept.
FOLDS: dict[str, Callable[[], Fold]] = {
    "last": _last,
    "max": _max,
    "sum": _sum,
    "count": _count,
    "adjacent": _adjacent,
}
FOLD_NAMES = tuple(FOLDS)
