"""What a search is judged by: the splits, the labels, and the errors of what candidates forecast.

A formula is judged by the invocation, on folds and on the largest third after training on the rest. A forecast of
more than one hit counts as its running maximum; one that came when the peak was all but reached is too late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..models.sizes import FLOOR_BYTES
from .history import Category
from .samples import SiteSamples
from .terms import ForestInput, Terms, complexity
from .traces import Booleans, Floats, Integers

MAX_FOLDS = 10
_SHARPNESS = 8  # the power of a row's share of the peak that it weighs by
_NEAR_PEAK = 0.95  # of the peak; a forecast made there is too late
_WORST_ERROR = 1.0  # beyond it all forecasts are equally useless, and one would drown all others
_LEAST_TRAINED = 2  # invocations of each level that a coefficient takes
_KEPT = 400  # candidates of one batch: those behind them are never looked at


@dataclass(frozen=True, slots=True)
class Candidate:
    """A formula's terms at a site, and how good they are.

    Attributes:
        terms: The terms.
        errors: Relative error of each invocation, held out in its fold, of shape (n_invocations,).
        forecasts: The forecasts behind them in bytes, of shape (n_invocations,).
        errors_larger: The same for the largest third, of shape (n_larger,).
        forecasts_larger: The forecasts behind them, of shape (n_larger,).
        larger: Which invocations those are, of shape (n_larger,).
        mean_error: The mean of `errors`, each capped.
        mean_error_larger: The same of `errors_larger`.
        forest: What a forest that corrects the formula asks about; empty without one.
    """

    terms: Terms
    errors: Floats
    forecasts: Floats
    errors_larger: Floats
    forecasts_larger: Floats
    larger: Integers
    mean_error: float
    mean_error_larger: float
    forest: tuple[ForestInput, ...] = ()

    @property
    def score(self) -> float:
        """The mean error of both kinds of split, each error capped."""
        return (self.mean_error + self.mean_error_larger) / 2

    @property
    def standard_error(self) -> float:
        parts = (self.errors, self.errors_larger)
        return float(np.sqrt(sum(np.var(np.minimum(e, _WORST_ERROR)) / len(e) for e in parts)) / 2)

    @property
    def complexity(self) -> int:
        return complexity(self.terms)


def capped_means(errors: Floats) -> Floats:
    """Return the mean over invocations of errors of shape (n_invocations, ...), each capped."""
    means: Floats = np.minimum(errors, _WORST_ERROR).mean(axis=0)
    return means


class Splits:
    """Which invocations are trained on and which are held out, and the rows of each.

    Args:
        samples: The samples of a site.
        peaks: The peaks to be told, of shape (n_invocations,).
        category: What switches the formulas to be judged, or None.
    """

    def __init__(self, samples: SiteSamples, peaks: Floats, category: Category | None = None) -> None:
        n = len(peaks)
        rank = _ranks(peaks)
        n_folds = min(MAX_FOLDS, n)
        self.held_out = [rank % n_folds == fold for fold in range(n_folds)]  # each fold spans the whole range
        self.larger = rank >= n - max(1, n // 3)
        if category is not None:
            self.larger = _with_all_levels(self.larger, peaks, category.codes[samples.starts])
        self.n = n
        self.all = [*self.held_out, self.larger, np.zeros(n, dtype=bool)]  # the last trains on everything
        self.of_row = np.repeat(np.arange(n), np.diff([*samples.starts, len(samples.y)]))


def _ranks(peaks: Floats) -> Integers:
    rank = np.empty(len(peaks), dtype=np.int64)
    rank[np.argsort(peaks, kind="stable")] = np.arange(len(peaks))
    return rank


def _with_all_levels(larger: Booleans, peaks: Floats, codes: Integers) -> Booleans:
    """Return the largest third, or that of each level where the others don't train every level that it has.

    A level whose peaks are all large would be judged by what was never fitted.
    """
    trained = np.bincount(codes[~larger], minlength=codes.max() + 1)
    if (trained[codes[larger]] >= _LEAST_TRAINED).all():
        return larger
    of_level = np.zeros(len(peaks), dtype=bool)
    for level in np.unique(codes):
        own = codes == level
        of_level[own] = _ranks(peaks[own]) >= own.sum() - own.sum() // 3
    return of_level if of_level.any() else larger


@dataclass(frozen=True, slots=True)
class Said:
    """What many candidates forecast.

    Attributes:
        held_out: Each invocation's forecast in its fold, of shape (n_invocations, n_candidates).
        held_out_in_time: The same, of the hits before the peak was all but reached.
        larger: Of the largest third, of shape (n_larger, n_candidates).
        larger_in_time: The same, in time.
        sound: Whether a candidate has a fit with no negative coefficient in every split, of shape (n_candidates,).
    """

    held_out: Floats
    held_out_in_time: Floats
    larger: Floats
    larger_in_time: Floats
    sound: Booleans


class Problem:
    """What is to be told of one site's samples.

    Args:
        samples: The samples of the site.
        peaks: Other peaks than the samples' own, of shape (n_invocations,): the labels are scaled to them.
        category: What switches the formulas to be judged, or None.

    Attributes:
        samples: The samples.
        peaks: The peaks to be told, of shape (n_invocations,).
        splits: How they are judged.
        labels: Growth in bytes until the next hit, of shape (n_rows,).
        timely: Whether a row's hit came before the peak was all but reached, of shape (n_rows,).
        weights: Least-squares weights, 0 for what is held out, of shape (n_splits, n_rows).
    """

    def __init__(self, samples: SiteSamples, peaks: Floats | None = None, category: Category | None = None) -> None:
        self.samples = samples
        self.peaks = samples.peaks if peaks is None else peaks
        self.splits = Splits(samples, self.peaks, category)
        rows = self.splits.of_row
        self.labels = samples.y
        if peaks is not None:
            self.labels = self.labels * (peaks / np.maximum(samples.peaks, 1.0))[rows]
        self._scale = np.maximum(self.peaks, FLOOR_BYTES)
        self.timely = samples.growth < _NEAR_PEAK * np.maximum(samples.peaks, 1.0)[rows]
        trained = np.array([~held_out for held_out in self.splits.all])
        self.weights: Floats = trained[:, rows] * row_weights(samples, self.labels, self.peaks)

    def judged(self, said: Said, candidates: Sequence[Terms]) -> list[Candidate]:
        """Return the sound candidates, but for those far behind the others."""

        def errors(all_hits: Floats, in_time: Floats, chosen: Booleans) -> Floats:
            peaks = self.peaks[chosen, None]
            worse: Floats = np.maximum(np.abs(all_hits - peaks), np.abs(in_time - peaks)) / self._scale[chosen, None]
            return worse

        everyone = np.ones(self.splits.n, dtype=bool)
        held_out = errors(said.held_out, said.held_out_in_time, everyone)
        larger = errors(said.larger, said.larger_in_time, self.splits.larger)
        sound = said.sound & np.isfinite(held_out).all(axis=0) & np.isfinite(larger).all(axis=0)
        indexes = np.flatnonzero(self.splits.larger)
        means, means_larger = capped_means(held_out), capped_means(larger)
        scores = np.where(sound, means + means_larger, np.inf)
        return [
            Candidate(
                candidates[c],
                held_out[:, c].copy(),
                said.held_out[:, c].copy(),
                larger[:, c].copy(),
                said.larger[:, c].copy(),
                indexes,
                float(means[c]),
                float(means_larger[c]),
            )
            for c in np.argsort(scores, kind="stable")[:_KEPT].tolist()
            if sound[c]
        ]


def row_weights(samples: SiteSamples, labels: Floats, peaks: Floats) -> Floats:
    """Return least-squares weights that make errors relative to the invocation's peak, of shape (n_rows,).

    Each invocation weighs the same, but for the page noise that small peaks drown in; among its rows, those weigh
    that come close to the peak, since a formula is judged by its running maximum: what an early hit says of the
    whole invocation mustn't be pulled down to what had grown by the next one, and the many early hits with tiny
    labels would make a constant look good.
    """
    counts = np.diff([*samples.starts, len(samples.y)])
    share = labels / np.repeat(np.maximum(peaks, 1.0), counts) + 1e-3
    share **= _SHARPNESS
    share /= np.repeat(np.add.reduceat(share, samples.starts), counts)
    weights: Floats = share / np.repeat(peaks + FLOOR_BYTES, counts) ** 2
    return weights
