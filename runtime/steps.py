"""What happens at a hit, for one invocation: read, fold, evaluate, and speak if the forecast rises.

A step is the closure of one site. It holds the invocation's running readings in its cells, so that a hit which
changes nothing costs a reading, a fold and a formula, and allocates nothing that stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..models.features import Read
from ..models.folds import FOLDS, Fold
from ..models.model import BreakpointModel
from ..models.readings import Path, Reading, compile_reading

Step = Callable[[Any], None]
Speak = Callable[[int, float, Sequence[float]], None]

# One reading function for each path and feature, however many invocations there are.
_READERS: dict[tuple[Path, str], Read] = {}
_MAX_READERS = 10_000


def ignore(_value: Any) -> None:
    """Do nothing: the step of an invocation that is over."""


def build_steps(model: BreakpointModel, speak: Speak) -> list[Step]:
    """Return one step a site of the model, in the order of `model.sites()`, for one invocation.

    Args:
        model: The model.
        speak: Called with a stage's index, its growth and its readings' values when the growth rises.
    """
    values: dict[Reading, float] = {}
    return [_site_step(model, site_index, values, speak) for site_index in range(len(model.sites()))]


def _site_step(model: BreakpointModel, site_index: int, values: dict[Reading, float], speak: Speak) -> Step:
    site = model.sites()[site_index]
    readings = list(dict.fromkeys(r for stage in model.stages for r in stage.readings if r.site == site))
    speaking = [
        (index, stage.readings, stage.formula.compile())
        for index, stage in enumerate(model.stages)
        if stage.site == site
    ]
    folds = [(reading, _reader(reading), FOLDS[reading.fold]()) for reading in readings]
    match folds, speaking:
        case [(reading, read, fold)], [(index, stage_readings, formula)] if stage_readings == (reading,):
            return _single_step(index, read, fold, formula, speak)
    return _general_step(folds, speaking, values, speak)


def _reader(reading: Reading) -> Read:
    key = (reading.path, reading.feature)
    found = _READERS.get(key)
    if found is None:
        if len(_READERS) >= _MAX_READERS:
            _READERS.clear()
        found = _READERS[key] = compile_reading(reading.path, reading.feature)
    return found


def _single_step(index: int, read: Read, fold: Fold, formula: Callable[[Sequence[float]], float], speak: Speak) -> Step:
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
    folds: list[tuple[Reading, Read, Fold]],
    speaking: list[tuple[int, tuple[Reading, ...], Callable[[Sequence[float]], float]]],
    values: dict[Reading, float],
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
