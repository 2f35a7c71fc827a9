"""What happens at a hit, for one invocation: read, fold, evaluate, and speak if the forecast rises.

A step is the closure of one site. It holds the invocation's running readings in its cells, so that a hit which
changes nothing costs a reading, a fold and a formula, and allocates nothing that stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..models.features import Read, is_built_in
from ..models.folds import FOLDS, Fold
from ..models.formulas import Value
from ..models.model import BreakpointModel
from ..models.readings import Path, Reading, compile_reading
from ..models.sites import Site

Step = Callable[[Any], None]
Speak = Callable[[int, float, Sequence[Value]], None]
Values = dict[int, Value]  # running readings by their numbers

# One reading function for each path and feature, however many invocations there are.
_READERS: dict[tuple[Path, str, bool], Read] = {}
_MAX_READERS = 10_000


def ignore(_value: Any) -> None:
    """Do nothing: the step of an invocation that is over."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be worked out of a model once, for all its invocations.

    Attributes:
        makers: For each site, in the order of `model.sites()`, what makes its step for an invocation.
        names: For each stage, its readings' names.
    """

    makers: tuple[Callable[[Values, Speak], Step], ...]
    names: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, model: BreakpointModel) -> Plan:
        return cls(
            tuple(_maker(model, site) for site in model.sites()),
            tuple(tuple(map(str, stage.readings)) for stage in model.stages),
        )

    def steps(self, speak: Speak) -> list[Step]:
        """Return one step a site, for one invocation.

        Args:
            speak: Called with a stage's index, its growth and its readings' values when the growth rises.
        """
        values: Values = {}
        return [make(values, speak) for make in self.makers]


def _maker(model: BreakpointModel, site: Site) -> Callable[[Values, Speak], Step]:
    # Readings are told apart by a number: hashing one hashes all that it is made of.
    numbers = {reading: number for number, reading in enumerate(model.readings())}
    categories = model.categories()
    own = [
        (numbers[reading], _reader(reading, reading in categories), FOLDS[reading.fold])
        for reading in numbers
        if reading.site == site
    ]
    speaking = [
        (index, tuple(numbers[reading] for reading in stage.readings), stage.compile())
        for index, stage in enumerate(model.stages)
        if stage.site == site
    ]
    # What a stage elsewhere asks for must be kept for it.
    is_kept = any(reading.site == site for stage in model.stages if stage.site != site for reading in stage.readings)
    match own, speaking:
        case [(number, read, fold)], [(index, (only,), formula)] if only == number and not is_kept:
            return lambda _values, speak: _single_step(index, read, fold(), formula, speak)
    return lambda values, speak: _general_step([(n, r, f()) for n, r, f in own], speaking, values, speak)


def _reader(reading: Reading, is_category: bool) -> Read:
    key = (reading.path, reading.feature, is_category)
    found = _READERS.get(key)
    if found is None:
        if len(_READERS) >= _MAX_READERS:
            _READERS.clear()
        found = compile_reading(reading.path, reading.feature)
        if not is_built_in(reading.feature):
            found = _of_kind(found, str if is_category else float)
        _READERS[key] = found
    return found


def _of_kind(read: Read, kind: type) -> Read:
    """Return a registered feature's reader that says nothing where it gives a text for a number, or the reverse."""

    def checked(value: Any) -> Value | None:
        found = read(value)
        return found if isinstance(found, kind) else None

    return checked


def _single_step(index: int, read: Read, fold: Fold, formula: Callable[[Sequence[Value]], float], speak: Speak) -> Step:
    """Return the step of the commonest shape: one reading, and one stage that reads nothing else."""
    highest = float("-inf")

    def step(value: Any) -> None:
        nonlocal highest
        number = read(value)
        if number is None:
            return
        known = (fold(number),)
        growth = formula(known)
        if growth > highest:
            highest = growth
            speak(index, growth, known)

    return step


def _general_step(
    folds: list[tuple[int, Read, Fold]],
    speaking: list[tuple[int, tuple[int, ...], Callable[[Sequence[Value]], float]]],
    values: Values,
    speak: Speak,
) -> Step:
    highest = {index: float("-inf") for index, _, _ in speaking}

    def step(value: Any) -> None:
        for reading, read, fold in folds:
            number = read(value)
            if number is not None:
                values[reading] = fold(number)
        for index, stage_readings, formula in speaking:
            try:
                known = [values[reading] for reading in stage_readings]
            except KeyError:  # one of them hasn't been read yet: this stage can't say anything
                continue
            growth = formula(known)
            if growth > highest[index]:
                highest[index] = growth
                speak(index, growth, known)

    return step
