"""Every kind of category, learned from real runs and read in production: at a variable, an item, an attribute."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import peakahead
from tests.programs import integrations
from tests.programs.integrations import Depth, Task

N = 30


def numbers() -> list[int]:
    generator = random.Random(11)
    return [generator.randint(300_000, 2_000_000) for _ in range(N)]


CASES: dict[str, tuple[Callable[..., int], Callable[[int, bool], tuple[Any, ...]], str]] = {
    "a flag at an item": (
        integrations.fills_flagged, lambda n, wide: ({"n": n, "wide": wide},), "event['wide']"),
    "an enum member at an attribute": (
        integrations.fills_deep,
        lambda n, wide: (Task(n, Depth.DEEP if wide else Depth.SHALLOW),), "task.depth.name"),
    "a type": (integrations.fills_by_type, lambda n, wide: (float(n) if wide else n,), "type(n)"),
    "a class": (integrations.fills_by_class, lambda n, wide: (n, np.float64 if wide else np.int16), "kind.__name__"),
    "a dtype": (
        integrations.fills_by_dtype, lambda n, wide: (n, np.dtype("f8" if wide else "i2")), "kind.name"),
    "an array's dtype": (
        integrations.fills_alike, lambda n, wide: (n, np.ones(n % 97, "f8" if wide else "i2")), "rows.dtype"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_category_switches_the_factor(case: str) -> None:
    function, make, expected = CASES[case]
    calls = [make(n, index % 2 == 0) for index, n in enumerate(numbers())]

    model = peakahead.learn(function, calls, jobs=2)

    stage = model.stages[-1]
    assert expected in [str(reading) for reading in stage.readings], str(model)
    assert stage.error < 0.05
    assert peakahead.arm(model, strict=True)
    growths = []
    for wide in (True, False):
        with peakahead.predict_memory(model) as run:
            function(*make(1_000_000, wide))
        growths.append(run.forecast.growth_bytes)
        assert not run.forecast.extrapolating
    peakahead.disarm(model)
    assert growths[0] - growths[1] == pytest.approx(6e6, rel=0.1)  # whatever pages NumPy touches first
