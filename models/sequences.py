"""Sequences of things that have a size: the sum, the largest, and the largest two in a row of what they hold.

One look at the first item decides whether a sequence holds such things: paths, arrays, texts, lists. Long ones are
sampled evenly, so that a reading's cost is bounded; the sample's size is a reading too.
"""

from __future__ import annotations

from .features import Feature, Read, ReadTogether, Value, readers_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_PATHS = 1_000  # each is a `stat`
MAX_ITEMS = 256
# What of an item is its size, the first that it has; how it is written, and how many items are looked at.
_KINDS = (("file_size", "file_size({})", MAX_PATHS), ("nbytes", "nbytes of items of {}", MAX_ITEMS),
          ("len", "len of items of {}", MAX_ITEMS))  # fmt: skip
SAMPLED = "sampled"

Pairs = list[tuple[float, float]]  # sizes, each after its predecessor's
_COMBINED: tuple[tuple[str, str, Callable[[Pairs, int], float]], ...] = (
    ("sum", "sum of ", lambda pairs, n: sum(size for _, size in pairs) * n / len(pairs)),
    ("max", "largest ", lambda pairs, _: max(size for _, size in pairs)),
    ("adjacent", "largest two adjacent ", lambda pairs, _: max(map(sum, pairs))),
)


class _Sample:
    """How the sizes of a class of sequences are found."""

    def __init__(self, cls: type) -> None:
        self._length: Callable[[Any], int] = getattr(cls, "__len__")  # noqa: B009 - mypy: the rows' classes have it
        self._item_at: Callable[[Any, int], Any] = getattr(cls, "__getitem__")  # noqa: B009 - as above
        self._reaches_middle = cls.__name__ != "deque"  # there an index far from both ends costs what it is far

    def sizes(self, value: Any, only: str | None = None) -> tuple[str, int, Pairs] | None:
        """Return the kind, the length, and a sample of the sizes; None where the first item has none.

        Args:
            value: The sequence.
            only: The kind that is asked for, or None for what the first item tells.
        """
        n = self._length(value)
        if not n:
            return None
        first = self._item_at(value, 0)
        readers = readers_for(type(first))
        for kind, _, most in _KINDS:
            size = readers[kind](first) if kind in readers else None
            if isinstance(size, int | float):
                return (kind, n, self._pairs(value, n, kind, most, size)) if only in (None, kind) else None
        return None

    def _pairs(self, value: Any, n: int, kind: str, most: int, first: float) -> Pairs:
        item_at = self._item_at

        def size(index: int) -> float:
            item = item_at(value, index)
            reader = readers_for(type(item)).get(kind)
            found = reader(item) if reader is not None else None
            return found if isinstance(found, int | float) else 0.0

        if n <= most:
            sizes = [first, *(size(index) for index in range(1, n))]
            return list(zip([0.0, *sizes], sizes, strict=False))
        half = most // 2
        if self._reaches_middle:
            picked = [max(1, int(k * n / half)) for k in range(half)]
        else:
            picked = [*range(1, half // 2 + 1), *range(n - half // 2, n)]
        return [(size(index - 1), size(index)) for index in picked]


def _of_sizes(kind: str, combine: Callable[[Pairs, int], float]) -> Callable[[type], Read]:
    def bind(cls: type) -> Read:
        sizes_of = _Sample(cls).sizes

        def read(value: Any) -> float | None:
            found = sizes_of(value, kind)
            return combine(found[2], found[1]) if found is not None else None

        return read

    return bind


def _sampled(cls: type) -> Read:
    sizes_of = _Sample(cls).sizes

    def read(value: Any) -> float | None:
        found = sizes_of(value)
        return float(len(found[2])) if found is not None else None

    return read


SEQUENCE = (
    *(
        Feature(f"{kind}_{name}", prefix + written, _of_sizes(kind, combine))
        for kind, written, _ in _KINDS
        for name, prefix, combine in _COMBINED
    ),
    Feature(SAMPLED, "items of {} looked at", _sampled),
)


def read_sequence(cls: type) -> tuple[frozenset[str], ReadTogether]:
    """Bind to a class what reads all of a sequence's features at one look."""
    sizes_of = _Sample(cls).sizes

    def read(value: Any) -> list[tuple[str, Value]] | None:
        found = sizes_of(value)
        if found is None:
            return None
        kind, n, pairs = found
        numbers: list[tuple[str, Value]] = [(f"{kind}_{name}", combine(pairs, n)) for name, _, combine in _COMBINED]
        return [*numbers, (SAMPLED, float(len(pairs)))]

    return frozenset(feature.name for feature in SEQUENCE), read
