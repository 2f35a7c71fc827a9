"""The upper bound: split-conformal margins from the errors of invocations that were held out."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import beta, nct, norm

from ..models.errors import TrainingFailed
from ..models.model import UpperBound
from .traces import Floats

GRAIN_BYTES = 4 * 2**20
_CONFIDENCE = 0.99
_LEAST_MARGIN = 0.02  # training follows the function, and tells a peak no closer
# A process's pages are counted by core in batches of 128 KiB: on two cores equal peaks may differ by as much.
_COUNTING_BYTES = 2**18
_FORESEEN = 4.0  # times the largest input trained; beyond, no margin of so few invocations means anything
_LONGEST_STRETCH = 2.0


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

    The score of an invocation is how far its peak stood above its held-out forecast, as a share of the forecast
    plus 4 MiB, since an allocator's grain is the same for small peaks and large. The conformal margin is the scores'
    ceil((n + 1) x coverage)-th smallest, which a new invocation exceeds with probability 1 - coverage at most. That
    holds on average over training sets; three in ten sets of thirty fall short of 95 %, having drawn no bad case. So
    the margin is no less than either of two limits that hold with 99 % confidence: the normal tolerance limit, and
    the largest score, raised as an exponential tail would have it where so few scores can't vouch for more.

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
    conformal = float(scores[min(n, math.ceil((n + 1) * coverage)) - 1])
    tolerance = float(scores.mean() + tolerance_factor(n, coverage) * scores.std(ddof=1))
    margin = max(_LEAST_MARGIN, conformal, tolerance, tail_limit(scores, coverage))
    excess = max(0.0, float(_scores(forecasts_larger, peaks_larger).max(initial=0.0)))
    beyond = margin + excess * _stretch(np.sort(peaks), len(peaks_larger))
    return UpperBound(coverage, margin, beyond, GRAIN_BYTES)


def with_room(bound: UpperBound) -> UpperBound:
    """Return the bound with room for how the kernel counts, which training in children of one server may not show."""
    return bound.replaced(grain_bytes=max(bound.grain_bytes, math.ceil(_COUNTING_BYTES / bound.margin)))


def _stretch(peaks: Floats, n_larger: int) -> float:
    """Return how much further off than on the largest third forecasts may be on inputs beyond the range.

    A bend's error grows with the logarithm of the distance: what it came to from the smaller two thirds' largest
    peak to the largest of all, it comes to once more for every such factor up to four times the largest.
    """
    rest = float(peaks[max(0, len(peaks) - n_larger - 1)])
    factor = math.log(max(float(peaks[-1]), 1.0) / max(rest, 1.0))
    return min(_LONGEST_STRETCH, max(1.0, math.log(_FORESEEN) / factor)) if factor > 0 else _LONGEST_STRETCH


def _scores(forecasts: Floats, peaks: Floats) -> Floats:
    scores: Floats = (peaks - forecasts) / (forecasts + GRAIN_BYTES)
    return scores


def tolerance_factor(n: int, coverage: float, confidence: float = _CONFIDENCE) -> float:
    """Return how many standard deviations above the mean of n normal values covers a share with a confidence."""
    centre = norm.ppf(coverage) * math.sqrt(n)
    return float(nct.ppf(confidence, n - 1, centre) / math.sqrt(n))


def tail_limit(scores: Floats, coverage: float, confidence: float = _CONFIDENCE) -> float:
    """Return what covers a share with a confidence, from scores in ascending order.

    Where an order statistic does so, it is that. Else the largest, which leaves out 1 - (1 - confidence)^(1 / n) at
    worst, is raised by as many mean excesses over the median as an exponential tail takes from there to the share.
    """
    n = len(scores)
    ranks = np.arange(1, n + 1)
    enough = np.flatnonzero(beta.sf(coverage, ranks, n + 1 - ranks) >= confidence)
    if enough.size:
        return float(scores[enough[0]])
    above = scores[scores > np.median(scores)] - np.median(scores)
    left_out = 1.0 - (1.0 - confidence) ** (1.0 / n)
    return float(scores[-1] + above.mean() * math.log(left_out / (1.0 - coverage))) if above.size else float(scores[-1])
