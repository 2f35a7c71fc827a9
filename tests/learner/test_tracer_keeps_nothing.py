"""What a traced function let go of is let go of: the tracer holds no value longer than the function does."""

from __future__ import annotations

import weakref
from typing import Any

from tests.learner.scripted import SOURCES, MakeSource, trace


@SOURCES
def test_a_frame_keeps_no_values_that_its_variables_dropped(source: MakeSource) -> None:
    alive: list[int] = []

    class Large:
        def __init__(self, number: int) -> None:
            self.number = number

    def rebinds() -> None:
        references = []
        for number in range(40):
            large = Large(number)
            references.append(weakref.ref(large))
        alive.extend(found.number for found in (reference() for reference in references) if found is not None)

    def deletes() -> None:
        large = Large(7)
        reference = weakref.ref(large)
        del large
        alive.append(reference() is not None)

    for max_hits in (10, 2_000):
        trace(rebinds, max_hits=max_hits, source=source)
        trace(deletes, max_hits=max_hits, source=source)

    assert alive == [39, False] * 2


@SOURCES
def test_a_parameter_that_is_dropped_is_not_kept(source: MakeSource) -> None:
    alive: list[bool] = []

    def drops(large: Any) -> None:
        reference = weakref.ref(large)
        large = None
        alive.append(reference() is not None)

    def calls() -> None:
        for _ in range(20):
            drops(type("Large", (), {})())

    trace(calls, max_hits=5, source=source)

    assert alive == [False] * 20


@SOURCES
def test_a_parameter_that_is_deleted_before_any_store_is_not_kept(source: MakeSource) -> None:
    alive: list[bool] = []

    def made() -> tuple[Any, weakref.ref[Any]]:
        large = type("Large", (), {})()
        return large, weakref.ref(large)

    def deletes(large: Any, reference: weakref.ref[Any]) -> None:
        del large
        alive.append(reference() is not None)

    def calls() -> None:
        deletes(*made())

    calls()
    trace(calls, source=source)

    assert alive[1] == alive[0]  # 3.11 holds what it unpacked


@SOURCES
def test_what_a_function_takes_from_locals_is_left_to_it(source: MakeSource) -> None:
    def takes() -> list[int]:
        first = second = 1
        mine = locals()
        for turn in range(40):
            second = turn
        return [mine["first"], first, second]

    kept: list[int] = []
    trace(lambda: kept.extend(takes()), max_hits=10, source=source)
    trace(lambda: kept.extend(takes()), source=source)

    assert kept == [1, 1, 39] * 2
