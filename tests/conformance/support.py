"""What generated functions call. It is deterministic, and much of it raises for some arguments."""

from __future__ import annotations

import types
from collections.abc import AsyncIterator, Coroutine, Generator
from typing import Any

_TURNS = 12  # of all the loops of one run that ask


class Turns:
    """Counts down, so that every loop ends."""

    left = _TURNS


def tick(_value: object) -> bool:
    Turns.left -= 1
    return Turns.left > 0


def boom(value: Any) -> Any:
    if value % 2:
        raise ValueError(f"odd: {value!r}")
    return value // 2


def num(value: Any) -> int:
    return value if isinstance(value, int) else len(value)


def same(value: Any) -> Any:
    return value


def listed(value: Any) -> list[Any]:
    if isinstance(value, int):
        return list(range(value % 4))
    return list(value)[:3]


def pairs(value: Any) -> list[tuple[Any, ...]]:
    return [(item, value, 7) for item in listed(value)]


def sub() -> Generator[int, Any, int]:
    got = yield 10
    return 11 if got is None else 12


class Manager:
    """A context that keeps some exceptions in, and says how many of its kind are alive."""

    alive = 0

    def __init__(self, value: Any) -> None:
        self.value = value
        Manager.alive += 1

    def __del__(self) -> None:
        Manager.alive -= 1

    def __enter__(self) -> Any:
        return self.value or (1, 2)

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> bool:
        return bool(self.value) and kind is not None and issubclass(kind, ArithmeticError | ValueError)

    async def __aenter__(self) -> Any:
        await Pause(1)
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        return self.__exit__(kind, *rest)


class Pause:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, Any, Any]:
        got = yield self.value
        return self.value if got is None else got


class AsyncList:
    def __init__(self, value: Any) -> None:
        self.items = listed(value)

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self.items:
            yield await Pause(item)


def drive(generator: Generator[Any, Any, Any]) -> list[Any]:
    """Resume a generator in every way, until it ends."""
    said: list[Any] = []
    try:
        said.append(next(generator))
        said.append(generator.send(5))
        said.append(generator.throw(ValueError("thrown")))
        said.append(next(generator))
        generator.close()
    except StopIteration as stopped:
        said.append(stopped.value)
    return said


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine, some of whose waits end with an exception."""
    waits = 0
    try:
        while True:
            waits += 1
            if waits % 5 == 0:
                coroutine.throw(LookupError("thrown"))
            else:
                coroutine.send(None if waits % 2 else waits)
    except StopIteration as stopped:
        return stopped.value


async def collect(generator: Any) -> list[Any]:
    found = [await generator.asend(None)]
    try:
        found.append(await generator.asend(3))
        found.append(await generator.athrow(ValueError("thrown")))
        async for item in generator:
            found.append(item)
            if len(found) > 5:
                break
    finally:
        await generator.aclose()
    return found


def consume(result: Any) -> Any:
    """Run what a call of a generated function returned, if it is to be run."""
    if isinstance(result, types.GeneratorType):
        return drive(result)
    if isinstance(result, types.CoroutineType):
        return run(result)
    if isinstance(result, types.AsyncGeneratorType):
        return run(collect(result))
    return result


HELPERS: dict[str, Any] = {
    helper.__name__: helper
    for helper in (tick, boom, num, same, listed, pairs, sub, Manager, Pause, AsyncList, drive, run, collect)
}
