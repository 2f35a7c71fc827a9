"""Whether the upper bound keeps its word: made functions, the real search among many columns, unseen invocations.

A bound is worth what it is after the search has picked, among seventy columns, what looked best on these very folds.
So each training set is searched anew, and the share of unseen invocations at or below the bound is averaged over
training sets. Six sets of 400 unseen invocations are 2,400 trials, whose binomial standard error is 0.4 % at a
coverage of 0.95 and 0.8 % at 0.8; since the bound is meant to hold with confidence, no tolerance is given.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from peakahead.learner.samples import SiteSamples
from peakahead.learner.search import Search
from peakahead.learner.stages import export_stage
from peakahead.learner.traces import Floats
from peakahead.models.model import Stage
from peakahead.models.readings import Reading
from peakahead.models.sites import FunctionRef, Site

MIB = 2**20
N, SETS, UNSEEN = 30, 6, 400
COVERAGES = (0.95, 0.8)
FUNCTION = FunctionRef("made", "f")
Generator = np.random.Generator

GROWTH: dict[str, Callable[[Floats, Floats], Floats]] = {
    "a line": lambda a, _: 3 * MIB + 400 * a,
    "two terms": lambda a, b: 5 * MIB + 250 * a + 300 * b,
    "a product": lambda a, b: 2 * MIB + 6e-4 * a * b,
}
NOISE: dict[str, Callable[[Generator, Floats], Floats]] = {
    "normal": lambda g, y: y * (1 + g.normal(0, 0.03, len(y))),
    "a heavy tail": lambda g, y: y * np.exp(0.04 * g.standard_t(4, len(y))),
    "wider for larger": lambda g, y: y * (1 + g.normal(0, 0.08, len(y)) * y / y.max()),
    "an allocator's steps": lambda _, y: np.ceil(y / (4 * MIB)) * 4 * MIB,
    "hardly any": lambda g, y: y * (1 + g.normal(0, 0.001, len(y))),
}


def drawn(generator: Generator, n: int) -> tuple[Floats, Floats]:
    """Return two drivers, as many small values as large, over a range of twenty-five."""
    a, b = np.exp(generator.uniform(np.log(2e4), np.log(5e5), (2, n)))
    return a, b


def columns(generator: Generator, a: Floats, b: Floats) -> dict[str, Floats]:
    """Return the drivers among columns that tell nothing, and some that tell nearly the same."""
    n = len(a)
    nothing = {f"flat{k}": generator.uniform(0, 1e6, n) for k in range(32)}
    nothing |= {f"skew{k}": np.exp(generator.normal(0, 1, n)) for k in range(32)}
    return {**nothing, **{f"near{k}": a * np.exp(generator.normal(0, 0.1 * k, n)) for k in range(1, 7)}, "a": a, "b": b}


def learned(generator: Generator, a: Floats, b: Floats, peaks: Floats) -> list[Stage]:
    """Return the stage that the search finds, at each of the coverages."""
    known = columns(generator, a, b)
    n = len(peaks)
    readings = tuple(Reading(Site(FUNCTION, 1, name), (), "value") for name in known)
    X = np.column_stack(list(known.values()))
    each = np.arange(n)
    samples = SiteSamples(Site(FUNCTION, 1, "a"), readings, X, peaks, peaks * 0, each, each, peaks, 1.0, 1.0, 0.0)
    candidate = Search(samples).best()
    assert candidate is not None
    return [export_stage(samples, candidate, coverage) for coverage in COVERAGES]


def bounds(stage: Stage, generator: Generator, a: Floats, b: Floats) -> tuple[Floats, list[bool]]:
    """Return the upper bound of each invocation, and whether its readings lie beyond the range."""
    known = columns(generator, a, b)
    rows = np.column_stack([np.empty((len(a), 0)), *(known[str(reading)] for reading in stage.readings)]).tolist()
    beyond = [stage.is_beyond(row) for row in rows]
    return np.array(
        [stage.bound.above(stage.formula.evaluate(r), out) for r, out in zip(rows, beyond, strict=True)]
    ), beyond


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("growth", GROWTH)
def test_the_share_of_unseen_invocations_below_the_bound_is_what_was_asked(growth: str, noise: str) -> None:
    covered: dict[float, list[float]] = {coverage: [] for coverage in COVERAGES}
    over = []
    for seed in range(SETS):
        generator = np.random.default_rng(seed)
        a, b = drawn(generator, N)
        stages = learned(generator, a, b, NOISE[noise](generator, GROWTH[growth](a, b)))
        a, b = drawn(generator, UNSEEN)
        peaks = NOISE[noise](generator, GROWTH[growth](a, b))
        for stage in stages:
            upper, _ = bounds(stage, generator, a, b)
            covered[stage.bound.coverage].append(float(np.mean(peaks <= upper)))
            over.append(float(np.mean(upper / peaks)))

    for coverage, shares in covered.items():
        assert np.mean(shares) >= coverage, shares
    # The steps add up to 4 MiB to each peak, much of the smallest; what can't be told can only be reserved.
    # The median, since a set in which chance hid a driver gets the wide bound that it deserves.
    assert np.median(over) <= (1.5 if noise == "an allocator's steps" else 1.25), over


@pytest.mark.parametrize("noise", ["normal", "a heavy tail", "an allocator's steps", "hardly any"])
def test_the_bound_holds_beyond_the_range_where_the_growth_bends_a_little(noise: str) -> None:
    covered, over = [], []
    for seed in range(SETS):
        generator = np.random.default_rng(seed)
        a, b = drawn(generator, N)
        stage, _ = learned(generator, a, b, NOISE[noise](generator, 3 * MIB + 110 * a**1.1))
        a, b = generator.uniform(2, 4, (2, UNSEEN)) * 5e5
        peaks = NOISE[noise](generator, 3 * MIB + 110 * a**1.1)
        upper, beyond = bounds(stage, generator, a, b)
        covered.append(float(np.mean(peaks <= upper)))
        over.append(float(np.mean(upper / peaks)))
        assert all(beyond)

    assert np.mean(covered) >= 0.9, covered
    assert np.mean(over) <= 1.35, over
