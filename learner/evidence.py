"""Evidence that something happens more often than it may, which stays valid however often it is looked at.

Someone who looks every day, and stops at the first alarm, looks many times: a test made for one look would sooner or
later cry wolf. So this is a bet. It begins with 1 and is paid, at each trial, by fair odds against the null hypothesis
that the event's chance is at most `chance`, whatever came before. While that is true, nobody gets rich: the wealth is a
nonnegative supermartingale, and the probability that it *ever* reaches 1 / level is at most the level.

A change comes at an unknown time, and by then a bet that has run from the start has lost all that it had. So a share of
the wealth is kept back for each trial to begin at, 1 / (t (t + 1)) for trial t: these sum to 1, and a late change costs
little, the logarithm of the square of its time. Each share is spread evenly over rates that the event may happen at.

References:
    J. Ville, "Étude critique de la notion de collectif", 1939: the inequality.
    G. Shafer, "Testing by betting: a strategy for statistical and scientific communication", J. Royal Statistical
    Society A 184 (2021). A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, "Game-theoretic statistics and safe anytime-valid
    inference", Statistical Science 38 (2023).
    J. Shin, A. Ramdas, A. Rinaldo, "E-detectors: a nonparametric framework for sequential change detection",
    arXiv:2203.03532: sums over the times at which a change may have come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_ODDS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)  # times the null hypothesis's: the rates that are bet on


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the trials say against the null hypothesis.

    Attributes:
        trials: How many there were.
        events: How many of them had the event.
        wealth: The highest that the bet has reached; it isn't followed beyond 1 / level.
        alarm: The place of the trial at which it reached 1 / level, or None.
    """

    trials: int
    events: int
    wealth: float
    alarm: int | None

    @property
    def p_value(self) -> float:
        """The probability, under the null hypothesis, that it would ever have come so far."""
        return min(1.0, 1.0 / self.wealth)


def evidence(events: Iterable[bool], chance: float, level: float) -> Evidence:
    """Bet on trials, in their order, against the hypothesis that the event's chance is at most `chance`.

    Args:
        events: Whether each trial had the event.
        chance: The highest chance that the null hypothesis allows, above 0 and below 1.
        level: The probability of an alarm, at any time, that is accepted under the null hypothesis.
    """
    odds = [factor * chance / (1.0 - chance) for factor in _ODDS]
    rates = [one / (1.0 + one) for one in odds]
    paid = {True: [rate / chance for rate in rates], False: [(1.0 - rate) / (1.0 - chance) for rate in rates]}
    wealths = [0.0] * len(rates)
    highest, alarm, trials, n_events = 1.0, None, 0, 0
    for event in events:
        trials += 1
        n_events += event
        if alarm is not None:
            continue
        begun = 1.0 / (trials * (trials + 1) * len(rates))
        wealths = [(wealth + begun) * pay for wealth, pay in zip(wealths, paid[event], strict=True)]
        wealth = sum(wealths) + 1.0 / (trials + 1)  # with what is kept back for later
        highest = max(highest, wealth)
        if wealth >= 1.0 / level:
            alarm = trials - 1
    return Evidence(trials, n_events, highest, alarm)
