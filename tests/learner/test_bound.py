"""The upper bound against the theory that it rests on, and against simulation."""

from __future__ import annotations

import numpy as np
import pytest

from peakahead.learner.bound import check_enough, invocations_needed, tail_limit, tolerance_factor, upper_bound
from peakahead.models.errors import TrainingFailed
from tests.learner.made import fitted, made_trace

MIB = 2**20


@pytest.mark.parametrize(("coverage", "needed"), [(0.95, 19), (0.99, 99), (0.9, 9), (0.5, 2)])
def test_how_many_invocations_a_coverage_takes(coverage: float, needed: int) -> None:
    assert invocations_needed(coverage) == needed
    check_enough(needed, coverage)
    with pytest.raises(TrainingFailed, match=f"takes {needed}"):
        check_enough(needed - 1, coverage)


def test_the_tolerance_factor_is_the_published_one() -> None:
    # Krishnamoorthy and Mathew, table B1: one-sided factors for content 0.95 and confidence 0.95.
    for n, factor in ((10, 2.911), (30, 2.220), (100, 1.927)):
        assert tolerance_factor(n, 0.95, 0.95) == pytest.approx(factor, abs=2e-3)


def test_the_tail_limit_is_an_order_statistic_where_one_is_enough() -> None:
    scores = np.arange(1_000.0)

    limit = tail_limit(scores, 0.95, 0.95)

    assert 950 < limit < 975
    assert tail_limit(scores[:30], 0.95) > 29


@pytest.mark.parametrize("noise", ["normal", "exponential", "uniform"])
@pytest.mark.parametrize("n", [19, 30, 200])
def test_the_coverage_holds_over_many_training_sets(noise: str, n: int) -> None:
    generator = np.random.default_rng(1)

    def draw(count: int) -> np.ndarray:
        return {
            "normal": generator.normal(0, 0.05, count),
            "exponential": generator.exponential(0.05, count),
            "uniform": generator.uniform(-0.05, 0.05, count),
        }[noise]

    covered = []
    for _ in range(200):
        forecasts = generator.uniform(5, 100, n) * MIB
        bound = upper_bound(forecasts, forecasts * (1 + draw(n)), np.empty(0), np.empty(0), 0.95)
        new = generator.uniform(5, 100, 500) * MIB
        covered.append(np.mean(new * (1 + draw(500)) <= [bound.above(f, False) for f in new]))

    assert np.mean(covered) >= 0.95
    assert np.mean(np.array(covered) >= 0.94) >= 0.9


@pytest.mark.parametrize(("smallest", "stretch"), [(20, 1.0), (40, 2.0), (75, 2.0), (10, 1.0)])
def test_the_margin_beyond_the_range_grows_with_the_error_on_the_largest(smallest: int, stretch: float) -> None:
    # Forecasts for the largest third are 30 % too low; it reaches from just above `smallest` to 80 MiB.
    peaks = np.concatenate([np.linspace(5, smallest, 20), np.linspace(smallest + 1, 80, 10)]) * MIB
    exact = upper_bound(peaks, peaks, peaks[-10:], peaks[-10:], 0.95)
    off = upper_bound(peaks, peaks, peaks[-10:] / 1.3, peaks[-10:], 0.95)

    least = exact.margin  # no bound is closer than what tracing takes from a peak
    assert 0.0 < least == exact.margin_beyond == off.margin <= 0.02
    largest = 80 / 1.3
    assert off.margin_beyond == pytest.approx(least + stretch * (80 - largest) / (largest + 4))


@pytest.mark.parametrize(("meter", "room"), [("rss", 2**18), ("heap", 0.08 * MIB)])
def test_the_closest_bound_leaves_room_for_how_pages_are_counted(meter: str, room: float) -> None:
    traces = [made_trace([("driver", 0.0, {"value": float(n * MIB)})], n * MIB) for n in range(1, 31)]
    bound = fitted(traces, 0.95, meter).stages[-1].bound

    assert bound.margin == 0.02
    assert bound.above(0.0, False) == pytest.approx(room, rel=1e-6)
    assert bound.above(100.0 * MIB, False) == pytest.approx(102 * MIB + room, rel=1e-6)
