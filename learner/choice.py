"""Which of the scored sites become stages.

The main stage is the earliest site whose best formula comes within a tolerance of the best of all; or, where that
formula needs nothing of the site's own, the site at which the last of its readings is taken. An earlier stage, at the
entry, and a later one each earn their place by cutting the error markedly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..models.sites import Site
from .judging import Candidate
from .samples import SiteSamples
from .search import Search
from .terms import Terms, needed, same_terms, term_columns
from .traces import Floats

MIN_LEAD = 0.5  # what comes after half of the growth has happened is a later stage at best
_MIN_LATE_LEAD = 0.1
MARKED = 0.67  # an earlier or a later stage must cut the error to this share of the other's
_TOLERANCE = 0.1  # of the best error; of the sites within it, the earliest wins
_LEAST_TOLERANCE = 0.01  # errors closer than this are the same to anyone who sizes memory
_LATENESS = 0.06  # an error of six percent is worth as much as being told when all is spent
_SHUFFLES = 19  # the best of so many shuffled searches is beaten by chance once in twenty times


@dataclass(frozen=True, slots=True)
class Scored:
    """A site with the best formula found for it.

    Attributes:
        site: The site.
        candidate: The formula's terms, by the columns of the site's samples, and how good they are.
        lead: The median share of the growth still ahead at the first hit.
        hits: The median number of hits.
        elapsed_s: The median time of the first hit.
        spent_s: The median seconds that a hit's readings took.
    """

    site: Site
    candidate: Candidate
    lead: float
    hits: float
    elapsed_s: float
    spent_s: float = 0.0

    @classmethod
    def of(cls, samples: SiteSamples) -> Scored | None:
        """Search a site; None if it knows nothing."""
        candidate = Search(samples).best()
        if candidate is None:
            return None
        return cls(samples.site, candidate, samples.lead, samples.hits, samples.elapsed_s, samples.spent_s)

    @property
    def score(self) -> float:
        return self.candidate.score

    @property
    def cost(self) -> float:
        """The score, and what it costs to be told late."""
        return self.score + _LATENESS * (1.0 - self.lead)


@dataclass(frozen=True, slots=True)
class Choice:
    """The stages chosen, and what is said of every site.

    Attributes:
        stages: In the order in which they speak.
        verdicts: Why a site was chosen, or wasn't.
    """

    stages: tuple[Scored, ...]
    verdicts: dict[Site, str]


def choose(scored: Sequence[Scored], spread_score: float, samples_of: Callable[[Site], SiteSamples]) -> Choice:
    """Return the sites that become stages.

    Args:
        scored: The candidates, earliest first.
        spread_score: The score of forecasting the median peak.
        samples_of: Gives a site's samples.
    """

    def beats_luck(found: Scored) -> bool:
        return beats_chance(samples_of(found.site), found.score)

    early = [found for found in scored if found.lead >= MIN_LEAD]
    late = [found for found in scored if _MIN_LATE_LEAD <= found.lead < MIN_LEAD]
    verdicts = {found.site: f"too late: {found.lead:.0%} of the growth ahead" for found in scored}
    chosen: list[Scored] = []
    main = earliest_near_best(early)
    if main is not None:
        best, main = main, _where_it_is_read(main, early, samples_of)
        verdicts |= {found.site: _beside(found, main) for found in early}
        verdicts[best.site] = "as good, but later"
        if main.score >= min(MARKED * spread_score, spread_score - _LEAST_TOLERANCE):
            verdicts[main.site] = "the best, but hardly better than the spread of the peaks"
        elif not beats_luck(main):
            verdicts[main.site] = "the best, but no better than chance finds among so many columns"
        else:
            verdicts[main.site] = "chosen: the earliest of the best"
            entry = earliest_near_best([found for found in early if found.site.entry and _before(found, main)])
            if entry is not None and entry.score < MARKED * spread_score and main.score < MARKED * entry.score:
                verdicts[entry.site] = "chosen: the best at entry, until more is known"
                chosen.append(entry)
            chosen.append(main)
    last = earliest_near_best(late)
    bar = chosen[-1].score if chosen else spread_score
    if last is not None and last.score < MARKED * bar and last.score < bar - _LEAST_TOLERANCE and beats_luck(last):
        verdicts[last.site] = f"chosen: late, with {last.lead:.0%} of the growth ahead, but far better"
        chosen.append(last)
    return Choice(tuple(chosen), verdicts)


def _beside(found: Scored, main: Scored) -> str:
    if found.score > _tolerated(main.score, main):
        return f"misses {found.score / max(main.score, 1e-4):.1f} x as much as the chosen one"
    if found.score < main.score - _LEAST_TOLERANCE:
        return f"better, but told when {found.lead:.0%} of the growth is ahead"
    return "as good, but later"


def _before(one: Scored, other: Scored) -> bool:
    return one.elapsed_s < other.elapsed_s


def earliest_near_best(scored: Sequence[Scored]) -> Scored | None:
    """Return the first of the sites that come within the tolerance of the best."""
    if not scored:
        return None
    best = min(scored, key=lambda found: found.cost)
    return next(found for found in scored if found.cost <= _tolerated(best.cost, best))


def _where_it_is_read(found: Scored, sites: Sequence[Scored], samples_of: Callable[[Site], SiteSamples]) -> Scored:
    """Return the formula at the site that takes the last of its readings, if it says the same there.

    All that the later site adds is the noise between two fits, and the time until it is reached.
    """
    samples = samples_of(found.site)
    own = {reading.site for reading in needed(samples, found.candidate.terms)}
    last = next((one for one in reversed(sites) if one.site in own and _before(one, found)), None)
    if found.site in own or last is None:
        return found
    earlier = samples_of(last.site)
    terms = same_terms(found.candidate.terms, samples, earlier)
    if terms is None or not np.array_equal(_highest(samples, found.candidate.terms), _highest(earlier, terms)):
        return found
    candidate = Search(earlier).judged(terms)
    if candidate is None or candidate.score > _tolerated(found.score, found) + candidate.standard_error:
        return found
    return replace(last, candidate=candidate)


def _highest(samples: SiteSamples, terms: Terms) -> Floats:
    """Return the highest values of terms' columns in each invocation, of shape (n_invocations, n_columns)."""
    columns = np.hstack([term_columns(samples, term) for term in terms])
    highest: Floats = np.maximum.reduceat(columns, samples.starts)
    return highest


def _tolerated(score: float, best: Scored) -> float:
    return score + max(0.7 * best.candidate.standard_error, _TOLERANCE * score, _LEAST_TOLERANCE)


def beats_chance(samples: SiteSamples, score: float) -> bool:
    """Tell whether shuffled peaks are told worse: among many columns, some fit thirty peaks by luck."""
    generator = np.random.default_rng(0)
    by_chance = min(Search(samples, generator.permutation(samples.peaks)).best_single_score() for _ in range(_SHUFFLES))
    return score < by_chance
