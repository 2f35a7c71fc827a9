"""Formulas that a person can read, evaluated in plain Python: growth = c0 + the sum of ci x term.

A term is a running reading or a product of two. No coefficient is negative, so a larger reading never
lowers the forecast, also beyond the range that was trained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .fields import Fields

MAX_TERMS = 3
MAX_FACTORS = 2


@dataclass(frozen=True, slots=True)
class Term:
    """One summand of a formula.

    Attributes:
        coefficient: Bytes per unit of the product of the factors; not negative.
        factors: Indexes of the factors among the formula's readings; one or two, maybe the same twice.
    """

    coefficient: float
    factors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Formula:
    """Growth in bytes as a sum of few terms.

    Attributes:
        intercept: Bytes needed whatever the readings are; not negative.
        terms: At most three.
    """

    intercept: float
    terms: tuple[Term, ...] = ()

    def evaluate(self, values: Sequence[float]) -> float:
        """Return the growth in bytes.

        Args:
            values: The running readings, of shape (n_readings,), in the order that the terms index.
        """
        growth = self.intercept
        for term in self.terms:
            product = term.coefficient
            for factor in term.factors:
                product *= values[factor]
            growth += product
        return growth if growth > 0.0 else 0.0

    def compile(self) -> Callable[[Sequence[float]], float]:
        """Return `evaluate` with the commonest shape, one single reading, spelled out."""
        match self.terms:
            case (Term(coefficient, (index,)),):
                intercept = self.intercept

                def line(values: Sequence[float]) -> float:
                    growth = intercept + coefficient * values[index]
                    return growth if growth > 0.0 else 0.0

                return line
        return self.evaluate

    def to_json(self) -> dict[str, Any]:
        return {
            "intercept": self.intercept,
            "terms": [{"coefficient": term.coefficient, "factors": list(term.factors)} for term in self.terms],
        }

    @classmethod
    def from_json(cls, fields: Fields, n_readings: int) -> Formula:
        terms = []
        for term in fields.children("terms", most=MAX_TERMS):
            factors = term.items("factors", most=MAX_FACTORS)
            whole = all(isinstance(factor, int) and not isinstance(factor, bool) for factor in factors)
            if not factors or not whole or not all(0 <= factor < n_readings for factor in factors):
                raise term.complaint(f"one or two indexes below {n_readings}", "factors")
            terms.append(Term(term.number("coefficient", low=0.0), tuple(factors)))
        return cls(fields.number("intercept", low=0.0), tuple(terms))
