"""Readings that misbehave: counted, told of once, and never the host's trouble."""

from __future__ import annotations

import time
from typing import Any

import pytest

import peakahead
from tests.programs.observing import observing
from tests.programs.valued import Value, handle, run_reading


def raises_own(_: Any) -> float:
    raise type("Own", (Exception,), {})("mine")


def raises_value(_: Any) -> float:
    raise ValueError("mine")


def raises_stop(_: Any) -> float:
    raise StopIteration("mine")


def raises_assertion(_: Any) -> float:
    raise AssertionError("mine")


def raises_import(_: Any) -> float:
    import no_such_module_anywhere  # type: ignore[import-not-found]

    return float(no_such_module_anywhere.size)


def raises_warning(_: Any) -> float:
    raise UserWarning("mine")


def raises_memory(_: Any) -> float:
    raise MemoryError("mine")


def recurses(value: Any) -> float:
    return recurses(value)


RAISING = [
    raises_own,
    raises_value,
    raises_stop,
    raises_assertion,
    raises_import,
    raises_warning,
    raises_memory,
    recurses,
]


@pytest.mark.parametrize("read", RAISING, ids=lambda read: read.__name__)
def test_a_reading_that_raises_is_counted_and_told_of_once(read: Any) -> None:
    run, told = run_reading(read)
    assert len(run.errors) == 6, "two values, three times"
    assert len({type(error).__name__ for error in run.errors}) == 1
    assert len(told) == 1
    assert read.__name__ in told[0]
    assert len(run.forecasts) == 1


@pytest.mark.parametrize(
    "nonsense",
    [None, float("nan"), float("inf"), -1, "text", b"12", [], {}, object(), 1j, 10**400, lambda: 1, NotImplemented],
    ids=lambda nonsense: str(type(nonsense).__name__),
)
def test_a_reading_that_gives_nonsense_says_nothing(nonsense: Any) -> None:
    def gives(_: Any) -> Any:
        return nonsense

    run, _ = run_reading(gives)
    assert len(run.forecasts) == 1


class Hostile:
    def __float__(self) -> float:
        raise LookupError("not a number after all")

    def __bool__(self) -> bool:
        raise LookupError("nor a truth")


def test_a_reading_that_gives_what_raises_says_nothing() -> None:
    def gives(_: Any) -> Any:
        return Hostile()

    run, _ = run_reading(gives)
    assert len(run.forecasts) == 1


def test_a_reading_that_dawdles_is_not_taken_for_ever() -> None:
    calls = 0

    def dawdles(_: Any) -> float:
        nonlocal calls
        calls += 1
        time.sleep(0.011)
        return 1.0

    _, told = run_reading(dawdles, times=20)
    assert calls < 40, "two values, twenty times"
    assert len(told) == 1
    assert "dawdles" in told[0]
    assert "quicker" in told[0]


def test_a_reading_may_predict_memory_itself() -> None:
    inner: list[Any] = []
    other = observing(handle, feature="type")

    def predicts(value: Any) -> float:
        with peakahead.predict_memory(other) as inside:
            if len(inner) < 3:
                inner.append(inside)
                handle(value.size)
        return float(value.size)

    try:
        run, _ = run_reading(predicts)
        assert run.errors == []
        assert [inside.errors for inside in inner] == [[], [], []]
        assert run.forecast.growth_bytes >= 0
        assert len(run.forecasts) > 1
    finally:
        peakahead.disarm(other)


def test_a_reading_that_calls_the_armed_function_ends() -> None:
    """It recurses through its own breakpoint until the stack ends; the host isn't told."""
    depth = 0

    def calls_it(value: Any) -> float:
        nonlocal depth
        depth += 1
        try:
            if depth < 50:
                handle(value.size)
            return 1.0
        finally:
            depth -= 1

    run, _ = run_reading(calls_it, times=1)
    assert run.forecast.growth_bytes == 1


def test_a_reading_that_disarms_ends_well() -> None:
    others: list[Any] = []

    def disarms(value: Any) -> float:
        for other in others:
            peakahead.disarm(other)
        return float(value.size)

    others.append(observing(handle, feature="type"))
    peakahead.arm(others[0], strict=True)
    run, _ = run_reading(disarms)
    assert run.errors == []


def test_a_reading_that_raises_no_exception_but_an_exit_is_obeyed() -> None:
    """Who raises `SystemExit` or `KeyboardInterrupt` wants the process to end; nothing here is in the way."""

    def leaves(_: Any) -> float:
        raise SystemExit(3)

    peakahead.register_feature(Value, "leaves", leaves)
    watched = observing(handle, feature="leaves")
    try:
        with pytest.raises(SystemExit, match="3"), peakahead.predict_memory(watched):
            handle(1)
    finally:
        peakahead.disarm(watched)
