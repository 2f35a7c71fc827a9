"""Generators, coroutines and asynchronous generators, and callers that use all of their protocol."""

# What the interpreter's own objects have beyond their protocols, and what is forgotten, is part of it.
# pyright: reportAttributeAccessIssue=false, reportPossiblyUnboundVariable=false, reportUnusedCoroutine=false

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any


def counts(n: int) -> Generator[int, int | None, str]:
    total = 0
    for k in range(n):
        try:
            sent = yield total
            total += k if sent is None else sent
        except LookupError as error:
            total = len(repr(error))
        finally:
            last = total
    done = f"done {last}"
    return done


def refuses(n: int) -> Iterator[int]:
    size = n
    try:
        yield size
    except GeneratorExit:
        size = -1
        yield size


def cleans_up(told: list[str]) -> Iterator[int]:
    size = 1
    try:
        yield size
    except GeneratorExit as left:
        name = type(left).__name__
        told.append(name)
        raise
    finally:
        last = len(told)
        told.append(str(last))


def delegates(n: int) -> Generator[int, Any, str]:
    first = yield from counts(n)
    second = yield from counts(n - 1)
    both = f"{first} and {second}"
    return both


def raises_stop(n: int) -> Iterator[int]:
    size = n
    yield size
    raise StopIteration(size)


def driven() -> list[Any]:
    """Use next, send, throw and close, and look at the generator in between."""
    told: list[Any] = []
    made = counts(4)
    told += [inspect.getgeneratorstate(made), next(made), made.send(7), made.throw(KeyError("x"))]
    frame: Any = made.gi_frame
    told += [made.gi_running, frame.f_lineno, sorted(frame.f_locals), made.gi_code.co_name, made.gi_yieldfrom]
    told.append(list(made))
    told += [made.gi_frame, inspect.getgeneratorstate(made)]
    return told


def returned() -> Any:
    made = delegates(2)
    seen = [next(made)]
    inner: Any = made.gi_yieldfrom
    seen.append(inner.gi_frame.f_lineno)
    try:
        while True:
            seen.append(made.send(3))
    except StopIteration as stop:
        seen.append(stop.value)
    return seen


def closed() -> list[str]:
    told: list[str] = []
    made = cleans_up(told)
    next(made)
    made.close()
    made = cleans_up(told)
    next(made)
    del made  # and by the end of its last reference
    cleans_up(told).close()
    return told


def thrown_through() -> Any:
    made = delegates(3)
    next(made)
    seen = [made.throw(LookupError("in the inner one"))]
    made.throw(ValueError("past it"))
    return seen


def refused() -> None:
    made = refuses(3)
    next(made)
    made.close()


def stopped_inside() -> list[int]:
    return list(raises_stop(3))


def already_running() -> Any:
    told: list[Any] = []

    def itself() -> Iterator[int]:
        k = 1
        yield k
        told.append(made.gi_running)
        next(made)

    made: Any = itself()
    return [*made, told]


async def doubled(n: int) -> int:
    size = n
    await asyncio.sleep(0)
    size *= 2
    return size


async def each(n: int) -> AsyncIterator[int]:
    for k in range(n):
        size = await doubled(k)
        try:
            yield size
        except LookupError as error:
            name = repr(error)
            yield len(name)
        finally:
            last = size
            del last


class Held:
    def __init__(self) -> None:
        self.told: list[Any] = []

    async def __aenter__(self) -> int:
        size = await doubled(4)
        return size

    async def __aexit__(self, *told: Any) -> bool:
        kind, error, _ = told
        text = str(error)
        self.told.append((kind, text))
        return kind is KeyError


async def loops_and_holds() -> Any:
    total = 0
    async for size in each(4):
        total += size
    held = Held()
    async with held as entered, held as again:
        total += entered + again
        total = {}["none"]
    squares = [k * k async for k in each(3)]
    return total, held.told, squares


async def cancelled() -> Any:
    told: list[Any] = []

    async def waits() -> None:
        try:
            size = 1
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            size = len(error.args)
            told.append(size)
            raise
        finally:
            last = "finally"
            told.append(last)

    task = asyncio.ensure_future(waits())
    await asyncio.sleep(0)
    task.cancel("enough")
    try:
        await task
    except asyncio.CancelledError as error:
        told.append(str(error))
    return told, task.cancelled()


async def timed_out() -> Any:
    size = 0
    try:
        async with asyncio.timeout(0.001):
            size = 1
            await asyncio.sleep(60)
    except TimeoutError as error:
        name = type(error).__name__
        return size, name
    return size


async def in_groups() -> Any:
    async def fails(n: int) -> None:
        size = n
        await asyncio.sleep(0)
        raise ValueError(size)

    told = []
    try:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(doubled(3))
            second = group.create_task(fails(4))
    except* ValueError as errors:
        told = [repr(error) for error in errors.exceptions]
    return told, first.done(), second.done()


async def sent_and_thrown() -> Any:
    made: Any = each(5)
    told = [await made.__anext__(), await made.asend(None), await made.athrow(LookupError("x"))]
    told += [made.ag_running, made.ag_frame.f_lineno, made.ag_code.co_name]
    await made.aclose()
    told.append(made.ag_frame)
    try:
        await made.__anext__()
    except StopAsyncIteration as error:
        told.append(repr(error))
    return told


async def left_open() -> Any:
    """Leave generators for the event loop's hooks to finish."""
    told: list[Any] = []

    async def open_one() -> AsyncIterator[int]:
        size = 1
        try:
            yield size
        finally:
            await asyncio.sleep(0)
            last = "finished"
            told.append(last)

    async for _ in open_one():
        break
    for _ in range(5):
        await asyncio.sleep(0)
    return told


def by_hand() -> Any:
    """Drive a coroutine without a loop, and look at what it waits for."""
    made = doubled(5)
    told: list[Any] = [inspect.getcoroutinestate(made), made.send(None)]
    frame: Any = made.cr_frame
    told += [frame.f_lineno, made.cr_running, type(made.cr_await).__name__, made.cr_code.co_name, made.cr_origin]
    try:
        made.send(None)
    except StopIteration as stop:
        told.append(stop.value)
    made.close()
    return [*told, inspect.getcoroutinestate(made)]


def awaited_twice() -> None:
    made = doubled(5)
    asyncio.run(made)
    asyncio.run(made)


def never_awaited() -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        doubled(3)
        each(3)
    return [f"{warning.category.__name__}: {warning.message}" for warning in caught]


FUNCTIONS = [counts, refuses, cleans_up, delegates, raises_stop, doubled, each, Held.__aenter__, Held.__aexit__]
GENERATORS = [driven, returned, closed, thrown_through, refused, stopped_inside, already_running]
COROUTINES = [loops_and_holds, cancelled, timed_out, in_groups, sent_and_thrown, left_open]
BY_HAND = [by_hand, awaited_twice, never_awaited]
