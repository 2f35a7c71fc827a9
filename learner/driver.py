"""What explains the last stage's forecast best: what it is drawn against.

One reading, where the formula has no other; a product, where it has one product alone; a curve for each level of the
category that switches it. Several terms, or a forest, make no curve over one number: those are drawn against what the
stage says. Where nothing is read at all, against the peaks' ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..models.formulas import Value
from ..models.model import Stage
from ..models.readings import Reading

_BYTES = ("bytes", "_size")  # one of them is in the names of features that are sizes


@dataclass(frozen=True, slots=True)
class Driver:
    """What a stage's growth is drawn against.

    Attributes:
        label: Its name.
        in_bytes: Whether it is a size.
        levels: The category's levels that have a curve of their own; one empty text where there is no category.
        seen: What training saw of it, lowest and highest, or None where that is no range of this number.
        is_growth: True if it is the forecast itself.
        of: From the stage's readings to the number, and to the level.
        growth_at: From the number and a level to the expected growth in bytes.
    """

    label: str
    in_bytes: bool
    levels: tuple[str, ...]
    seen: tuple[float, float] | None
    is_growth: bool
    of: Callable[[Sequence[Value]], tuple[float, str]]
    growth_at: Callable[[float, str], float]


def driver(stage: Stage) -> Driver:
    """Return what to draw a stage's forecast against; the stage reads something."""
    terms = stage.formula.terms
    products = {tuple(sorted(term.factors)) for term in terms if term.factors}
    factors = sorted({factor for product in products for factor in product})
    switches = sorted({term.switch.reading for term in terms if term.switch is not None})
    if stage.forest is not None or not products or len(switches) > 1 or min(len(factors), len(products)) > 1:
        return _of_growth(stage)
    switch = switches[0] if switches else None
    levels: tuple[str, ...] = ("",)
    if switch is not None:
        levels = tuple(sorted({level for term in terms if term.switch for level in term.switch.coefficients}))
    low, high = 1.0, 1.0
    for factor in factors:
        seen = stage.seen[factor]
        assert isinstance(seen, tuple)  # a factor is a number
        low, high = low * seen[0], high * seen[1]

    def of(values: Sequence[Value]) -> tuple[float, str]:
        number = 1.0
        for factor in factors:
            number *= float(values[factor])
        return number, "" if switch is None else str(values[switch])

    def growth_at(number: float, level: str) -> float:
        values: list[Value] = [1.0] * len(stage.readings)
        values[factors[0]] = number  # of a product, the others are 1
        if switch is not None:
            values[switch] = level
        return stage.formula.evaluate(values)

    read = [stage.readings[factor] for factor in factors]
    return Driver(
        " x ".join(map(str, read)), len(read) == 1 and _is_size(read[0]), levels, (low, high), False, of, growth_at
    )


def _of_growth(stage: Stage) -> Driver:
    growth_of = stage.compile()
    return Driver(
        "forecast",
        True,
        ("",),
        None,
        True,
        lambda values: (growth_of(values), ""),
        lambda number, _: number,
    )


def _is_size(reading: Reading) -> bool:
    return any(part in reading.feature for part in _BYTES) and reading.fold != "count"
