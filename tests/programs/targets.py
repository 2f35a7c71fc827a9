"""Functions to arm."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any


def work(n: int) -> int:
    size = n * 2
    return size + 1


def area(width: int, height: int) -> int:
    corner = 0
    return width * height + corner


def loop(sizes: Iterable[int]) -> int:
    total = 0
    for size in sizes:
        total += size
    return total


def reads(path: str) -> int:
    f = open(path)  # noqa: SIM115 - as in the running example
    lines = f.readlines()
    f.close()
    return len(lines)


def outer(n: int) -> Callable[[int], int]:
    def inner(k: int) -> int:
        product = n * k
        return product

    return inner


class Service:
    def __init__(self, size: int) -> None:
        self.size = size

    def handle(self, factor: int) -> int:
        amount = self.size * factor
        return amount

    @staticmethod
    def check(n: int) -> int:
        checked = n + 1
        return checked

    @classmethod
    def build(cls, n: int) -> Service:
        built = cls(n)
        return built

    @property
    def doubled(self) -> int:
        twice = self.size * 2
        return twice


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def hidden(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


@logged
@logged
def decorated(n: int) -> int:
    size = n * 3
    return size


@hidden
def concealed(n: int) -> int:
    size = n * 4
    return size


@functools.lru_cache
def cached(n: int) -> int:
    size = n * 5
    return size


async def coroutine(n: int) -> int:
    size = n * 2
    await asyncio.sleep(0)
    again = size + 1
    return again


def generator(n: int) -> Iterator[int]:
    for k in range(n):
        item = k * 10
        yield item


def in_a_thread(n: int) -> int:
    found: list[int] = []

    def inside() -> None:
        found.append(work(n))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    return found[0]


def raises(n: int) -> int:
    size = n
    raise LookupError(size)


def closes_over(n: int) -> int:
    def add() -> int:
        return n + 1

    return add()
