"""Functions that are handed what misbehaves: objects whose code must not run, numbers that aren't, odd invocations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

RAN: list[str] = []  # what of an object's own code has run


class Hostile:
    """Says so in `RAN` whenever any of its code is run."""

    def __init__(self, size: int) -> None:
        object.__setattr__(self, "size", size)

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # type: ignore[override]
        RAN.append("__class__")
        return int

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        RAN.append("__dict__")
        raise RuntimeError("no one asked for this")

    def __getattribute__(self, name: str) -> Any:
        RAN.append(f"__getattribute__ {name}")
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        RAN.append(f"__getattr__ {name}")
        return self

    def __len__(self) -> int:
        RAN.append("__len__")
        return 2**62

    def __iter__(self) -> Iterator[int]:
        RAN.append("__iter__")
        while True:
            yield 1

    def __eq__(self, other: object) -> bool:
        RAN.append("__eq__")
        return True

    def __hash__(self) -> int:
        RAN.append("__hash__")
        return 0

    def __bool__(self) -> bool:
        RAN.append("__bool__")
        return False

    def __int__(self) -> int:
        RAN.append("__int__")
        return 7

    __index__ = __int__

    def __float__(self) -> float:
        RAN.append("__float__")
        return 7.0

    def __repr__(self) -> str:
        RAN.append("__repr__")
        return "hostile"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        RAN.append("__format__")
        return "hostile"

    def __del__(self) -> None:
        pass


class HostileList(list[int]):
    def __len__(self) -> int:
        RAN.append("list.__len__")
        return -5

    def __getitem__(self, index: Any) -> Any:
        RAN.append("list.__getitem__")
        raise RuntimeError(index)


class HostileStr(str):
    def __len__(self) -> int:
        RAN.append("str.__len__")
        return 0

    def __fspath__(self) -> str:
        RAN.append("str.__fspath__")
        return "/"

    def __hash__(self) -> int:
        RAN.append("str.__hash__")
        return 1


class HostileInt(int):
    def __int__(self) -> int:
        RAN.append("int.__int__")
        return -1

    def __float__(self) -> float:
        RAN.append("int.__float__")
        raise RuntimeError("not a float")


class Meta(type):
    def __getattribute__(cls, name: str) -> Any:
        RAN.append(f"type.{name}")
        return super().__getattribute__(name)

    def mro(cls) -> list[type]:
        return super().mro()

    def __instancecheck__(cls, instance: object) -> bool:
        RAN.append("__instancecheck__")
        return True


class OfMeta(metaclass=Meta):
    def __init__(self, size: int) -> None:
        self.size = size


def handed(count: int) -> list[str]:
    """Meet all of them; return which code of theirs ran beside what this function runs itself."""
    plain = Hostile(count)
    listed = HostileList(range(3))
    text = HostileStr("x" * 9)
    number = HostileInt(count)
    classed = OfMeta(count)
    RAN.clear()
    for item in (plain, listed, text, number, classed):
        held = item
        shelf = {"item": item}
        pair = [held, shelf]
    del item, held, shelf, pair
    size = count * 1_000
    made = bytearray(size)
    met = list(RAN)
    del made
    return met


def reports_what_ran(count: int) -> int:
    """Fail, as an invocation, if any code of theirs ran."""
    ran = handed(count)
    if ran:
        raise AssertionError(f"ran in the tracer: {ran}")
    return count


class Lies:
    def __init__(self, **numbers: float) -> None:
        self.__dict__.update(numbers)


def lies(count: int, k: int) -> int:
    """Read numbers that are none, vast ones, and ones that come and go; categories of too many kinds."""
    odd = (float("nan"), float("inf"), -float("inf"), -1e9, 1e308, 1e18 + k, 10**40, -(10**40), 5e-324, True)
    told = Lies(same=4, twice=2.0 * count, **{f"n{i}": value for i, value in enumerate(odd)}, **{f"only{k % 3}": k})
    label = f"kind-{k}"
    if k % 2:
        extra = count // 2
        order = extra
    else:
        order = count
        extra = order // 3
    for part in range(k % 4):
        vast = 1e308 if part else 1.0
        order += part
        del vast
    made = bytearray(count * 1_000)
    return len(made) + len(label) + extra + order + len(told.__dict__)
