"""Formulas of several terms, fitted for thousands of candidates at once, as blocks of one Gram matrix.

Plain candidates with a negative coefficient are dropped: what non-negative least squares would find instead is the
plainer candidate without that term. A switched term keeps its other levels: what is negative is set to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .judging import Problem, Said
from .terms import Design, Terms
from .traces import Booleans, Floats, Integers

_CLIPS = 3  # rounds in which negative coefficients of switched terms are set to nothing


def blocks(problem: Problem, design: Design, candidates: Sequence[Terms]) -> Said:
    places = np.array([[0, *(c for term in terms for c in design.places[term])] for terms in candidates])
    switched = design.switched[places] > 0
    n, n_candidates = problem.splits.n, len(candidates)
    held_out, held_out_in_time = np.full((2, n, n_candidates), np.nan)
    sound = np.ones(n_candidates, dtype=bool)
    larger = larger_in_time = np.empty((0, n_candidates))
    for split, chosen in enumerate(problem.splits.all):
        found = _solve(problem, design, places, switched, split)
        sound &= np.isfinite(found).all(axis=1)
        if split < len(problem.splits.held_out):
            held_out[chosen], held_out_in_time[chosen] = _forecast(problem, design, places, found, chosen)
        elif split == len(problem.splits.held_out):
            larger, larger_in_time = _forecast(problem, design, places, found, chosen)
    return Said(held_out, held_out_in_time, larger, larger_in_time, sound)


def _solve(problem: Problem, design: Design, blocks: Integers, switched: Booleans, split: int) -> Floats:
    """Return coefficients of shape (n_candidates, n_columns), NaN where one would have to be negative."""
    columns = design.columns
    weighted = (columns * problem.weights[split][:, None]).T
    gram = weighted @ columns
    moment = weighted @ problem.labels
    found = _solve_blocks(gram, moment, blocks, np.zeros(blocks.shape, dtype=bool))
    for _ in range(_CLIPS):
        dropped = (found < 0) & switched
        dropped[:, 0] = found[:, 0] < 0  # where only the intercept is negative, the best fit has none
        if not dropped.any():
            break
        dropped |= found == 0
        found = _solve_blocks(gram, moment, blocks, dropped)
    found[(found < 0).any(axis=1) | ((found <= 0) & ~switched)[:, 1:].any(axis=1)] = np.nan
    untrained = np.diagonal(gram)[blocks] <= 0
    if untrained.any():
        found = np.where(untrained, np.nanmax(np.where(switched, found, 0.0), axis=1)[:, None], found)
    return found


def _forecast(
    problem: Problem, design: Design, blocks: Integers, found: Floats, invocations: Booleans
) -> tuple[Floats, Floats]:
    """Return the highest forecast, and the highest of those in time, each of shape (n_held_out, n_candidates)."""
    rows = np.flatnonzero(invocations[problem.splits.of_row])
    by_row = np.zeros((len(rows), len(blocks)))
    part = design.columns[rows]
    for place in range(blocks.shape[1]):
        by_row += part[:, blocks[:, place]] * found[:, place]
    of_row = problem.splits.of_row[rows]
    starts = np.flatnonzero(np.diff(of_row, prepend=-1))
    in_time = np.where(problem.timely[rows, None], by_row, 0.0)
    return np.maximum.reduceat(by_row, starts, axis=0), np.maximum.reduceat(in_time, starts, axis=0)


def _solve_blocks(gram: Floats, moment: Floats, blocks: Integers, dropped: Booleans) -> Floats:
    """Solve many small normal equations, each a sub-block of one Gram matrix; what is dropped is 0."""
    matrices = gram[blocks[:, :, None], blocks[:, None, :]]
    sizes = np.sqrt(np.maximum(np.einsum("kii->ki", matrices), 1e-300))
    matrices = matrices / (sizes[:, :, None] * sizes[:, None, :])
    matrices[dropped[:, :, None] | dropped[:, None, :]] = 0.0
    # Terms that all but coincide have no solution worth having; this keeps the solver from failing on them.
    matrices += 1e-10 * np.eye(blocks.shape[1]) + dropped[:, :, None] * np.eye(blocks.shape[1])
    right = np.where(dropped, 0.0, moment[blocks] / sizes)
    solved: Floats = np.linalg.solve(matrices, right[:, :, None])[:, :, 0] / sizes
    return np.where(dropped, 0.0, solved)
