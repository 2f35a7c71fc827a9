"""The upper bound: split-conformal margins from the errors of invocations that were held out."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import nct, norm

from ..models.errors import TrainingFailed
from ..models.model import UpperBound
from .search import FLOOR_BYTES
from .traces import Floats

_CONFIDENCE = 0.95


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
    or of 2 MiB where that is larger. The conformal margin is the scores' ceil((n + 1) x coverage)-th smallest, which
    a new invocation exceeds with probability 1 - coverage at most. That holds on average over training sets; three
    in ten sets of thirty fall short of 95 %, having drawn no bad case. So the margin is at least the normal
    tolerance limit: what covers the share with 95 % confidence, if the scores were normal.

    Args:
        forecasts: Held-out forecasts, of shape (n_invocations,).
        peaks: The peaks, of shape (n_invocations,).
        forecasts_larger: Forecasts for the largest third after training on the rest, of shape (n_larger,).
        peaks_larger: Their peaks, of shape (n_larger,).
        coverage: The share of invocations that the bound is to cover.

    References:
        K. Krishnamoorthy, T. Mathew, "Statistical Tolerance Regions", 2009, section 2.2: one-sided limits.
        J. Lei, M. G'Sell, A. Rinaldo, R. Tibshirani, L. Wasserman, "Distribution-Free Predictive Inference for
        Regression", JASA 113 (2018); normalised scores as in H. Papadopoulos et al., ICTAI (2008).
    """
    scores = np.sort(_scores(forecasts, peaks))
    n = len(scores)
    rank = min(n, math.ceil((n + 1) * coverage))
    conformal = float(scores[rank - 1])
    tolerance = float(scores.mean() + tolerance_factor(n, coverage) * scores.std(ddof=1))
    margin = max(0.0, conformal, tolerance)
    # The error that grew from the smaller two thirds to the largest third may grow as much again beyond.
    beyond = max(margin, margin + float(_scores(forecasts_larger, peaks_larger).max(initial=0.0)))
    return UpperBound(coverage, margin, beyond, FLOOR_BYTES)


def _scores(forecasts: Floats, peaks: Floats) -> Floats:
    scores: Floats = (peaks - forecasts) / np.maximum(forecasts, FLOOR_BYTES)
    return scores


def tolerance_factor(n: int, coverage: float, confidence: float = _CONFIDENCE) -> float:
    """Return how many standard deviations above the mean of n normal values covers a share with a confidence."""
    centre = norm.ppf(coverage) * math.sqrt(n)
    return float(nct.ppf(confidence, n - 1, centre) / math.sqrt(n))
