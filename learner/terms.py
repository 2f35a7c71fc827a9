"""The terms that a search puts together, as columns of numbers.

A term's values are a product of readings. Switched by a category it is one column a level, each zero where the
row's level is another: least squares then finds a coefficient for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..models.readings import Reading
from .formula_regressor import NonNegativeRegressor
from .samples import SiteSamples
from .traces import Floats


class TermSpec(NamedTuple):
    """A term by its columns.

    Attributes:
        factors: Indexes of the readings that it multiplies; none for a constant.
        switch: The index of the category that switches its coefficient, or None.
    """

    factors: tuple[int, ...]
    switch: int | None = None

    @property
    def complexity(self) -> int:
        return len(self.factors) + (self.switch is not None)


Terms = tuple[TermSpec, ...]
CONSTANT: Terms = (TermSpec(()),)


class ForestInput(NamedTuple):
    """What a forest asks about.

    Attributes:
        column: The index of a reading, or of a category where there is a level.
        level: The index of the level that counts as 1, or None.
    """

    column: int
    level: int | None = None


def complexity(terms: Terms) -> int:
    """Return how much there is to understand in a formula: factors, and categories that switch them."""
    return sum(term.complexity for term in terms)


def needed(samples: SiteSamples, terms: Terms) -> list[Reading]:
    """Return the readings of some terms, numbers and categories."""
    numbers = [samples.readings[factor] for term in terms for factor in term.factors]
    return numbers + [samples.categories[term.switch].reading for term in terms if term.switch is not None]


def same_terms(terms: Terms, samples: SiteSamples, other: SiteSamples) -> Terms | None:
    """Return the terms of one site by the columns of another's samples, None if it doesn't have all of them."""
    numbers = {reading: column for column, reading in enumerate(other.readings)}
    categories = {category.reading: index for index, category in enumerate(other.categories)}
    try:
        return tuple(
            TermSpec(
                tuple(numbers[samples.readings[factor]] for factor in term.factors),
                None if term.switch is None else categories[samples.categories[term.switch].reading],
            )
            for term in terms
        )
    except KeyError:
        return None


def products_of(X: Floats, products: Sequence[tuple[int, ...]]) -> Floats:
    """Return products of at most two columns each, of shape (n_rows, n_products); ones for a product of none."""
    padded = np.hstack([X, np.ones((len(X), 1))])
    first, second = np.array([(*factors, -1, -1)[:2] for factors in products]).T
    found: Floats = padded[:, first] * padded[:, second]
    return found


def term_columns(samples: SiteSamples, term: TermSpec) -> Floats:
    """Return a term's columns: one, or one a level of its category; of shape (n_rows, n_columns)."""
    values = products_of(samples.X[:, list(term.factors)], [tuple(range(len(term.factors)))])
    if term.switch is None:
        return values
    category = samples.categories[term.switch]
    own = category.codes[:, None] == np.arange(len(category.levels))
    columns: Floats = np.where(own, values, 0.0)
    return columns


def fit_terms(
    samples: SiteSamples, terms: Terms, weights: Floats, labels: Floats | None = None
) -> NonNegativeRegressor:
    """Return the formula of some terms as a fitted estimator; its features are the terms' columns, in order.

    Args:
        samples: Of the site.
        terms: The terms.
        weights: Of shape (n_rows,).
        labels: Other growth than the samples' own, of shape (n_rows,).
    """
    design = np.hstack([term_columns(samples, term) for term in terms])
    return NonNegativeRegressor().fit(design, samples.y if labels is None else labels, sample_weight=weights)


@dataclass(frozen=True, slots=True)
class Design:
    """The columns of many terms side by side, after a column of ones.

    Attributes:
        columns: Of shape (n_rows, n_columns), each scaled to at most 1.
        places: For each term, the indexes of its columns.
        switched: For each column, whether a category switches it, of shape (n_columns,).
    """

    columns: Floats
    places: dict[TermSpec, tuple[int, ...]]
    switched: Floats

    @classmethod
    def of(cls, samples: SiteSamples, terms: list[TermSpec]) -> Design:
        blocks: list[Floats] = [np.ones((len(samples.y), 1))]
        places = {}
        switched = [0.0]
        for term in terms:
            block = term_columns(samples, term)
            places[term] = tuple(range(len(switched), len(switched) + block.shape[1]))
            switched += [float(term.switch is not None)] * block.shape[1]
            blocks.append(block)
        columns = np.hstack(blocks)
        columns /= np.maximum(np.abs(columns).max(axis=0), 1e-300)
        return cls(columns, places, np.array(switched))
