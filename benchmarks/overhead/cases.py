"""What is read at a hit, and how: by a model, and by a person's own code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from peakahead.models.model import BreakpointModel
from peakahead.models.readings import Reading

from ..armed_functions import hit
from . import by_hand
from .models import model_of, stored

FOUND = stored(hit, "found")
_BEFORE = stored(hit, "before")


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of hit.

    Attributes:
        value: What is assigned, over and over: after the second hit nothing rises.
        model: Reads it; None for the no-op, which the bare mechanisms are compared by.
        written: Makes a person's own code for one invocation.
        other: What is assigned once, before the loop.
        length_read: True if it is the value's length that counts, for tools that have to be told.
    """

    value: Any
    model: BreakpointModel | None
    written: Callable[[Callable[[float], object], Any], Callable[[Any], object]]
    other: Any = 0
    length_read: bool = False


def cases(file: Any) -> dict[str, Case]:
    """Return the cases by what is read, the no-op first.

    Args:
        file: An open file.
    """

    def read(feature: str, fold: str = "max") -> BreakpointModel:
        return model_of(hit, (Reading(FOUND, (), feature, fold),))

    product = model_of(hit, (Reading(_BEFORE, (), "value", "last"), Reading(FOUND, (), "value", "max")))
    return {
        "no-op": Case(7, None, lambda _said, _other: by_hand.nothing),
        "a number": Case(7, read("value"), by_hand.number),
        "a length": Case([1, 2, 3], read("len"), by_hand.length, length_read=True),
        "an open file": Case(file, read("file_size"), by_hand.open_file),
        "a product": Case(7, product, by_hand.product, 9),
        "a running adjacent": Case(7, read("value", "adjacent"), by_hand.adjacent),
    }
