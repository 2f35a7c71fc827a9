"""The upper bound: split-conformal margins from the errors of invocations that were held out."""

from __future__ import annotations

import math

import numpy as np

from ..models.errors import TrainingFailed
from ..models.model import UpperBound
from .search import FLOOR_BYTES
from .traces import Floats


def invocations_needed(coverage: float) -> int:
    """Return how many invocations it takes to support a coverage: 19 for 0.95, 99 for 0.99."""
    return max(2, math.ceil(coverage / (1.0 - coverage) - 1e-9))


def check_enough(n_invocations: int, coverage: float) -> None:
    """Raise TrainingFailed if so few invocations can't support the coverage."""
    needed = invocations_needed(coverage)
    if n_invocations < needed:
        supported = math.floor(100 * n_invocations / (n_invocations + 1)) / 100
        raise TrainingFailed(
            f"{n_invocations} measured invocations are too few for coverage={coverage:g}, which takes {needed}: "
            f"give {needed - n_invocations} more, or ask for coverage={supported:g} at most"
        )


def upper_bound(
    forecasts: Floats, peaks: Floats, forecasts_larger: Floats, peaks_larger: Floats, coverage: float
) -> UpperBound:
    """Return the bound that a coverage asks for.

    The score of an invocation is how far its peak stood above its held-out forecast, as a share of the forecast,
    or of 2 MiB where that is larger. The margin is the scores' ceil((n + 1) x coverage)-th smallest, which a new
    invocation exceeds with probability 1 - coverage at most. That holds on average over training sets; one that
    drew no bad case would fall short, so the margin is at least what the scores' spread suggests if they were
    normal: their mean plus the normal quantile of the coverage standard deviations.

    Args:
        forecasts: Held-out forecasts, of shape (n_invocations,).
        peaks: The peaks, of shape (n_invocations,).
        forecasts_larger: Forecasts for the largest third after training on the rest, of shape (n_larger,).
        peaks_larger: Their peaks, of shape (n_larger,).
        coverage: The share of invocations that the bound is to cover.

    References:
        J. Lei, M. G'Sell, A. Rinaldo, R. Tibshirani, L. Wasserman, "Distribution-Free Predictive Inference for
        Regression", JASA 113 (2018); normalised scores as in H. Papadopoulos et al., ICTAI (2008).
    """
    scores = np.sort(_scores(forecasts, peaks))
    n = len(scores)
    rank = min(n, math.ceil((n + 1) * coverage))
    conformal = float(scores[rank - 1])
    normal = float(scores.mean() + _normal_quantile(coverage) * scores.std(ddof=1)) if n > 1 else 0.0
    margin = max(0.0, conformal, normal)
    # The error that grew from the smaller two thirds to the largest third may grow as much again beyond.
    beyond = max(margin, margin + float(_scores(forecasts_larger, peaks_larger).max(initial=0.0)))
    return UpperBound(coverage, margin, beyond, FLOOR_BYTES)


def _scores(forecasts: Floats, peaks: Floats) -> Floats:
    scores: Floats = (peaks - forecasts) / np.maximum(forecasts, FLOOR_BYTES)
    return scores


def _normal_quantile(probability: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)
