"""Stages made of what was found: formulas fitted to all samples, in plain numbers."""

from __future__ import annotations

import numpy as np

from ..models.formulas import Formula, Switch, Term
from ..models.model import Seen, Stage
from ..models.sites import FunctionRef, Site
from ..models.sizes import FLOOR_BYTES
from .bound import upper_bound
from .forest_fit import export_forest
from .judging import Candidate, capped_means, row_weights
from .samples import SiteSamples
from .terms import CONSTANT, fit_terms
from .traces import Floats


def spread(peaks: Floats) -> Candidate:
    """Return how good the median peak is as a forecast, on the same two kinds of split as any formula."""
    n = len(peaks)
    forecasts = np.array([np.median(np.delete(peaks, index)) for index in range(n)])
    order = np.argsort(peaks, kind="stable")
    larger, rest = order[n - max(1, n // 3) :], order[: n - max(1, n // 3)]
    forecasts_larger = np.full(len(larger), np.median(peaks[rest]))

    def errors(said: Floats, chosen: Floats) -> Floats:
        relative: Floats = np.abs(said - chosen) / np.maximum(chosen, FLOOR_BYTES)
        return relative

    held_out, beyond = errors(forecasts, peaks), errors(forecasts_larger, peaks[larger])
    means = float(capped_means(held_out)), float(capped_means(beyond))
    return Candidate(CONSTANT, held_out, forecasts, beyond, forecasts_larger, larger, *means)


def start_stage(target: FunctionRef, peaks: Floats, coverage: float) -> Stage:
    """Return the stage that speaks before anything is read: the median peak, and the spread above it."""
    median = spread(peaks)
    return Stage(
        Site.start(target),
        (),
        (),
        Formula(float(np.median(peaks))),
        upper_bound(median.forecasts, peaks, np.empty(0), np.empty(0), coverage),
        float(np.median(median.errors)),
        float(np.median(median.errors_larger)),
        1.0,
        1.0,
    )


def export_stage(samples: SiteSamples, candidate: Candidate, coverage: float) -> Stage:
    """Return the stage of a site with a formula of these terms, and the forest that corrects it, if it has one."""
    columns = {factor for term in candidate.terms for factor in term.factors}
    switches = {term.switch for term in candidate.terms if term.switch is not None}
    for asked in candidate.forest:
        (columns if asked.level is None else switches).add(asked.column)
    numbers = [samples.readings[column] for column in sorted(columns)]
    categories = [samples.categories[switch] for switch in sorted(switches)]
    place = {column: index for index, column in enumerate(sorted(columns))}
    category_place = {switch: len(numbers) + index for index, switch in enumerate(sorted(switches))}
    seen: list[Seen] = [(float(samples.X[:, c].min()), float(samples.X[:, c].max())) for c in sorted(columns)]
    return Stage(
        samples.site,
        (*numbers, *(category.reading for category in categories)),
        (*seen, *(frozenset(category.levels) for category in categories)),
        _formula(samples, candidate, place, category_place),
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
        export_forest(samples, candidate, place, category_place),
    )


def _formula(
    samples: SiteSamples, candidate: Candidate, place: dict[int, int], category_place: dict[int, int]
) -> Formula:
    estimator = fit_terms(samples, candidate.terms, row_weights(samples, samples.y, samples.peaks))
    terms = []
    coefficients = iter(estimator.coef_.tolist())
    for term in candidate.terms:
        factors = tuple(place[column] for column in term.factors)
        if term.switch is None:
            terms.append(Term(next(coefficients), factors))
        else:
            by_level = {level: next(coefficients) for level in samples.categories[term.switch].levels}
            terms.append(Term.switched(factors, Switch(category_place[term.switch], by_level)))
    kept = [term for term in terms if term.coefficient > 0]
    constant = sum(term.coefficient for term in kept if not term.factors and term.switch is None)
    return Formula(
        float(estimator.intercept_) + constant, tuple(term for term in kept if term.factors or term.switch is not None)
    )
