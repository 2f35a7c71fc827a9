"""What signal handlers raise gets out of hooks, of readings and of `on_forecast`, each exactly once; real signals."""

from __future__ import annotations

import functools
import gc
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import peakahead
from tests.programs.observing import observing

WANTED = 1_000


class TimeLimit(Exception):
    """A time limit of the host's own, as task queues raise."""


class Stopped(BaseException):
    pass


class Value:
    """What is read slowly by a feature registered for it."""

    def __init__(self, size: int) -> None:
        self.size = size


def busy(value: Value) -> int:
    total = 0
    for k in range(40):
        total += k
    return value.size + total


def rises(value: Value) -> int:
    return value.size


@pytest.fixture(autouse=True)
def _registered() -> None:
    """Register anew for each test: a busy machine can make a reading look slow, and slow ones aren't read for ever."""
    peakahead.register_feature(Value, "read_slowly", busy)
    peakahead.register_feature(Value, "read_rising", rises)


def hot(values: list[Value]) -> int:
    total = 0
    for _ in range(2_000):
        for value in values:
            total += value.size
    return total


def hot_rising() -> int:
    total = 0
    for size in range(5_000):
        value = Value(size)
        total += value.size
    return total


def handlers(error: Callable[[], BaseException], delivered: list[int]) -> dict[str, Any]:
    """Return the kinds of callables that programs set as handlers; each raises, and counts that it did."""

    class Limits:
        def method(self, _signal: int, _frame: Any) -> None:
            raise_it()

        def __call__(self, _signal: int, _frame: Any) -> None:
            raise_it()

    def raise_it() -> None:
        delivered.append(1)
        raise error()

    def partly(_kind: str, _signal: int, _frame: Any) -> None:
        raise_it()

    def nested(_signal: int, _frame: Any) -> None:
        raise_it()

    return {
        "function": nested,
        "method": Limits().method,
        "partial": functools.partial(partly, "kind"),
        "callable": Limits(),
    }


def timed(call: Callable[[], object], attempt: int) -> None:
    """Run a call that is interrupted once, at odd moments, so that it hits every place of a loop."""
    signal.setitimer(signal.ITIMER_REAL, 0.0002 + 0.000_007 * (attempt % 61))
    call()
    signal.setitimer(signal.ITIMER_REAL, 0)


def count_passed(
    run: Callable[[int], object], handler: Any, error: type[BaseException], delivered: list[int], wanted: int
) -> int:
    """Interrupt runs until the handler raised this often; return how often its error got out."""
    passed = 0
    before = signal.signal(signal.SIGALRM, handler)
    try:
        for attempt in range(100 * wanted):
            if len(delivered) >= wanted:
                break
            try:
                run(attempt)
            except error:
                passed += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return passed


@pytest.fixture(autouse=True)
def _no_collections() -> Iterator[None]:
    """Keep the collector off: what a handler raises inside of its callbacks, as Hypothesis sets one, nobody gets."""
    gc.disable()
    yield
    gc.enable()


KINDS = ["function", "method", "partial", "callable"]
values = [Value(5)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [TimeLimit, KeyboardInterrupt])
def test_out_of_a_reading_in_a_hot_loop(kind: str, error: type[BaseException]) -> None:
    watched = observing(hot, feature="read_slowly")
    delivered: list[int] = []
    handler = handlers(error, delivered)[kind]
    wanted = WANTED // len(KINDS)
    try:
        with peakahead.predict_memory(watched) as run:
            passed = count_passed(
                lambda attempt: timed(lambda: hot(values), attempt), handler, error, delivered, wanted
            )
        assert passed == len(delivered) == wanted
        assert run.errors == [], "what a handler raises is no error of a reading"
    finally:
        peakahead.disarm(watched)


@pytest.mark.parametrize("on_error", ["warn", "raise"])
@pytest.mark.parametrize("error", [TimeLimit, TimeoutError, KeyboardInterrupt, SystemExit, Stopped, ValueError])
def test_out_of_on_forecast_in_a_hot_loop(error: type[BaseException], on_error: Any) -> None:
    watched = observing(hot_rising, feature="read_rising")
    told = 0
    kept: list[Any] = []

    def on_forecast(_: peakahead.Forecast) -> None:
        nonlocal told
        for _k in range(40):
            told += 1

    def run(attempt: int) -> None:
        with peakahead.predict_memory(watched, on_forecast=on_forecast, on_error=on_error) as inside:
            try:
                timed(hot_rising, attempt)
            finally:
                kept.extend(inside.errors)

    peakahead.arm(watched, strict=True)
    try:
        for kind in KINDS:
            delivered: list[int] = []
            passed = count_passed(run, handlers(error, delivered)[kind], error, delivered, 30)
            assert passed == len(delivered) == 30, kind
            assert told > 40, kind
            assert kept == []
            told = 0
    finally:
        peakahead.disarm(watched)
