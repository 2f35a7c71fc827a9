"""The decorator on functions of every kind: as the bare one, and each call an invocation."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

import peakahead
from peakahead.models.model import BreakpointModel
from tests.programs import targets
from tests.runtime.models import stored, watching


@pytest.fixture
def work() -> Iterator[BreakpointModel]:
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    yield watched
    peakahead.disarm(watched)


def echo(n: int) -> Iterator[Any]:
    """Work at each step, and tell what was sent or thrown."""
    got: Any = None
    for k in range(n):
        try:
            got = yield targets.work(k), got
        except LookupError as error:
            got = error.args
    return "end"


async def async_echo(n: int) -> AsyncIterator[Any]:
    got: Any = None
    for k in range(n):
        await asyncio.sleep(0)
        try:
            got = yield targets.work(k), got
        except LookupError as error:
            got = error.args


def drive(generator: Any) -> list[Any]:
    """Do all that a caller can do with a generator; return what came of it."""
    found = [next(generator), generator.send("a"), generator.throw(LookupError("b")), next(generator)]
    with contextlib.suppress(RuntimeError):
        found.append(generator.throw(StopIteration("c")))
    found.append(list(generator))
    return found


def test_a_generator_does_what_it_did(work: BreakpointModel) -> None:
    wrapped = peakahead.predict_memory(work)(echo)

    assert inspect.isgeneratorfunction(wrapped)
    assert drive(wrapped(9)) == drive(echo(9))
    ended = wrapped(1)
    next(ended)
    with pytest.raises(StopIteration) as caught:
        next(ended)
    assert caught.value.value == "end"


def test_what_a_generator_is_thrown_and_lets_through_has_no_context_of_ours(work: BreakpointModel) -> None:
    def fails() -> Iterator[int]:
        with contextlib.suppress(LookupError):
            yield 1
        raise ZeroDivisionError

    contexts = []
    for function in (fails, peakahead.predict_memory(work)(fails)):
        generator: Any = function()
        next(generator)
        with pytest.raises(ZeroDivisionError) as caught:
            generator.throw(LookupError())
        contexts.append(caught.value.__context__)
    assert contexts == [None, None]


def test_closing_a_generator_closes_it(work: BreakpointModel) -> None:
    closed = []

    @peakahead.predict_memory(work)
    def cleans() -> Iterator[int]:
        try:
            yield 1
        finally:
            closed.append(targets.work(1))

    generator: Any = cleans()
    next(generator)
    generator.close()
    assert closed == [3]


def test_interleaved_generators_do_not_mix(work: BreakpointModel) -> None:
    told: dict[str, list[int]] = {"a": [], "b": []}

    def counting(name: str) -> Any:
        return peakahead.predict_memory(work, on_forecast=lambda forecast: told[name].append(forecast.growth_bytes))

    @counting("a")
    def first() -> Iterator[int]:
        for k in (1, 3, 5):
            yield targets.work(k)

    @counting("b")
    def second() -> Iterator[int]:
        for k in (10, 30, 50):
            yield targets.work(k)

    for _ in zip(first(), second(), strict=True):
        targets.work(1_000)  # between the pieces: nobody's
    assert told == {"a": [1_000, 2, 6, 10], "b": [1_000, 20, 60, 100]}


def test_an_async_generator_does_what_it_did(work: BreakpointModel) -> None:
    told: list[int] = []
    wrapped = peakahead.predict_memory(work, on_forecast=lambda f: told.append(f.growth_bytes))(async_echo)

    async def drive_async(function: Callable[[int], Any]) -> list[Any]:
        generator = function(9)
        found = [await generator.__anext__(), await generator.asend("a"), await generator.athrow(LookupError("b"))]
        found.append([item async for item in generator])
        await generator.aclose()
        return found

    assert inspect.isasyncgenfunction(wrapped)
    assert asyncio.run(drive_async(wrapped)) == asyncio.run(drive_async(async_echo))
    assert told == [1_000, *range(0, 18, 2)]


class Handler:
    def __init__(self, base: int) -> None:
        self.base = base

    def __call__(self, n: int) -> int:
        return targets.work(self.base + n)

    async def later(self, n: int) -> int:
        return await targets.coroutine(self.base + n)


class AsyncHandler:
    async def __call__(self, n: int) -> int:
        await asyncio.sleep(0)
        return targets.work(n)


@pytest.mark.parametrize(
    ("function", "is_async"),
    [
        (Handler(1), False),
        (functools.partial(targets.work, 4), False),
        (staticmethod(targets.work), False),
        (AsyncHandler(), True),
        (functools.partial(AsyncHandler(), 4), True),
        (functools.partial(AsyncHandler().__call__, 4), True),
    ],
    ids=str,
)
def test_callables_of_every_kind(work: BreakpointModel, function: Any, is_async: bool) -> None:
    told: list[int] = []
    wrapped = peakahead.predict_memory(work, on_forecast=lambda f: told.append(f.growth_bytes))(function)
    args = () if isinstance(function, functools.partial) else (4,)

    result = asyncio.run(wrapped(*args)) if is_async else wrapped(*args)
    assert len(told) == 2
    assert result == told[1] + 1


def of_class(cls: type) -> str:
    return cls.__name__


MISTAKES: list[tuple[Any, str]] = [(3, "something else that is callable"), (classmethod(of_class), "below")]


@pytest.mark.parametrize(("mistake", "message"), MISTAKES)
def test_what_cannot_be_wrapped_is_refused(work: BreakpointModel, mistake: Any, message: str) -> None:
    with pytest.raises(peakahead.InvalidOption, match=message):
        peakahead.predict_memory(work)(mistake)
