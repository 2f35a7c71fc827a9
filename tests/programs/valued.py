"""A function that makes values, and what runs it with a feature that reads them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import peakahead
from tests.programs.observing import observing


class Value:
    """What is read by features registered for it."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and self.size == other.size

    __hash__ = None  # type: ignore[assignment]  # nothing of ours needs it


def handle(size: int) -> list[Value]:
    value = Value(size)
    again = Value(size + 1)
    return [value, again]


_names = 0


def run_reading(read: Callable[[Any], Any], times: int = 3, **options: Any) -> tuple[Any, list[str]]:
    """Run `handle` with this reading of its two values; require its results, and return the run and the warnings."""
    global _names
    _names += 1  # what was registered once stays; each reading gets a feature of its own
    name = f"{read.__name__}_{_names}"
    peakahead.register_feature(Value, name, read)
    watched = observing(handle, feature=name)
    bare = [handle(size) for size in range(times)]
    try:
        peakahead.arm(watched, strict=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with peakahead.predict_memory(watched, **options) as run:
                found = [handle(size) for size in range(times)]
    finally:
        peakahead.disarm(watched)
    assert found == bare
    return run, [str(warning.message) for warning in caught]


def size_of(value: Any) -> float:
    return float(value.size)
