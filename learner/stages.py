"""Stages made of what was found: formulas fitted to all samples, in plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..models.formulas import Formula, Switch, Term
from ..models.model import Seen, Stage
from ..models.sites import FunctionRef, Site
from ..models.sizes import FLOOR_BYTES
from .bound import upper_bound
from .formula_regressor import NonNegativeRegressor
from .judging import Candidate, row_weights
from .samples import SiteSamples
from .terms import TermSpec, term_columns
from .traces import Floats


def spread_score(peaks: Floats) -> float:
    """Return the score of forecasting the median peak, on the same two kinds of split as any candidate."""
    _, errors, errors_larger = _median_forecasts(peaks)
    return float(np.minimum(errors, 1.0).mean() + np.minimum(errors_larger, 1.0).mean()) / 2


def _median_forecasts(peaks: Floats) -> tuple[Floats, Floats, Floats]:
    """Return leave-one-out medians and their errors, and the errors for the largest third."""
    n = len(peaks)
    forecasts = np.array([np.median(np.delete(peaks, index)) for index in range(n)])
    scale = np.maximum(peaks, FLOOR_BYTES)
    ordered = np.sort(peaks)
    larger = ordered[n - max(1, n // 3) :]
    rest = ordered[: n - len(larger)]
    errors_larger = np.abs(np.median(rest) - larger) / np.maximum(larger, FLOOR_BYTES)
    return forecasts, np.abs(forecasts - peaks) / scale, errors_larger


def start_stage(target: FunctionRef, peaks: Floats, coverage: float) -> Stage:
    """Return the stage that speaks before anything is read: the median peak, and the spread above it."""
    forecasts, errors, errors_larger = _median_forecasts(peaks)
    return Stage(
        Site.start(target),
        (),
        (),
        Formula(float(np.median(peaks))),
        upper_bound(forecasts, peaks, np.empty(0), np.empty(0), coverage),
        float(np.median(errors)),
        float(np.median(errors_larger)),
        1.0,
        1.0,
    )


def export_stage(samples: SiteSamples, candidate: Candidate, coverage: float) -> Stage:
    """Return the stage of a site with a formula of these terms."""
    columns = sorted({factor for term in candidate.terms for factor in term.factors})
    switches = sorted({term.switch for term in candidate.terms if term.switch is not None})
    numbers = [samples.readings[column] for column in columns]
    categories = [samples.categories[switch] for switch in switches]
    seen: list[Seen] = [(float(samples.X[:, c].min()), float(samples.X[:, c].max())) for c in columns]
    return Stage(
        samples.site,
        (*numbers, *(category.reading for category in categories)),
        (*seen, *(frozenset(category.levels) for category in categories)),
        _formula(samples, candidate, columns, switches),
        upper_bound(
            candidate.forecasts,
            samples.peaks,
            candidate.forecasts_larger,
            samples.peaks[candidate.larger],
            coverage,
        ),
        float(np.median(candidate.errors)),
        float(np.median(candidate.errors_larger)),
        samples.lead,
        samples.hits,
    )


def _formula(samples: SiteSamples, candidate: Candidate, columns: list[int], switches: list[int]) -> Formula:
    estimator = fit_terms(samples, candidate.terms)
    place = {column: index for index, column in enumerate(columns)}
    place_of_switch = {switch: len(columns) + index for index, switch in enumerate(switches)}
    terms = []
    coefficients = iter(estimator.coef_.tolist())
    for term in candidate.terms:
        factors = tuple(place[column] for column in term.factors)
        if term.switch is None:
            terms.append(Term(next(coefficients), factors))
        else:
            by_level = {level: next(coefficients) for level in samples.categories[term.switch].levels}
            terms.append(Term.switched(factors, Switch(place_of_switch[term.switch], by_level)))
    return Formula(float(estimator.intercept_), tuple(term for term in terms if term.coefficient > 0))


def fit_terms(samples: SiteSamples, terms: Sequence[TermSpec]) -> NonNegativeRegressor:
    """Return the estimator fitted to all samples of a site; its features are the terms' columns, in order."""
    design = np.hstack([term_columns(samples, term) for term in terms])
    weights = row_weights(samples, samples.y, samples.peaks)
    return NonNegativeRegressor().fit(design, samples.y, sample_weight=weights)
