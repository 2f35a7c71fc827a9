"""Searches the formulas that a person can read, at one site, for the one that tells the peak.

A term is a running reading or a product of two; a candidate is a set of at most three terms with an intercept.
All candidates of one term are tried, then all pairs of the best terms, then the best pairs with one more term.
Each is fitted and judged on two kinds of split at once: folds, and the largest third of the invocations after
training on the others, since inputs larger than any seen are those that kill. A candidate is judged by the
invocation, |running maximum of its forecasts - peak| / peak, and so is what it had said in time, before the growth
came near the peak; the worse of the two counts, so that what comes too late is no use however well it fits. Each
further factor has a price, and the plainest within 0.7 standard errors of the cheapest wins.

Fitting is least squares through the normal equations. The Gram matrix of all terms is made once a split; a
candidate is a sub-block of it, so that thousands are solved at once. A solution with a negative coefficient is
thrown away: what non-negative least squares would find instead is the plainer candidate without that term.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

import numpy as np

from .samples import SiteSamples
from .traces import Booleans, Floats, Integers

FLOOR_BYTES = 2 * 2**20  # the resident size of small runs is page noise
MAX_FOLDS = 10
_NEAR_PEAK = 0.95  # of the peak; a forecast made there is too late
_WORST_ERROR = 1.0  # beyond it all forecasts are equally useless, and one would drown all others
_PLAIN_WITHIN = 0.7  # standard errors
# A further factor must cut the error by a third, an error of a percent counting as good: terms that fit the curve
# of an allocator's habits within the range lead far off beyond it.
_FACTOR_PRICE = 1.5
_NEGLIGIBLE_ERROR = 0.01
_MULTIPLIED = 64  # the best single readings, whose products are tried
_POOL = 40  # the best terms, whose pairs are tried
_GROWN = 10  # the best pairs, to which a third term is added
_LEAST_RELATIVE_RANGE = 1e-3
_CHUNK = 2**22  # numbers held at a time in one array of forecasts

Factors = tuple[int, ...]  # indexes of columns
Terms = tuple[Factors, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A formula's terms at a site, and how good they are.

    Attributes:
        terms: The terms, each the columns that it multiplies.
        errors: Relative error of each invocation, held out in its fold, of shape (n_invocations,).
        forecasts: The forecasts behind them in bytes, of shape (n_invocations,).
        errors_larger: The same for the largest third, of shape (n_larger,).
        forecasts_larger: The forecasts behind them, of shape (n_larger,).
        larger: Which invocations those are, of shape (n_larger,).
    """

    terms: Terms
    errors: Floats
    forecasts: Floats
    errors_larger: Floats
    forecasts_larger: Floats
    larger: Integers

    @property
    def score(self) -> float:
        """The mean error of both kinds of split, each error capped."""
        return float(_capped_mean(self.errors) + _capped_mean(self.errors_larger)) / 2

    @property
    def standard_error(self) -> float:
        parts = (self.errors, self.errors_larger)
        return float(np.sqrt(sum(np.var(np.minimum(e, _WORST_ERROR)) / len(e) for e in parts)) / 2)

    @property
    def complexity(self) -> int:
        return sum(map(len, self.terms))


def _capped_mean(errors: Floats) -> float:
    return float(np.minimum(errors, _WORST_ERROR).mean())


class Splits:
    """Which invocations are trained on and which are held out, and the rows of each.

    Args:
        samples: The samples of a site.
        peaks: The peaks to be told, of shape (n_invocations,).
    """

    def __init__(self, samples: SiteSamples, peaks: Floats) -> None:
        n = len(peaks)
        rank = np.empty(n, dtype=np.int64)
        rank[np.argsort(peaks, kind="stable")] = np.arange(n)
        n_folds = min(MAX_FOLDS, n)
        self.held_out = [rank % n_folds == fold for fold in range(n_folds)]  # each fold spans the whole range
        self.larger = rank >= n - max(1, n // 3)
        self.n = n
        self.all = [*self.held_out, self.larger]
        self.of_row = np.repeat(np.arange(n), np.diff([*samples.starts, len(samples.y)]))


class Search:
    """One site's search.

    Args:
        samples: The samples of the site.
        peaks: Other peaks than the samples' own, of shape (n_invocations,): the labels are scaled to them.
    """

    def __init__(self, samples: SiteSamples, peaks: Floats | None = None) -> None:
        self.peaks = samples.peaks if peaks is None else peaks
        self.splits = Splits(samples, self.peaks)
        rows = self.splits.of_row
        labels = samples.y
        if peaks is not None:
            labels = labels * (peaks / np.maximum(samples.peaks, 1.0))[rows]
        self._scale = np.maximum(self.peaks, FLOOR_BYTES)
        self._labels = labels
        self._row_weight = row_weights(samples, labels, self.peaks)
        self._X = samples.X
        self._timely = samples.growth < _NEAR_PEAK * np.maximum(samples.peaks, 1.0)[rows]
        self.columns = usable_columns(samples.X)

    def best(self) -> Candidate | None:
        if not self.columns:
            return None
        singles: list[Terms] = [((column,),) for column in self.columns]
        ranked = self._ranked(singles)
        strongest = [candidate.terms[0][0] for candidate in ranked[:_MULTIPLIED]]
        products: list[Terms] = [((a, b),) for a, b in combinations_with_replacement(strongest, 2)]
        ranked = _merge(ranked, self._ranked(products))
        pool = [candidate.terms[0] for candidate in ranked[:_POOL]]
        pairs = self._ranked([(a, b) for a, b in combinations(pool, 2)])
        grown = {
            tuple(sorted((*pair.terms, term))) for pair in pairs[:_GROWN] for term in pool if term not in pair.terms
        }
        return _plainest(_merge(ranked, pairs, self._ranked(sorted(grown))))

    def best_single_score(self) -> float:
        """Return the score of the best candidate of one reading: what chance is measured by."""
        ranked = self._ranked([((column,),) for column in self.columns])
        return ranked[0].score if ranked else np.inf

    def _ranked(self, candidates: Sequence[Terms]) -> list[Candidate]:
        """Fit and judge candidates of the same number of terms; return those with a non-negative fit, best first."""
        judged: list[Candidate] = []
        step = max(1, _CHUNK // max(1, len(self._labels)))
        for first in range(0, len(candidates), step):
            judged += self._judge(candidates[first : first + step])
        return sorted(judged, key=lambda candidate: candidate.score)

    def _judge(self, candidates: Sequence[Terms]) -> list[Candidate]:
        if not candidates:
            return []
        distinct = list(dict.fromkeys(term for terms in candidates for term in terms))
        index = {term: place + 1 for place, term in enumerate(distinct)}
        design = np.column_stack([np.ones(len(self._X)), *(term_values(self._X, term) for term in distinct)])
        design /= np.abs(design).max(axis=0)
        blocks = np.array([[0, *(index[term] for term in terms)] for terms in candidates])
        n, n_candidates = self.splits.n, len(candidates)
        forecasts, forecasts_larger = np.full((2, n, n_candidates), np.nan)
        errors, errors_larger = np.full((2, n, n_candidates), np.nan)
        for split, held_out in enumerate(self.splits.all):
            found = self._solve(design, blocks, ~held_out)
            is_larger = split == len(self.splits.held_out)
            said, said_in_time = self._forecast(design, blocks, found, held_out)
            (forecasts_larger if is_larger else forecasts)[held_out] = said
            peaks, scale = self.peaks[held_out, None], self._scale[held_out, None]
            worse = np.maximum(np.abs(said - peaks), np.abs(said_in_time - peaks))
            (errors_larger if is_larger else errors)[held_out] = worse / scale
        whole = self._solve(design, blocks, np.ones(n, dtype=bool))
        sound = np.isfinite(whole).all(axis=1) & np.isfinite(forecasts).all(axis=0)
        sound &= np.isfinite(forecasts_larger[self.splits.larger]).all(axis=0)
        larger = np.flatnonzero(self.splits.larger)
        return [
            Candidate(
                candidates[c],
                errors[:, c],
                forecasts[:, c],
                errors_larger[larger, c],
                forecasts_larger[larger, c],
                larger,
            )
            for c in np.flatnonzero(sound).tolist()
        ]

    def _solve(self, design: Floats, blocks: Integers, trained: Booleans) -> Floats:
        """Return coefficients of shape (n_candidates, n_terms + 1), NaN where one would have to be negative."""
        use = trained[self.splits.of_row]
        weighted = design[use] * self._row_weight[use, None]
        gram = weighted.T @ design[use]
        moment = weighted.T @ self._labels[use]
        found = _solve_blocks(gram, moment, blocks)
        # Where only the intercept is negative, the best fit lies at an intercept of nothing.
        through_origin = _solve_blocks(gram, moment, blocks[:, 1:])
        below = (found[:, 0] < 0) | ~np.isfinite(found).all(axis=1)
        found[below, 0] = 0.0
        found[below, 1:] = through_origin[below]
        found[(found[:, 1:] <= 0).any(axis=1)] = np.nan
        return found

    def _forecast(
        self, design: Floats, blocks: Integers, found: Floats, invocations: Booleans
    ) -> tuple[Floats, Floats]:
        """Return the highest forecast, and the highest of those in time, each of shape (n_held_out, n_candidates)."""
        rows = np.flatnonzero(invocations[self.splits.of_row])
        by_row = np.zeros((len(rows), len(blocks)))
        part = design[rows]
        for place in range(blocks.shape[1]):
            by_row += part[:, blocks[:, place]] * found[:, place]
        of_row = self.splits.of_row[rows]
        starts = np.flatnonzero(np.diff(of_row, prepend=-1))
        in_time = np.where(self._timely[rows, None], by_row, 0.0)
        return np.maximum.reduceat(by_row, starts, axis=0), np.maximum.reduceat(in_time, starts, axis=0)


def _solve_blocks(gram: Floats, moment: Floats, blocks: Integers) -> Floats:
    """Solve many small normal equations, each a sub-block of one Gram matrix."""
    matrices = gram[blocks[:, :, None], blocks[:, None, :]]
    sizes = np.sqrt(np.maximum(np.einsum("kii->ki", matrices), 1e-300))
    matrices = matrices / (sizes[:, :, None] * sizes[:, None, :])
    # Terms that all but coincide have no solution worth having; this keeps the solver from failing on them.
    matrices += 1e-10 * np.eye(blocks.shape[1])
    solved: Floats = np.linalg.solve(matrices, (moment[blocks] / sizes)[:, :, None])[:, :, 0] / sizes
    return solved


def row_weights(samples: SiteSamples, labels: Floats, peaks: Floats) -> Floats:
    """Return least-squares weights that make errors relative to the invocation's peak, of shape (n_rows,).

    Each invocation weighs the same; among its rows, each by its share of the peak, since the many early hits
    with tiny labels would make a constant look good.
    """
    counts = np.diff([*samples.starts, len(samples.y)])
    share = labels / np.repeat(np.maximum(peaks, 1.0), counts) + 1e-3
    share /= np.repeat(np.add.reduceat(share, samples.starts), counts)
    weights: Floats = share / np.repeat(np.maximum(peaks, FLOOR_BYTES), counts) ** 2
    return weights


def usable_columns(X: Floats) -> list[int]:
    """Return the columns that can tell anything: not negative, not near-constant, not an earlier one's duplicate."""
    if not X.size:
        return []
    low, high = X.min(axis=0), X.max(axis=0)
    telling = (low >= 0) & (high - low > _LEAST_RELATIVE_RANGE * np.abs(high))
    seen: set[bytes] = set()
    columns = []
    for column in np.flatnonzero(telling):
        key = (X[:, column] / high[column]).astype(np.float32).tobytes()  # bytes and megabytes say the same
        if key not in seen:
            seen.add(key)
            columns.append(int(column))
    return columns


def term_values(X: Floats, factors: Factors) -> Floats:
    """Return the product of the factors' columns, of shape (n_rows,)."""
    product: Floats = np.prod(X[:, list(factors)], axis=1)
    return product


def _merge(*ranked: Sequence[Candidate]) -> list[Candidate]:
    return sorted((candidate for part in ranked for candidate in part), key=lambda candidate: candidate.score)


def _plainest(ranked: Sequence[Candidate]) -> Candidate | None:
    """Return the plainest candidate within 0.7 standard errors of the one that earns its factors."""
    if not ranked:
        return None
    best = min(ranked, key=_price)
    within = best.score + _PLAIN_WITHIN * best.standard_error
    close = [candidate for candidate in ranked if candidate.score <= within]
    return min(close, key=lambda candidate: (candidate.complexity, candidate.score))


def _price(candidate: Candidate) -> float:
    return (candidate.score + _NEGLIGIBLE_ERROR) * float(_FACTOR_PRICE ** (candidate.complexity - 1))
