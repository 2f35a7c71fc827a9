"""The second choice: a small forest that corrects a formula where its error is more than noise.

A formula with no negative coefficient can't tell a peak that falls with a reading, levels off or jumps. The forest
learns by which factor the peaks stand off the formula. It is judged like a formula: fitted on each split's training
invocations alone, its inputs chosen there too; and where a held-out reading lies beyond what they saw, the formula
speaks alone, as in production. So it can earn its place only within the range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor

from ..models.forest import LEAF, Forest, Input, Tree
from ..models.model import RANGE_SLACK
from .judging import Candidate, Problem, Said
from .samples import SiteSamples
from .terms import ForestInput, Terms, fit_terms, term_columns
from .traces import Booleans, Floats

_MOST_INPUTS = 4
_LEAST_IMPORTANCE = 0.1  # of the most important input's: a further one would blur what that tells
_CONSIDERED = 200  # readings at most: those of the site itself, and the latest before it
_TREES = 16
_MAX_LEAVES = 24
_FACTORS = (0.05, 20.0)  # beyond them a formula is no help, and one sample would drown the others
_SEED = 0


def correct(samples: SiteSamples, terms: Terms) -> Candidate | None:
    """Return the formula of some terms corrected by a forest, judged; None if there is nothing to ask.

    Args:
        samples: Of the site.
        terms: The formula's terms.
    """
    table = _Table.of(samples, terms)
    if not table.inputs:
        return None
    switch = next((term.switch for term in terms if term.switch is not None), None)
    problem = Problem(samples, category=samples.categories[switch] if switch is not None else None)
    splits = problem.splits
    own = table.of_formula(terms)
    held_out, held_out_in_time = np.empty((2, splits.n, 1))
    larger = larger_in_time = np.empty((0, 1))
    for split, left_out in enumerate((*splits.held_out, splits.larger)):
        trained = ~left_out[splits.of_row]
        base = _base(samples, terms, problem, split)
        asked = _telling_inputs(table, base, problem, split)
        if not asked:
            return None
        forest = _fitted(table.columns[:, asked], base, problem, split)
        within = table.within([*own, *asked], trained)
        by_row = base * np.where(within, forest.predict(table.columns[:, asked]), 1.0)
        rows = np.flatnonzero(left_out[splits.of_row])
        starts = np.flatnonzero(np.diff(splits.of_row[rows], prepend=-1))
        highest = np.maximum.reduceat(by_row[rows], starts)[:, None]
        in_time = np.maximum.reduceat(np.where(problem.timely[rows], by_row[rows], 0.0), starts)[:, None]
        if split < len(splits.held_out):
            held_out[left_out], held_out_in_time[left_out] = highest, in_time
        else:
            larger, larger_in_time = highest, in_time
    said = Said(held_out, held_out_in_time, larger, larger_in_time, np.ones(1, dtype=bool))
    judged = problem.judged(said, [terms])
    if not judged:
        return None
    asked = _telling_inputs(table, _base(samples, terms, problem, -1), problem, -1)
    return replace(judged[0], forest=tuple(table.inputs[column] for column in asked))


def export_forest(
    samples: SiteSamples, candidate: Candidate, place: dict[int, int], category_place: dict[int, int]
) -> Forest | None:
    """Return a candidate's forest fitted to all samples, in plain numbers; None if it has none.

    Args:
        samples: Of the site.
        candidate: What was found there.
        place: From a column of the samples to its reading's place among the stage's.
        category_place: The same for the samples' categories.
    """
    if not candidate.forest:
        return None
    estimator = fit_forest(samples, candidate.terms, candidate.forest)
    inputs = [
        Input(place[one.column])
        if one.level is None
        else Input(category_place[one.column], samples.categories[one.column].levels[one.level])
        for one in candidate.forest
    ]
    return Forest(tuple(inputs), tuple(_exported(tree.tree_) for tree in estimator.estimators_))


def fit_forest(samples: SiteSamples, terms: Terms, inputs: Sequence[ForestInput]) -> ExtraTreesRegressor:
    """Return the estimator fitted to all samples of a site; its features are the inputs, in order."""
    table = _Table.of(samples, terms)
    problem = Problem(samples)
    columns = table.columns[:, [table.inputs.index(one) for one in inputs]]
    return _fitted(columns, _base(samples, terms, problem, -1), problem, -1)


@dataclass(frozen=True, slots=True)
class _Table:
    """What a forest may ask about: readings as they are, and each level of a category as 0 or 1.

    Attributes:
        inputs: What the columns are.
        columns: Of shape (n_rows, n_inputs).
    """

    inputs: tuple[ForestInput, ...]
    columns: Floats

    @classmethod
    def of(cls, samples: SiteSamples, terms: Terms) -> _Table:
        n_readings = samples.X.shape[1]
        latest = range(max(0, n_readings - _CONSIDERED), n_readings)
        kept = sorted({*latest, *(factor for term in terms for factor in term.factors)})
        inputs = [ForestInput(column) for column in kept]
        blocks = [samples.X[:, kept]]
        for index, category in enumerate(samples.categories):
            inputs += [ForestInput(index, level) for level in range(len(category.levels))]
            blocks.append((category.codes[:, None] == np.arange(len(category.levels))).astype(np.float64))
        return cls(tuple(inputs), np.hstack(blocks))

    def of_formula(self, terms: Terms) -> list[int]:
        """Return the columns of the readings that a formula multiplies."""
        return [self.inputs.index(ForestInput(factor)) for term in terms for factor in term.factors]

    def within(self, columns: Sequence[int], trained: Booleans) -> Booleans:
        """Tell which rows lie within the range of the trained ones, of shape (n_rows,)."""
        values = self.columns[:, list(columns)]
        low, high = values[trained].min(axis=0), values[trained].max(axis=0)
        slack = RANGE_SLACK * np.maximum(np.abs(low), np.abs(high))
        inside: Booleans = np.logical_and.reduce((values >= low - slack) & (values <= high + slack), axis=1)
        return inside


def _base(samples: SiteSamples, terms: Terms, problem: Problem, split: int) -> Floats:
    """Return what the formula, fitted to a split's training rows, says at every row, of shape (n_rows,)."""
    estimator = fit_terms(samples, terms, problem.weights[split])
    said: Floats = np.hstack([term_columns(samples, term) for term in terms]) @ estimator.coef_
    return np.maximum(said + estimator.intercept_, 1.0)


def _fitted(columns: Floats, base: Floats, problem: Problem, split: int) -> ExtraTreesRegressor:
    """Return a forest of the factors by which labels stand off the formula, fitted to a split's training rows."""
    factors = np.clip(problem.labels / base, *_FACTORS)
    estimator = ExtraTreesRegressor(_TREES, max_leaf_nodes=_MAX_LEAVES, max_features=None, random_state=_SEED)
    # An error of a factor is one of growth as a share of the formula's.
    weights = problem.weights[split] * base**2
    rows = weights > 0
    return estimator.fit(columns[rows], factors[rows], sample_weight=weights[rows] / weights[rows].mean())


def _telling_inputs(table: _Table, base: Floats, problem: Problem, split: int) -> list[int]:
    """Return the few columns by which a forest that sees all explains the factors best."""
    importances = np.nan_to_num(_fitted(table.columns, base, problem, split).feature_importances_)
    best = np.argsort(-importances, kind="stable")[:_MOST_INPUTS]
    least = max(_LEAST_IMPORTANCE * importances[best[0]], 1e-12)
    return sorted(int(column) for column in best if importances[column] >= least)


def _exported(tree: Any) -> Tree:
    leaf = tree.children_left < 0
    return Tree(
        tuple(np.where(leaf, LEAF, tree.feature).tolist()),
        tuple(np.where(leaf, 0.0, tree.threshold).tolist()),
        tuple(np.where(leaf, 0, tree.children_left).tolist()),
        tuple(np.where(leaf, 0, tree.children_right).tolist()),
        tuple(tree.value[:, 0, 0].tolist()),
    )
