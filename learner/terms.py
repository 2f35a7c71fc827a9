"""The terms that a search puts together, as columns of numbers.

A term's values are a product of readings. Switched by a category it is one column a level, each zero where the
row's level is another: least squares then finds a coefficient for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

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


def complexity(terms: Terms) -> int:
    """Return how much there is to understand in a formula: factors, and categories that switch them."""
    return sum(term.complexity for term in terms)


def product_of(X: Floats, factors: tuple[int, ...]) -> Floats:
    """Return the product of some columns, of shape (n_rows,); ones if there are none."""
    product: Floats = X[:, factors[0]] if factors else np.ones(len(X))
    for factor in factors[1:]:
        product = product * X[:, factor]
    return product


def term_columns(samples: SiteSamples, term: TermSpec) -> Floats:
    """Return a term's columns: one, or one a level of its category; of shape (n_rows, n_columns)."""
    values = product_of(samples.X, term.factors)
    if term.switch is None:
        return values[:, None]
    category = samples.categories[term.switch]
    own = category.codes[:, None] == np.arange(len(category.levels))
    columns: Floats = np.where(own, values[:, None], 0.0)
    return columns


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
