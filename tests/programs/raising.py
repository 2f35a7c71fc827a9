"""Functions that raise in every way that an exception can come about, with assignments all around."""

# Names without a value are part of it.
# pyright: reportPossiblyUnboundVariable=false, reportUnboundVariable=false

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


def plain(n: int) -> int:
    size = n * 2
    rate = size / (n - n)
    return int(rate)


def in_the_middle_of_lines(n: int) -> list[int]:
    size = n
    made = [
        size,
        [][size],
        size,
    ]  # fmt: skip
    return made


def caught_and_raised_on(n: int) -> int:
    try:
        size = int("x" * n)
    except ValueError as error:
        kept = error
        size = n
        raise kept  # noqa: B904 - the very same, raised on
    return size


def raised_anew(n: int) -> int:
    try:
        size = int("x" * n)
    except ValueError:
        size = len("handler")
        raise
    return size


def within_a_handler(n: int) -> int:
    try:
        size = {}[n]
    except KeyError as error:
        size = n + 1
        again = size / 0
        return int(again) + len(str(error))
    return size


def with_a_cause(n: int) -> int:
    try:
        size = {}[n]
    except KeyError as error:
        text = f"no {n}"
        raise LookupError(text) from error
    return size


def with_its_context_hidden(n: int) -> int:
    try:
        size = {}[n]
    except KeyError:
        text = f"no {n}"
        raise LookupError(text) from None
    return size


def with_notes(n: int) -> int:
    try:
        size = n // 0
    except ZeroDivisionError as error:
        note = f"with {n}"
        error.add_note(note)
        raise
    return size


def in_finally(n: int) -> int:
    try:
        size = n // 0
    finally:
        last = n + 1
        size = {}[last]
    return size


def replaced_in_finally(n: int) -> int:
    size = n
    try:
        size = n // 0
    finally:
        last = size + 1
        return last  # noqa: B012 - it swallows, and must go on doing so


def nested_handlers(n: int) -> int:
    total = 0
    try:
        try:
            total = n // 0
        except ZeroDivisionError as inner:
            first = str(inner)
            try:
                total = int(first)
            except ValueError as second:
                third = second
                raise RuntimeError(len(first)) from third
            finally:
                total = len(first)
    except RuntimeError as outer:
        last = outer
        for total in range(3):
            try:
                raise TypeError(total)
            except TypeError as error:
                name = error
                if total == 2:
                    raise name from last
    return total


def in_a_loop(n: int) -> list[str]:
    told = []
    for k in range(n):
        try:
            share = n // (k - 1)
            told.append(str(share))
        except ZeroDivisionError as error:
            told.append(repr(error))
            continue
        finally:
            last = k
            if k == 3:
                break  # noqa: B012 - as programs do
    told.append(str(last))
    return told


@contextlib.contextmanager
def manager(n: int) -> Iterator[int]:
    size = n
    try:
        yield size
    except LookupError as error:
        text = repr(error)
        raise ValueError(text) from error
    finally:
        size = 0


class Manager:
    def __init__(self, is_swallowing: bool) -> None:
        self.is_swallowing = is_swallowing
        self.left: list[Any] = []

    def __enter__(self) -> int:
        entered = len(self.left)
        return entered

    def __exit__(self, *told: Any) -> bool:
        kind, error, trace = told
        self.left.append((kind, str(error), trace is not None))
        return self.is_swallowing


def through_a_manager(n: int) -> int:
    with manager(n) as size:
        found = {}[size]
    return found


def swallowed_by_a_manager(n: int) -> Any:
    held = Manager(True)
    with held as first, Manager(False) as second:
        size = n + first + second
        size = size // 0
    return held.left


def not_swallowed(n: int) -> Any:
    with Manager(False) as first:
        size = n + first
        size = size // 0
    return size


def in_a_group(n: int) -> list[int]:
    seen: list[int] = []
    try:
        parts = [ValueError(n), KeyError(n), OSError(n)]
        raise ExceptionGroup("several", parts)
    except* ValueError as group:
        count = len(group.exceptions)
        seen.append(count)
    except* KeyError:
        size = n // (count - 1)
        seen.append(size)
    return seen


def unbound(n: int) -> int:
    if n < 0:
        size = n
    del n
    return size


def deleted(n: int) -> int:
    size = n
    del size
    return size  # noqa: F821 - that it has no value is the point


def bad_unpacking(n: int) -> int:
    first, second = range(n)
    return first + second


def recursive(n: int) -> int:
    below = n - 1
    return recursive(below) if below else below // below


def in_a_comprehension(n: int) -> list[int]:
    sizes = [n // (k - 2) for k in range(n)]
    return sizes


def leaves(n: int) -> int:
    size = n
    raise SystemExit(size)


def asserts(n: int) -> int:
    size = n
    assert size < 0, f"{size} is too large"
    return size


def one_line(n: int) -> int:
    a = n; b = a + 1; c = b // 0; d = c  # fmt: skip  # noqa: E702
    return d


ALL = [
    plain,
    in_the_middle_of_lines,
    caught_and_raised_on,
    raised_anew,
    within_a_handler,
    with_a_cause,
    with_its_context_hidden,
    with_notes,
    in_finally,
    replaced_in_finally,
    nested_handlers,
    in_a_loop,
    through_a_manager,
    swallowed_by_a_manager,
    not_swallowed,
    in_a_group,
    unbound,
    deleted,
    bad_unpacking,
    recursive,
    in_a_comprehension,
    leaves,
    asserts,
    one_line,
]
