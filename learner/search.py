"""The search for a formula: which few terms, of all that a site knows, tell the peak.

All formulas of one reading are tried, then of a product, of either switched by a category, of two terms; and the
best few are grown by a third. Of the candidates within 0.7 standard errors of the best, the plainest wins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, combinations_with_replacement

import numpy as np

from ..models.readings import Reading
from .blocks import blocks
from .judging import Candidate, Problem
from .lines import lines
from .samples import SiteSamples
from .terms import Design, Terms, TermSpec, products_of, term_columns
from .traces import Floats

_PLAIN_WITHIN = 0.7  # standard errors
# A further factor must cut the error: the more, the more columns there are to choose it from and the fewer
# invocations to choose it by. Twice the extended information criterion's price, since errors aren't independent:
# terms that fit the curve of an allocator's habits within the range lead far off beyond it.
_CAUTION = 2.0
_NEGLIGIBLE_ERROR = 0.01
_MULTIPLIED = 64  # the best single readings, whose products are tried
_SWITCHED = 48  # the best products, whose switching by each category is tried, beside every reading's
_POOL = 40  # the best terms, whose pairs are tried
_PARTNERS = 12  # terms that tell best what the best one leaves open, paired too
_GROWN = 10  # the best pairs, to which a third term is added
_DIMENSIONS = {"rows", "columns", "width", "height", *(f"shape{axis}" for axis in range(4))}
_TOGETHER = 0.5  # the correlation of two readings' logarithms from which they may be measures of one size
_CHUNK = 2**22  # numbers held at a time in one array of forecasts


class Search:
    """One site's search.

    Args:
        samples: The samples of the site.
        peaks: Other peaks than the samples' own, of shape (n_invocations,): the labels are scaled to them.
    """

    def __init__(self, samples: SiteSamples, peaks: Floats | None = None) -> None:
        self.samples = samples
        self._peaks = peaks
        self._problem = Problem(samples, peaks)
        self._switched_problems: dict[int, Problem] = {}
        self._together: dict[tuple[int, ...], bool] = {}

    def best(self) -> Candidate | None:
        if not self.samples.X.shape[1] and not self.samples.categories:
            return None
        readings = [(column,) for column in range(self.samples.X.shape[1])]
        singles = self._lines(readings)
        products = self._products(singles)
        ranked_products = self._lines(products)
        strongest = [candidate.terms[0].factors for candidate in ranked_products[:_SWITCHED]]
        switched = self._switched([*readings, *strongest])
        ranked = _merge(singles, ranked_products, switched)
        if not ranked:
            return None
        unswitched = [*readings, *products]
        best_switched = [candidate.terms[0] for candidate in switched[:_SWITCHED]]
        pool = [candidate.terms[0] for candidate in ranked[:_POOL]]
        pool = _union(pool, self._partners(ranked[0].terms, unswitched, best_switched))
        pairs = self._ranked(pool, combinations(pool, 2))
        for pair in pairs[:1]:
            pool = _union(pool, self._partners(pair.terms, unswitched, best_switched))
        grown = {
            tuple(sorted((*pair.terms, term), key=pool.index))
            for pair in pairs[:_GROWN]
            for term in pool
            if term not in pair.terms
        }
        triples = self._ranked(pool, sorted(grown, key=lambda terms: [pool.index(term) for term in terms]))
        return _plainest(_merge(ranked, pairs, triples), self._price, self._complexity)

    def judged(self, terms: Terms) -> Candidate | None:
        """Return how good some terms are; None if they have no fit without a negative coefficient."""
        return next(iter(self._ranked(list(dict.fromkeys(terms)), [terms])), None)

    def _products(self, singles: Sequence[Candidate]) -> list[tuple[int, ...]]:
        """Return products of the best readings, and of others where there are few: alone they may tell nothing."""
        best = [candidate.terms[0].factors[0] for candidate in singles]
        strongest = list(dict.fromkeys([*best, *range(self.samples.X.shape[1])]))[:_MULTIPLIED]
        readings = self.samples.readings
        pairs = combinations_with_replacement(strongest, 2)
        return [(one, other) for one, other in pairs if _may_multiply(readings[one], readings[other])]

    def _price(self, candidate: Candidate) -> float:
        """Return the ratio by which a formula must cut the error of one that a single reading gives.

        Each factor pays for the columns it was chosen from, and for its coefficient; a category for one a level.

        References:
            J. Chen, Z. Chen, "Extended Bayesian information criteria for model selection with large model spaces",
            Biometrika 95 (2008).
        """
        n, n_columns = self._problem.splits.n, self.samples.X.shape[1] + len(self.samples.categories)
        categories = [self.samples.categories[term.switch] for term in candidate.terms if term.switch is not None]
        further_levels = sum(len(category.levels) - 2 for category in categories)
        chosen = self._complexity(candidate) - 1
        coefficients = chosen + further_levels
        return math.exp(_CAUTION * (0.5 * math.log(n) * coefficients + math.log(n_columns) * chosen) / n)

    def _complexity(self, candidate: Candidate) -> int:
        """Return how much there is to believe in a formula: its factors, and where two that rise together multiply."""
        return candidate.complexity + sum(self._rise_together(term.factors) for term in candidate.terms)

    def _rise_together(self, factors: tuple[int, ...]) -> bool:
        """Tell whether a product is all but a square: within the range it may pass for a line, beyond it leads off."""
        if len(factors) < 2:
            return False
        known = self._together.get(factors)
        if known is None:
            logs = np.log1p(self.samples.X[:, list(factors)])
            known = self._together[factors] = bool(np.corrcoef(logs, rowvar=False)[0, 1] > _TOGETHER)
        return known

    def best_single_score(self) -> float:
        """Return the score of the best candidate of one reading: what chance is measured by."""
        ranked = self._lines([(column,) for column in range(self.samples.X.shape[1])])
        return ranked[0].score if ranked else np.inf

    def _partners(
        self, known: Terms, products: Sequence[tuple[int, ...]], switched: Sequence[TermSpec]
    ) -> list[TermSpec]:
        """Return the terms that tell best what some known ones leave open; alone they may tell nothing."""
        root = np.sqrt(self._problem.weights[-1])[:, None]
        design = np.hstack([np.ones((len(root), 1)), *(term_columns(self.samples, term) for term in known)]) * root
        basis, _ = np.linalg.qr(design / np.maximum(np.abs(design).max(axis=0), 1e-300))
        left = self._problem.labels * root[:, 0]
        left = left - basis @ (basis.T @ left)

        def told(columns: Floats) -> Floats:
            """Return how much of what is left a column explains; a coefficient may not be negative."""
            columns = columns * root
            sizes = np.linalg.norm(columns, axis=0)
            columns -= basis @ (basis.T @ columns)
            rest = np.linalg.norm(columns, axis=0)
            share = np.where(rest > 1e-6 * sizes, left @ columns / np.maximum(rest, 1e-300), 0.0)
            gain: Floats = np.maximum(share, 0.0) ** 2
            return gain

        step = max(1, _CHUNK // len(root))
        chunks = [products[first : first + step] for first in range(0, len(products), step)]
        gains = [gain for chunk in chunks for gain in told(self._scaled(chunk)).tolist()]
        gains += [float(told(term_columns(self.samples, term)).sum()) for term in switched]
        terms = [*map(TermSpec, products), *switched]
        return [terms[index] for index in np.argsort(-np.array(gains), kind="stable")[:_PARTNERS]]

    def _lines(self, products: Sequence[tuple[int, ...]]) -> list[Candidate]:
        """Fit and judge lines on one product of readings each, best first."""
        found: list[Candidate] = []
        step = max(1, _CHUNK // max(1, len(self._problem.labels)))
        for first in range(0, len(products), step):
            chunk = products[first : first + step]
            x = self._scaled(chunk)
            levels = np.zeros(len(x), dtype=np.int64)
            found += self._problem.judged(
                lines(self._problem, x, levels, 1), [(TermSpec(factors),) for factors in chunk]
            )
        return _merge(found)

    def _switched(self, products: Sequence[tuple[int, ...]]) -> list[Candidate]:
        """Fit and judge the same lines with their slopes switched by each category, and switched constants."""
        found: list[Candidate] = []
        x = self._scaled([(), *products])
        for index, category in enumerate(self.samples.categories):
            problem = self._problem_for(index)
            said = lines(problem, x, category.codes, len(category.levels))
            found += problem.judged(said, [(TermSpec(factors, index),) for factors in [(), *products]])
        return _merge(found)

    def _scaled(self, products: Sequence[tuple[int, ...]]) -> Floats:
        x = products_of(self.samples.X, products)
        scaled: Floats = x / np.maximum(x.max(axis=0), 1e-300)
        return scaled

    def _ranked(self, pool: list[TermSpec], candidates: Iterable[Terms]) -> list[Candidate]:
        """Fit and judge candidates of more than one of the pool's terms, best first."""
        design = Design.of(self.samples, pool)
        alike: dict[tuple[int | None, int], list[Terms]] = {}
        for terms in candidates:
            switches = {term.switch for term in terms if term.switch is not None}
            if len(switches) <= 1:  # at most one category may switch the terms
                width = sum(len(design.places[term]) for term in terms)
                alike.setdefault((next(iter(switches), None), width), []).append(terms)
        found: list[Candidate] = []
        step = max(1, _CHUNK // max(1, len(self._problem.labels)))
        for (switch, _), same in alike.items():
            problem = self._problem_for(switch)
            for first in range(0, len(same), step):
                chunk = same[first : first + step]
                found += problem.judged(blocks(problem, design, chunk), chunk)
        return _merge(found)

    def _problem_for(self, switch: int | None) -> Problem:
        if switch is None:
            return self._problem
        found = self._switched_problems.get(switch)
        if found is None:
            category = self.samples.categories[switch]
            found = self._switched_problems[switch] = Problem(self.samples, self._peaks, category)
        return found


def _may_multiply(one: Reading, other: Reading) -> bool:
    """Tell whether a product says anything: of what one value offers, only its dimensions multiply.

    Its bytes already hold all of them; what is multiplied with them fits by chance, and leads off beyond the range.
    """
    if (one.site, one.path) != (other.site, other.path) or one.feature == other.feature:
        return True
    return one.feature in _DIMENSIONS and other.feature in _DIMENSIONS


def _union(pool: list[TermSpec], more: list[TermSpec]) -> list[TermSpec]:
    return list(dict.fromkeys([*pool, *more]))


def _merge(*ranked: Sequence[Candidate]) -> list[Candidate]:
    return sorted((candidate for part in ranked for candidate in part), key=lambda candidate: candidate.score)


def _plainest(
    ranked: Sequence[Candidate], price: Callable[[Candidate], float], complexity: Callable[[Candidate], int]
) -> Candidate | None:
    """Return the plainest candidate within 0.7 standard errors of the one that earns its factors."""
    if not ranked:
        return None
    best = min(ranked, key=lambda candidate: (candidate.score + _NEGLIGIBLE_ERROR) * price(candidate))
    within = best.score + _PLAIN_WITHIN * best.standard_error
    close = [candidate for candidate in ranked if candidate.score <= within]
    return min(close, key=lambda candidate: (complexity(candidate), candidate.score))
