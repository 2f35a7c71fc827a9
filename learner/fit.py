"""From traces to a breakpoint model: which sites become stages, and what each says.

The first stage is the start of the invocation, where only the spread of the peaks is known. The main one is the
earliest site whose best formula comes within a tolerance of the best of all. An earlier stage, at the entry, and a
later one each earn their place by cutting the error markedly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..models.formulas import Formula, Term
from ..models.model import BreakpointModel, Stage, Training
from ..models.sites import FunctionRef, Site
from .bound import upper_bound
from .formula_regressor import NonNegativeRegressor
from .samples import SiteSamples, candidate_sites, site_samples
from .search import FLOOR_BYTES, Candidate, Factors, Search, row_weights, term_values
from .traces import Floats, Trace

MIN_LEAD = 0.5  # what comes after half of the growth has happened is a later stage at best
_MIN_LATE_LEAD = 0.1
_MARKED = 0.67  # an earlier or a later stage must cut the error to this share of the other's
_TOLERANCE = 0.1  # of the best error; of the sites within it, the earliest wins
_LEAST_TOLERANCE = 0.003  # errors closer than this are the same to anyone who sizes memory
_SHUFFLES = 19  # the best of so many shuffled searches is beaten by chance once in twenty times


@dataclass(frozen=True, slots=True)
class Scored:
    """A site with the best formula found for it."""

    samples: SiteSamples
    candidate: Candidate

    @property
    def score(self) -> float:
        return self.candidate.score


def fit_model(traces: Sequence[Trace], target: FunctionRef, training: Training, coverage: float) -> BreakpointModel:
    """Return the model that the traces support.

    Args:
        traces: One an invocation, of shape (n_invocations,).
        target: The function whose peak is predicted.
        training: How the traces were made; what the fit has to say is added to its notes.
        coverage: The share of invocations that the upper bound is to cover.
    """
    peaks = np.array([trace.peak_bytes for trace in traces], dtype=np.float64)
    start = start_stage(target, peaks, coverage)
    sites = candidate_sites(traces)
    scored = [found for site in sites if (found := _score(site_samples(traces, site, sites))) is not None]
    chosen = choose(scored, _spread_score(peaks))
    notes = list(training.notes)
    if not chosen:
        notes.append(
            "No variable explains the growth: the forecast is the median of the peaks, the bound their spread."
        )
    stages = (start, *(export_stage(found, coverage) for found in chosen))
    functions = {site.function for stage in stages for site in (stage.site, *(r.site for r in stage.readings))}
    fingerprints = {print_.function: print_ for trace in traces for print_ in trace.fingerprints}
    return BreakpointModel(
        target,
        stages,
        tuple(fingerprints[function] for function in sorted(functions) if function in fingerprints),
        replace(training, notes=tuple(notes)),
    )


def _score(samples: SiteSamples) -> Scored | None:
    candidate = Search(samples).best()
    return Scored(samples, candidate) if candidate is not None else None


def choose(scored: Sequence[Scored], spread_score: float) -> list[Scored]:
    """Return the sites that become stages, in the order in which they speak.

    Args:
        scored: The candidates, earliest first.
        spread_score: The score of forecasting the median peak.
    """
    early = [found for found in scored if found.samples.lead >= MIN_LEAD]
    chosen: list[Scored] = []
    main = _earliest_near_best(early)
    if main is not None and main.score < _MARKED * spread_score and _beats_chance(main):
        entry = _earliest_near_best([found for found in early if found.samples.site.entry and _before(found, main)])
        if entry is not None and entry.score < _MARKED * spread_score and main.score < _MARKED * entry.score:
            chosen.append(entry)
        chosen.append(main)
    late = [found for found in scored if _MIN_LATE_LEAD <= found.samples.lead < MIN_LEAD]
    last = _earliest_near_best(late)
    bar = chosen[-1].score if chosen else spread_score
    if last is not None and last.score < _MARKED * bar and last.score < bar - _LEAST_TOLERANCE and _beats_chance(last):
        chosen.append(last)
    return chosen


def _before(one: Scored, other: Scored) -> bool:
    return one.samples.elapsed_s < other.samples.elapsed_s


def _earliest_near_best(scored: Sequence[Scored]) -> Scored | None:
    if not scored:
        return None
    best = min(scored, key=lambda found: found.score)
    tolerance = max(0.7 * best.candidate.standard_error, _TOLERANCE * best.score, _LEAST_TOLERANCE)
    return next(found for found in scored if found.score <= best.score + tolerance)


def _beats_chance(found: Scored) -> bool:
    """Tell whether shuffled peaks are told worse: among many columns, some fit thirty peaks by luck."""
    generator = np.random.default_rng(0)
    by_chance = min(
        Search(found.samples, generator.permutation(found.samples.peaks)).best_single_score() for _ in range(_SHUFFLES)
    )
    return found.score < by_chance


def _spread_score(peaks: Floats) -> float:
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


def export_stage(found: Scored, coverage: float) -> Stage:
    """Return the stage of a chosen site: its formula fitted to all samples, in plain numbers."""
    samples, candidate = found.samples, found.candidate
    estimator = fit_terms(samples, candidate.terms)
    columns = sorted({column for term in candidate.terms for column in term})
    place = {column: index for index, column in enumerate(columns)}
    formula = Formula(
        float(estimator.intercept_),
        tuple(
            Term(float(coefficient), tuple(place[column] for column in term))
            for coefficient, term in zip(estimator.coef_, candidate.terms, strict=True)
            if coefficient > 0
        ),
    )
    return Stage(
        samples.site,
        tuple(samples.readings[column] for column in columns),
        tuple((float(samples.X[:, c].min()), float(samples.X[:, c].max())) for c in columns),
        formula,
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


def fit_terms(samples: SiteSamples, terms: Sequence[Factors]) -> NonNegativeRegressor:
    """Return the estimator fitted to all samples of a site; its features are the terms, in order."""
    design = np.column_stack([term_values(samples.X, term) for term in terms])
    weights = row_weights(samples, samples.y, samples.peaks)
    return NonNegativeRegressor().fit(design, samples.y, sample_weight=weights)
