"""The bet against chance: against its definition, by enumeration of all outcomes, and by simulation."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from statistics import quantiles

import pytest

from peakahead.learner.evidence import _ODDS, Evidence, evidence

NEVER = 1e-300  # a level that nothing reaches


def by_definition(events: Sequence[bool], chance: float) -> float:
    """Return the wealth after all trials: of every start and every rate the likelihood ratio, as it was shared out."""
    total = 1.0 / (len(events) + 1)
    for start in range(1, len(events) + 1):
        for factor in _ODDS:
            odds = factor * chance / (1.0 - chance)
            rate = odds / (1.0 + odds)
            ratios = [rate / chance if event else (1.0 - rate) / (1.0 - chance) for event in events[start - 1 :]]
            total += math.prod(ratios) / (start * (start + 1) * len(_ODDS))
    return total


@pytest.mark.parametrize("chance", [0.01, 0.05, 0.5])
def test_the_wealth_is_as_defined(chance: float) -> None:
    for seed in range(10):
        draw = random.Random(seed)
        events = [draw.random() < 0.4 for _ in range(40)]
        highest = max([1.0, *(by_definition(events[:n], chance) for n in range(1, len(events) + 1))])
        assert evidence(events, chance, NEVER) == Evidence(40, sum(events), pytest.approx(highest), None)  # type: ignore[arg-type]  # in a number's place


@pytest.mark.parametrize(("chance", "level"), [(0.5, 0.2), (0.5, 0.05), (0.05, 0.1), (0.2, 0.02)])
def test_of_all_outcomes_no_more_than_the_level_ever_alarm(chance: float, level: float) -> None:
    n = 13
    alarmed = fair = 0.0
    for events in itertools.product((True, False), repeat=n):
        probability = math.prod(chance if event else 1.0 - chance for event in events)
        alarmed += probability * (evidence(events, chance, level).alarm is not None)
        if level == 0.2:
            fair += probability * by_definition(events, chance)
    assert 0.0 < alarmed <= level
    if level == 0.2:
        assert fair == pytest.approx(1.0)  # not below: nothing is given away


@pytest.mark.parametrize("chance", [0.01, 0.05, 0.5])
def test_someone_who_looks_after_each_of_many_trials_is_hardly_ever_wrong(chance: float) -> None:
    draw = random.Random(4)
    level, runs = 0.02, 300
    alarms = sum(
        evidence((draw.random() < chance for _ in range(700)), chance, level).alarm is not None for _ in range(runs)
    )
    assert alarms <= level * runs + 3 * math.sqrt(level * runs)


@pytest.mark.parametrize(
    ("chance", "before", "now", "good", "within"),
    [
        (0.05, 0.01, 0.9, 0, 8),
        (0.05, 0.01, 0.9, 1_000, 15),
        (0.5, 0.2, 0.95, 0, 30),
        (0.5, 0.2, 0.95, 1_000, 60),
        (0.05, 0.01, 0.3, 1_000, 130),
    ],
)
def test_a_change_is_noticed_soon_also_after_a_long_time(
    chance: float, before: float, now: float, good: int, within: int
) -> None:
    draw = random.Random(5)
    delays = []
    for _ in range(100):
        events = [draw.random() < before for _ in range(good)] + [draw.random() < now for _ in range(2 * within)]
        alarm = evidence(events, chance, 0.001).alarm
        delays.append(math.inf if alarm is None else alarm + 1 - good)
    assert min(delays) > 0
    assert quantiles(delays, n=20)[-1] <= within


def test_the_first_alarm_is_told_and_the_rest_is_counted() -> None:
    found = evidence([True] * 50 + [False] * 10, 0.05, 0.001)

    assert found.alarm is not None
    assert 2 <= found.alarm < 8
    assert (found.trials, found.events) == (60, 50)
    assert found.p_value <= 0.001
    assert evidence([], 0.05, 0.001) == Evidence(0, 0, 1.0, None)
    assert evidence([False] * 1_000, 0.05, 0.001).p_value == 1.0
