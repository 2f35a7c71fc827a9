"""The arithmetic of a hit as a person would write it after the assignment: read, fold, evaluate, compare.

Each makes one invocation's function. It has none of our safety: it trusts that the value is what it is meant to be,
that one thread runs one invocation, and that nothing raises.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

Work = Callable[[Any], None]
_LOWEST = float("-inf")


def nothing(_found: Any) -> None:
    pass


def number(said: Callable[[float], object], _other: Any) -> Work:
    largest = highest = _LOWEST

    def note(found: int) -> None:
        nonlocal largest, highest
        read = float(found)
        if read > largest:
            largest = read
        growth = 1.0 + 2.0 * largest
        if growth > highest:
            highest = growth
            said(growth)

    return note


def length(said: Callable[[float], object], _other: Any) -> Work:
    largest = highest = _LOWEST

    def note(found: list[Any]) -> None:
        nonlocal largest, highest
        read = float(len(found))
        if read > largest:
            largest = read
        growth = 1.0 + 2.0 * largest
        if growth > highest:
            highest = growth
            said(growth)

    return note


def open_file(said: Callable[[float], object], _other: Any) -> Work:
    largest = highest = _LOWEST

    def note(found: Any) -> None:
        nonlocal largest, highest
        read = float(os.fstat(found.fileno()).st_size)
        if read > largest:
            largest = read
        growth = 1.0 + 2.0 * largest
        if growth > highest:
            highest = growth
            said(growth)

    return note


def product(said: Callable[[float], object], other: Any) -> Work:
    factor = float(other)
    largest = highest = _LOWEST

    def note(found: int) -> None:
        nonlocal largest, highest
        read = float(found)
        if read > largest:
            largest = read
        growth = 1.0 + 2.0 * factor * largest
        if growth > highest:
            highest = growth
            said(growth)

    return note


def adjacent(said: Callable[[float], object], _other: Any) -> Work:
    before = 0.0
    largest = highest = _LOWEST

    def note(found: int) -> None:
        nonlocal before, largest, highest
        read = float(found)
        pair = before + read
        before = read
        if pair > largest:
            largest = pair
        growth = 1.0 + 2.0 * largest
        if growth > highest:
            highest = growth
            said(growth)

    return note
