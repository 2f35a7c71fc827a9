"""Functions of every kind, and stores of every kind, to arm through a model."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

REGISTRY: list[Callable[..., Any]] = []
LEVEL = 0


def register(function: Callable[..., Any]) -> Callable[..., Any]:
    REGISTRY.append(function)
    return function


def free(n: int) -> int:
    kept = n

    def add() -> int:
        nonlocal kept
        kept = kept + 1
        return kept

    return add()


def global_name(n: int) -> int:
    global LEVEL
    LEVEL = n
    return LEVEL


def handled(n: int) -> int:
    try:
        raise ValueError(n)
    except ValueError as error:
        found = n
        del error
    finally:
        last = n
    return found + last


def parameters(first: int, /, second: int = 2, *rest: int, only: int = 3, **named: int) -> int:
    return first + second + len(rest) + only + len(named)


def class_body(n: int) -> int:
    class Made:
        size = n

    return Made.size


def cleaned(n: int) -> int:
    with contextlib.nullcontext(n) as opened:
        inside = opened
    return inside


def matched(n: int) -> int:
    match [n, 1]:
        case [head, *tail]:
            return int(head) + len(tail)
    return 0


def unpacked(n: int) -> int:
    first, *rest = n, 1, 2
    return first + len(rest)


def walrus(n: int) -> int:
    return found if (found := n) else 0


def comprehended(n: int) -> int:
    both = n
    total = [both for both in (both, both)]
    return sum(total)


double = lambda number: number * 2  # noqa: E731 - a lambda is the point


@dataclasses.dataclass
class Record:
    size: int

    @classmethod
    def made(cls, n: int) -> int:
        size = cls(n).size
        return size

    @functools.cached_property
    def area(self) -> int:
        squared = self.size * 3
        return squared

    @functools.singledispatchmethod
    def told(self, n: object) -> int:
        text = len(str(n))
        return text

    class Inner:
        def deep(self, n: int) -> int:
            depth = n
            return depth


class Base:
    def __init_subclass__(cls, size: int = 1) -> None:
        taken = size
        cls.size = taken


class Meta(type):
    def __call__(cls, *args: Any) -> Any:
        made = args[0]
        return made


class Built(metaclass=Meta):
    pass


class Caller:
    def __call__(self, n: int) -> int:
        called = n
        return called


caller = Caller()


class Task:
    """A decorator that is a class, and says nothing of what it wraps."""

    def __init__(self, function: Callable[[int], int]) -> None:
        self.run = function

    def __call__(self, n: int) -> int:
        return self.run(n)


@Task
def task(n: int) -> int:
    size = n
    return size


@functools.singledispatch
def dispatched(n: object) -> int:
    plain = 0
    return plain


@dispatched.register
def _(n: int) -> int:
    number = n
    return number


@dispatched.register
def _(n: str) -> int:
    letters = len(n)
    return letters


@contextlib.contextmanager
def managed(n: int) -> Iterator[int]:
    held = n
    yield held


def adds(n: int, m: int) -> int:
    added = n + m
    return added


partial = functools.partial(adds, 1)


async def counted(n: int) -> AsyncIterator[int]:
    for number in range(n):
        each = number
        yield each


if TYPE_CHECKING:

    def either(n: int) -> int:
        chosen = -n
        return chosen

else:

    @register
    def either(n: int) -> int:
        chosen = n
        return chosen

    @register
    def either(n: int) -> int:  # noqa: F811 - the same name again is the point
        chosen = n * 100
        return chosen
