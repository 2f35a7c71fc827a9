"""What a model would have said of a recorded invocation: production's rules, over a trace instead of live variables.

A trace holds every reading that production takes, in order, so a forecast can be drawn beside the memory that it was
about, without running the function again. As in production a hit that doesn't offer a reading changes nothing, a stage
speaks when its growth rises above all that it said before, and is dropped once a later stage has spoken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..models.fingerprints import Fingerprint
from ..models.folds import FOLDS, Fold
from ..models.formulas import Value
from ..models.guard import READING_ERRORS
from ..models.model import BreakpointModel
from ..models.readings import Reading
from .traces import SiteHits, Trace


@dataclass(frozen=True, slots=True)
class Said:
    """One forecast.

    Attributes:
        stage: The stage's place in the model.
        elapsed_s: Seconds since the invocation began.
        growth_bytes: The expected growth.
        upper_bytes: Its upper bound.
        values: What the stage's readings were, of shape (n_readings,).
        extrapolating: True if one of them lies beyond what training saw.
    """

    stage: int
    elapsed_s: float
    growth_bytes: float
    upper_bytes: float
    values: tuple[Value, ...]
    extrapolating: bool


def is_same_code(model: BreakpointModel, trace: Trace) -> bool:
    """Tell whether a trace is of the code that the model was trained on, in all functions that it came to."""
    traced = {fingerprint.function: fingerprint for fingerprint in trace.fingerprints}
    return all(
        _is_same(fingerprint, traced[fingerprint.function])
        for fingerprint in model.fingerprints
        if fingerprint.function in traced
    )


def _is_same(one: Fingerprint, other: Fingerprint) -> bool:
    return bool(one.source and one.source == other.source) or not one.code.items().isdisjoint(other.code.items())


def replay(model: BreakpointModel, trace: Trace) -> tuple[Said, ...]:
    """Return every forecast of the invocation, in order; the first stands from its start on."""
    running: dict[Reading, Value] = {}
    folds = {reading: FOLDS[reading.fold]() for reading in model.readings()}
    growth_of = [stage.compile() for stage in model.stages]
    highest = [-math.inf] * len(model.stages)
    said: list[Said] = []

    def speak(index: int, elapsed_s: float) -> None:
        stage = model.stages[index]
        if not all(reading in running for reading in stage.readings):
            return
        values = tuple(running[reading] for reading in stage.readings)
        try:
            growth = growth_of[index](values)
        except READING_ERRORS:
            return
        if growth > highest[index]:
            highest[index] = growth
            if not said or index >= said[-1].stage:
                beyond = stage.is_beyond(values)
                said.append(Said(index, elapsed_s, growth, stage.bound.above(growth, beyond), values, beyond))

    speak(0, 0.0)
    speaking = {site: [i for i, stage in enumerate(model.stages) if stage.site == site] for site in model.sites()}
    taken = {site: [reading for reading in folds if reading.site == site] for site in speaking}
    hits = ((int(order), site, place) for site in speaking if site in trace.hits
            for place, order in enumerate(trace.hits[site].order))  # fmt: skip
    for _, site, place in sorted(hits, key=lambda hit: hit[0]):
        for reading in taken[site]:
            _take(running, reading, folds[reading], trace.hits[site], place)
        for index in speaking[site]:
            speak(index, float(trace.hits[site].elapsed_s[place]))
    return tuple(said)


def _take(running: dict[Reading, Value], reading: Reading, fold: Fold, hits: SiteHits, place: int) -> None:
    column = reading.path, reading.feature
    if column not in hits.columns:
        return
    number = float(hits.columns[column][place])
    if not math.isfinite(number):
        return
    levels = hits.levels.get(column)
    running[reading] = levels[int(number)] if levels is not None else fold(number)
