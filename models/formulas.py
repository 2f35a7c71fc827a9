"""Formulas that a person can read, evaluated in plain Python: growth = c0 + the sum of ci x term.

A term is a running reading or a product of two, and its coefficient may be switched by a category: so many bytes
a pixel for one image mode, so many for another. No coefficient is negative, so a larger reading never lowers the
forecast, also beyond the range that was trained.
"""

from __future__ import annotations

from .fields import Fields
from .records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

MAX_TERMS = 3
MAX_FACTORS = 2
MAX_LEVELS = 16
MOST_BYTES = 2.0**63  # more than there is; what overflows, as the square of a reading of 1e308, is said to be this

Value = float | str  # what is read: a number, or a category's level


class Switch(Record):
    """What chooses a term's coefficient.

    Attributes:
        reading: The index of the category among the formula's readings.
        coefficients: By level, each at least 0.
    """

    reading: int
    coefficients: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        levels = [{"level": level, "coefficient": value} for level, value in self.coefficients.items()]
        return {"reading": self.reading, "levels": levels}

    @classmethod
    def from_json(cls, fields: Fields, n_readings: int) -> Switch:
        levels = {
            level.text("level"): level.number("coefficient", 0.0) for level in fields.children("levels", MAX_LEVELS)
        }
        if not levels:
            raise fields.complaint("at least one level", "levels")
        return cls(fields.integer("reading", high=n_readings - 1), levels)


class Term(Record):
    """One summand of a formula.

    Attributes:
        coefficient: Bytes per unit of the product of the factors; not negative. With a switch, what holds for a
            level that the switch doesn't know: its largest.
        factors: Indexes of the factors among the formula's readings: one or two, maybe the same twice; none
            where a switch adds a constant.
        switch: What chooses another coefficient, or None.
    """

    coefficient: float
    factors: tuple[int, ...]
    switch: Switch | None = None

    @classmethod
    def switched(cls, factors: tuple[int, ...], switch: Switch) -> Term:
        return cls(max(switch.coefficients.values()), factors, switch)


class Formula(Record):
    """Growth in bytes as a sum of few terms.

    Attributes:
        intercept: Bytes needed whatever the readings are; not negative.
        terms: At most three.
    """

    intercept: float
    terms: tuple[Term, ...] = ()

    def evaluate(self, values: Sequence[Any]) -> float:
        """Return the growth in bytes, finite whatever the readings are.

        Args:
            values: The running readings, of shape (n_readings,), in the order that the terms index.
        """
        growth = self.intercept
        for term in self.terms:
            switch = term.switch
            product = term.coefficient if switch is None else switch.coefficients.get(values[switch.reading])
            if product is None:
                product = term.coefficient
            for factor in term.factors:
                product *= values[factor]
            growth += product
        if growth < MOST_BYTES:
            return growth if growth > 0.0 else 0.0
        return MOST_BYTES

    def at(self, positions: Sequence[int]) -> Formula:
        """Return the formula for readings that stand elsewhere.

        Args:
            positions: Of each of its readings, of shape (n_readings,), the index that it has there.
        """
        return Formula(self.intercept, tuple(_term_at(term, positions) for term in self.terms))

    def compile(self) -> Callable[[Sequence[Any]], float]:
        """Return `evaluate` with the commonest shapes spelled out: one reading, and a product of two."""
        intercept = self.intercept
        match self.terms:
            case (Term(coefficient, (index,), None),):

                def line(values: Sequence[Any]) -> float:
                    growth: float = intercept + coefficient * values[index]
                    if growth < MOST_BYTES:
                        return growth if growth > 0.0 else 0.0
                    return MOST_BYTES

                return line
            case (Term(coefficient, (one, other), None),):

                def product(values: Sequence[Any]) -> float:
                    growth: float = intercept + coefficient * values[one] * values[other]
                    if growth < MOST_BYTES:
                        return growth if growth > 0.0 else 0.0
                    return MOST_BYTES

                return product
        return self.evaluate

    def to_json(self) -> dict[str, Any]:
        return {"intercept": self.intercept, "terms": [_term_to_json(term) for term in self.terms]}

    @classmethod
    def from_json(cls, fields: Fields, is_category: Sequence[bool]) -> Formula:
        """Build a formula from decoded JSON.

        Args:
            fields: The formula's fields.
            is_category: For each of its readings, whether it is a category.
        """
        terms = []
        for term in fields.children("terms", most=MAX_TERMS):
            switch = Switch.from_json(term.child("switch"), len(is_category)) if term.has("switch") else None
            factors = term.items("factors", most=MAX_FACTORS)
            whole = all(isinstance(factor, int) and not isinstance(factor, bool) for factor in factors)
            if not whole or not all(0 <= factor < len(is_category) for factor in factors):
                raise term.complaint(f"one or two indexes below {len(is_category)}", "factors")
            if any(is_category[factor] for factor in factors) or not (factors or switch):
                raise term.complaint("indexes of readings that are numbers", "factors")
            if switch is not None and not is_category[switch.reading]:
                raise term.complaint("the index of a category", "switch.reading")
            terms.append(Term(term.number("coefficient", low=0.0), tuple(factors), switch))
        return cls(fields.number("intercept", low=0.0), tuple(terms))


def _term_at(term: Term, positions: Sequence[int]) -> Term:
    switch = term.switch
    if switch is not None:
        switch = Switch(positions[switch.reading], switch.coefficients)
    return Term(term.coefficient, tuple(positions[factor] for factor in term.factors), switch)


def _term_to_json(term: Term) -> dict[str, Any]:
    fields: dict[str, Any] = {"coefficient": term.coefficient, "factors": list(term.factors)}
    if term.switch is not None:
        fields["switch"] = term.switch.to_json()
    return fields
