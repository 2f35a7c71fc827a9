"""Functions that store variables in every way; the tests trace them, and compare with a naive tracer."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

SHARED = 0


def loops(n: int = 3) -> int:
    total = doubled = 0
    for i in range(n):
        total += i
        if i == 1:
            continue
        doubled = i * 2
    else:
        done = True
    while total > 1:
        total -= 1
    return total + doubled + done


def one_liners() -> int:
    total = 0
    for i in range(4): total += i  # fmt: skip  # noqa: E701
    while total > 3: total -= 1  # fmt: skip  # noqa: E701
    added = sum(k * 2 for k in range(3))
    made = [(lambda n: n + 1)(k) for k in range(3)]
    return total + added + len(made)


def branches(n: int = 5) -> int:
    a = 1 if n > 3 else 2
    b = (
        n
        if n > 9
        else -n
    )  # fmt: skip
    if (c := a + b) < 0:
        c = 0
    return c


def unpacking() -> list[int]:
    (a, b), *rest = (1, 2), 3, 4
    a, b = b, a
    [c, d] = rest
    e = f = a
    return [a, b, c, d, e, f]


def exceptions() -> int:
    caught = 0
    for value in ("1", "x", "3"):
        try:
            number = int(value)
        except ValueError as error:
            caught = len(str(error))
        else:
            caught += number
        finally:
            last = value
    return caught + len(last)


def contexts() -> int:
    with contextlib.nullcontext(4) as a, contextlib.nullcontext(5) as b:
        c = a + b
    with contextlib.suppress(KeyError):
        d = {}["none"]  # type: ignore[var-annotated]  # raises, so nothing is stored
        c = d
    return c


def closures() -> int:
    count = 0

    def add(n: int) -> int:
        nonlocal count
        count += n
        return count

    first = add(2)
    second = add(3)
    return first + second + count


def module_names() -> int:
    global SHARED
    SHARED = 7
    import os.path as paths

    return SHARED + len(paths.sep)


def comprehensions(n: int = 4) -> int:
    squares = [k * k for k in range(n)]
    pairs = {k: v for k, v in enumerate(squares)}
    {k for k in range(n)}
    return sum(squares) + len(pairs)


def comprehensions_of_several_lines(n: int = 4) -> int:
    first, *rest = [
        k + len(j)
        for k, (*j, _) in enumerate(
            {m, m + 1} for m in range(n) if m % 2
        )
    ]  # fmt: skip
    return first + len(rest)


def matching() -> int:
    total = 0
    for item in ({"a": 1}, [2, 3], 4):
        match item:
            case {"a": found}:
                total += found
            case [head, *tail]:
                total += head + len(tail)
            case int() as number:
                total += number
    return total


def _numbers(n: int) -> Iterator[int]:
    sent = 0
    for k in range(n):
        sent = yield k + sent  # type: ignore[misc]  # what is sent
        sent = sent or 0
    last = n
    yield last


def generators() -> int:
    total = 0
    for number in _numbers(3):
        total += number
    return total


async def _double(n: int) -> int:
    await asyncio.sleep(0)
    result = n * 2
    return result


def coroutines() -> int:
    async def main() -> int:
        one = await _double(1)
        both = await asyncio.gather(_double(2), _double(3))
        return one + sum(both)

    total = asyncio.run(main())
    return total


def recursion(n: int = 4) -> int:
    below = n - 1
    rest = recursion(below) if below > 0 else 0
    return n + rest


def threads() -> int:
    found: list[int] = []

    def work(n: int) -> None:
        square = n * n
        found.append(square)

    worker = threading.Thread(target=work, args=(5,))
    worker.start()
    worker.join()
    return sum(found)


class Box:
    def __init__(self, size: int) -> None:
        self.size = size

    def fill(self, *extra: int, factor: int = 2, **named: Any) -> int:
        amount = self.size * factor
        amount += sum(extra) + len(named)
        return amount

    @staticmethod
    def make(size: int) -> Box:
        made = Box(size)
        return made


def methods() -> int:
    box = Box.make(3)
    filled = box.fill(1, 2, factor=4, name=1)
    return filled


ALL = [
    loops,
    one_liners,
    branches,
    unpacking,
    exceptions,
    contexts,
    closures,
    module_names,
    comprehensions,
    comprehensions_of_several_lines,
    matching,
    generators,
    coroutines,
    recursion,
    threads,
    methods,
]
