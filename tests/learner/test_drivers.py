"""What settles a peak, one kind a function: each is learned in real processes, and must be found for what it is."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import peakahead
from peakahead.models.model import BreakpointModel, Stage
from tests.programs import drivers

MIB = 2**20
N = 22
GENERATOR = random.Random(11)


def sizes(low: float, high: float) -> list[int]:
    return [int(GENERATOR.uniform(low, high) * MIB) for _ in range(N)]


def several(low: float, high: float, most: int = 6) -> list[tuple[list[int]]]:
    """Return lists of sizes, one an invocation."""
    return [([int(GENERATOR.uniform(low, high) * MIB) for _ in range(GENERATOR.randint(2, most))],) for _ in range(N)]


KEYS = [(f"key-{k:03}",) for k in range(N)]


def learned(function: Callable[..., Any], calls: list[Any], **options: Any) -> BreakpointModel:
    return peakahead.learn(function, calls, jobs=2, repeats=3, **options)


def said(stage: Stage) -> list[str]:
    return sorted(str(reading) for reading in stage.readings)


# What is learned, from which invocations, and which readings would do.
DRIVERS: dict[str, tuple[Callable[..., Any], list[Any], list[list[str]]]] = {
    "a product of two arguments": (
        drivers.product_of_arguments,
        [(GENERATOR.randint(1_000, 5_000), GENERATOR.randint(1_000, 4_000)) for _ in range(N)],
        [["rows", "width"]],
    ),
    "the sum over a loop that keeps": (drivers.keeps, several(0.5, 4), [["sum of size"]]),
    "neighbours in a loop that rebinds": (drivers.rebinds, several(1, 16), [["largest two adjacent size"]]),
    "the square of a length": (
        drivers.quadratic,
        [([0] * GENERATOR.randint(1_000, 4_500),) for _ in range(N)],
        [["len(items)"]],
    ),
    "a flag that switches the factor": (
        drivers.flag_switches,
        [(size, k % 2 == 0) for k, size in enumerate(sizes(1, 8))],
        [["count", "wide"], ["count", "count", "wide"]],
    ),
    "a number drawn inside": (drivers.drawn_inside, [("same",)] * N, [["drawn"]]),
    "a number that only a helper knows": (drivers.by_a_helper, KEYS, [["width"]]),
    "an attribute of self": (
        drivers.Batch.fill,
        [(drivers.Batch(size // 64, "x" * GENERATOR.randint(1, 99)),) for size in sizes(1, 20)],
        [["self.rows"]],
    ),
    "a variable in a closure": (drivers.in_a_closure, KEYS, [["width"]]),
    "a comprehension": (drivers.comprehension, several(0.5, 4), [["sum of size"]]),
    "a pipeline of generators": (drivers.pipeline, several(0.5, 4), [["sum of size"]]),
    "a coroutine": (drivers.coroutine, KEYS, [["width"]]),
    "a thread that the function starts": (drivers.in_a_thread, KEYS, [["width"]]),
    "a recursion": (
        drivers.recursion,
        [(GENERATOR.randint(2, 8), int(GENERATOR.uniform(0.5, 2.5) * MIB)) for _ in range(N)],
        [["depth", "size"]],
    ),
    "memory outside of Python's allocators": (drivers.native, [(size,) for size in sizes(1, 20)], [["size"]]),
}


@pytest.mark.parametrize("name", DRIVERS)
def test_what_drives_the_peak_is_found_before_the_memory_is_spent(name: str) -> None:
    function, calls, wanted = DRIVERS[name]

    model = learned(function, calls)

    stage = model.stages[-1]
    assert said(stage) in wanted, model.report()
    assert stage.lead >= 0.9, model
    assert stage.error < 0.03, model
    assert stage.error_larger < 0.05, model


def test_a_short_text_that_switches_the_factor_is_found() -> None:
    kinds = ["u1", "f4", "f8"]

    model = learned(drivers.kind_switches, [(size, kinds[k % 3]) for k, size in enumerate([*sizes(0.5, 3)])])

    assert said(model.stages[-1]) == ["count", "kind"], model.report()
    assert model.stages[-1].error < 0.03, model


def headers(folder: Path, low: float, high: float) -> list[str]:
    """Write files whose first bytes tell a number of bytes, all of one size."""
    paths = []
    for k, more in enumerate(sizes(low, high)):
        path = folder / f"{k:02}.head"
        path.write_bytes(more.to_bytes(8, "little") + bytes(100))
        paths.append(str(path))
    return paths


def test_the_rest_that_a_header_tells_later_is_a_later_stage(tmp_path: Path) -> None:
    model = learned(drivers.two_stages, list(zip(sizes(3, 15), headers(tmp_path, 0.5, 8), strict=True)))

    start, entry, later = model.stages
    assert start.readings == ()
    assert (entry.site.entry, said(entry)) == (True, ["size"]), model.report()
    assert said(later) == ["more", "size"], model.report()
    assert later.error < 0.03 < entry.error, model
    assert entry.lead >= 0.9 > later.lead > 0.1, model


def test_what_the_arguments_tell_stands_until_a_header_says_more(tmp_path: Path) -> None:
    model = learned(drivers.header_first, list(zip(sizes(3, 15), headers(tmp_path, 0.5, 4), strict=True)))

    _, entry, main = model.stages
    assert (entry.site.entry, said(entry)) == (True, ["size"]), model.report()
    assert said(main) == ["more", "size"], model.report()
    assert main.lead >= 0.9, model
    assert main.error < 0.03 < entry.error, model


def test_a_decoy_that_tells_exactly_but_afterwards_is_passed_over() -> None:
    model = learned(drivers.decoy, [(size // 64,) for size in sizes(2, 20)])

    assert said(model.stages[-1]) == ["rows"], model.report()
    assert model.stages[-1].lead >= 0.9, model
    assert model.stages[-1].error < 0.05, model


def test_a_constant_function_has_only_the_stage_at_the_start() -> None:
    model = learned(drivers.constant, [(GENERATOR.randint(1, 10**6),) for _ in range(N)])

    (start,) = model.stages
    assert start.formula.intercept == pytest.approx(12 * MIB, rel=0.02)
    assert start.error < 0.01, model
