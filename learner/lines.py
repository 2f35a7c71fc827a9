"""Lines on one column each, fitted for thousands of columns at once, from sums over the rows of each split.

A line's slope may be switched by a category, over whose levels it shares an intercept.
"""

from __future__ import annotations

import numpy as np

from .judging import Problem, Said
from .traces import Booleans, Floats, Integers


def lines(problem: Problem, x: Floats, levels: Integers, n_levels: int) -> Said:
    """Return what lines on each column say that share an intercept over the levels of a category.

    Args:
        problem: What is to be told.
        x: One line's reading a column, of shape (n_rows, n_lines).
        levels: Each row's level, of shape (n_rows,).
        n_levels: How many there are; one for plain lines.
    """
    n_splits, n_lines = len(problem.splits.all), x.shape[1]
    w, wx, wxx, wxy = (np.zeros((n_levels, n_splits, columns)) for columns in (1, n_lines, n_lines, n_lines))
    wy = np.zeros((n_levels, n_splits, 1))
    for level in range(n_levels):
        own = levels == level
        weights, values, labels = problem.weights[:, own], x[own], problem.labels[own]
        w[level] = weights.sum(axis=1, keepdims=True)
        wy[level] = (weights @ labels)[:, None]
        wx[level] = weights @ values
        wxx[level] = weights @ values**2
        wxy[level] = weights @ (values * labels[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        of_x = np.where(wxx > 0, wx / wxx, 0.0)
        spread = (w - wx * of_x).sum(axis=0)
        intercept = np.where(
            spread > 1e-12 * w.sum(axis=0), (wy - wxy * of_x).sum(axis=0) / np.maximum(spread, 1e-300), 0.0
        )
        intercept = np.maximum(intercept, 0.0)
        slopes = np.where(wxx > 0, (wxy - intercept * wx) / wxx, np.nan)
    if n_levels == 1:
        slopes[slopes <= 0] = np.nan
        sound = np.asarray(np.isfinite(slopes).all(axis=(0, 1)))
    else:
        slopes = np.maximum(slopes, 0.0)
        # A level that wasn't trained is taken for the dearest, as production takes one that it doesn't know.
        slopes = np.where(np.isnan(slopes), np.nanmax(np.nan_to_num(slopes), axis=0), slopes)
        sound = np.asarray((slopes > 0).any(axis=0).all(axis=0))
    highest, in_time = _highest(problem, x, levels, n_levels)
    n = problem.splits.n
    held_out, held_out_in_time = np.empty((2, n, n_lines))

    def forecast(split: int, chosen: Booleans, top: Floats) -> Floats:
        met = np.isfinite(top[:, chosen])
        by_level = np.where(met, slopes[:, None, split] * np.where(met, top[:, chosen], 0.0), -np.inf)
        said = by_level.max(axis=0) + intercept[split]
        return np.where(np.isfinite(said), said, 0.0)

    for split, chosen in enumerate(problem.splits.held_out):
        held_out[chosen] = forecast(split, chosen, highest)
        held_out_in_time[chosen] = forecast(split, chosen, in_time)
    split, chosen = len(problem.splits.held_out), problem.splits.larger
    larger, larger_in_time = forecast(split, chosen, highest), forecast(split, chosen, in_time)
    return Said(held_out, held_out_in_time, larger, larger_in_time, sound)


def _highest(problem: Problem, x: Floats, levels: Integers, n_levels: int) -> tuple[Floats, Floats]:
    """Return each invocation's highest x by level, of all hits and of those in time, -inf where there is none.

    Since slopes aren't negative, a line's highest forecast lies there. Of shape (n_levels, n, n_lines) each.
    """
    starts = problem.samples.starts
    highest, in_time = np.full((2, n_levels, problem.splits.n, x.shape[1]), -np.inf)
    for level in range(n_levels):
        own = levels == level
        for target, use in ((highest, own), (in_time, own & problem.timely)):
            target[level] = np.maximum.reduceat(np.where(use[:, None], x, -np.inf), starts, axis=0)
    return highest, in_time
