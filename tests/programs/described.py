"""Functions of many signatures, for tools that look at functions rather than run them."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

T = TypeVar("T")
FACTOR = 3


def takes_all(a: int, /, b: float = 2.5, *rest: str, key: bytes = b"k", **named: list[int]) -> dict[str, Any]:
    """Take every kind of parameter.

    And say so in several lines.
    """
    size = a * FACTOR
    length = len(rest) + len(named)
    made = {"size": size, "length": length, "b": b, "key": key}
    return made


takes_all.seen = 0  # type: ignore[attr-defined]  # functions have attributes


@overload
def overloaded(value: int) -> int: ...
@overload
def overloaded(value: str) -> str: ...
def overloaded(value: int | str) -> int | str:
    kept = value
    return kept


def makes(n: int) -> Callable[..., int]:
    size = n + 1

    def made(k: int, *, more: int = 2) -> int:
        """Close over two."""
        total = size * k + more + n
        return total

    return made


made_early = makes(10)


def many_locals(z: int, y: int, *, x: int = 1) -> tuple[int, ...]:
    w = z
    v = y + w
    (u, *t) = (v, x, w)

    def inside() -> int:
        s = u + len(t)
        return s

    r = inside()
    return w, v, u, r


@functools.lru_cache(maxsize=8)
def cached(n: int) -> int:
    size = n * FACTOR
    return size


@contextlib.contextmanager
def managed(n: int) -> Iterator[int]:
    size = n
    yield size
    size += 1


@functools.singledispatch
def dispatched(value: Any) -> str:
    name = type(value).__name__
    return name


@dispatched.register
def _of_int(value: int) -> str:
    name = f"int {value}"
    return name


def counted(function: Callable[..., T]) -> Callable[..., T]:
    calls = 0

    @functools.wraps(function)
    def counting(*args: Any, **kwargs: Any) -> T:
        nonlocal calls
        calls += 1
        found = function(*args, **kwargs)
        return found

    return counting


@counted
@counted
def stacked(n: int) -> int:
    """Be wrapped twice."""
    size = n + 2
    return size


bound_partly = functools.partial(takes_all, 1, key=b"p")


@dataclass(order=True)
class Point:
    x: int
    y: int = 0
    seen: list[int] = field(default_factory=list, compare=False)

    def __post_init__(self) -> None:
        total = self.x + self.y
        self.seen.append(total)

    def moved(self, by: int) -> Point:
        x = self.x + by
        return Point(x, self.y)

    @property
    def size(self) -> int:
        squared = self.x**2 + self.y**2
        return squared

    @functools.cached_property
    def kept(self) -> int:
        found = self.x * 10
        return found

    @classmethod
    def at(cls, x: int) -> Point:
        made = cls(x)
        return made

    @staticmethod
    def none() -> int:
        nothing = 0
        return nothing

    def __getattr__(self, name: str) -> str:
        text = f"no {name}"
        if name.startswith("_"):
            raise AttributeError(text)
        return text

    def __getstate__(self) -> dict[str, Any]:
        state = {"x": self.x, "y": self.y, "seen": [*self.seen]}
        return state

    def __reduce_ex__(self, _protocol: Any) -> Any:
        made = (Point, (self.x, self.y), self.__getstate__())
        return made


def uses() -> Any:
    """Call all of them."""
    with managed(3) as size:
        held = size
    point = Point.at(4)
    return (
        takes_all(1, 2.0, "r", key=b"x", n=[1]),
        overloaded("text"),
        makes(2)(3),
        made_early(3, more=4),
        many_locals(1, 2, x=3),
        [cached(n) for n in (1, 2, 1)],
        held,
        dispatched(1.5),
        dispatched(7),
        stacked(5),
        bound_partly(2.0)["key"],
        sorted([Point(3, 1), point.moved(-2)]),
        (point.size, point.kept, point.kept, Point.none(), point.anything),
    )


PLAIN = [takes_all, overloaded, makes, many_locals, Point.moved, Point.__post_init__, Point.__getattr__]
ALL: list[Callable[..., Any]] = [
    *PLAIN,
    cached,
    managed,
    dispatched,
    _of_int,
    stacked,
    Point.__getstate__,
    Point.__reduce_ex__,
    Point.__dict__["size"].fget,
    Point.__dict__["kept"].func,
    Point.__dict__["at"].__func__,
    Point.none,
    uses,
]
