"""The breakpoint model: what training exports and production loads, as plain frozen records."""

from __future__ import annotations

import os

from .errors import InvalidModel
from .features import is_built_in, is_category
from .fields import Fields
from .fingerprints import Fingerprint
from .formulas import MAX_LEVELS, MOST_BYTES, Formula, Term, Value
from .readings import Reading
from .records import Record
from .report import Finding, Report
from .sites import FunctionRef, Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .forest import Forest

FORMAT = "peakahead model"
MAJOR, MINOR = 1, 0
MAX_STAGES = 16
MAX_STAGE_READINGS = 12
MAX_FINDINGS = 64

Seen = tuple[float, float] | frozenset[str]  # of a reading in training: its lowest and highest value, or its levels

# A range is met within this much: a coefficient doesn't break a percent beyond what it was fitted on.
RANGE_SLACK = 0.01


class UpperBound(Record):
    """How far above the expected growth the upper bound stands.

    Attributes:
        coverage: The share of invocations whose peak stays at or below the bound.
        margin: What to add, as a share of the expected growth and the grain.
        margin_beyond: The same where the readings lie beyond the training range.
        grain_bytes: What is added to the growth before the margin's share is taken: an allocator's grain is the
            same for small growth and large.
    """

    coverage: float
    margin: float
    margin_beyond: float
    grain_bytes: int

    def above(self, growth: float, beyond: bool) -> float:
        """Return the upper bound in bytes for an expected growth in bytes, finite as that is."""
        upper = growth + (self.margin_beyond if beyond else self.margin) * (growth + self.grain_bytes)
        return upper if upper < MOST_BYTES else max(growth, MOST_BYTES)

    def to_json(self) -> dict[str, Any]:
        return {
            "coverage": self.coverage,
            "margin": self.margin,
            "margin_beyond": self.margin_beyond,
            "grain_bytes": self.grain_bytes,
        }

    @classmethod
    def from_json(cls, fields: Fields) -> UpperBound:
        return cls(
            fields.number("coverage", 0.0, 1.0),
            fields.number("margin", 0.0),
            fields.number("margin_beyond", 0.0),
            fields.integer("grain_bytes"),
        )


class Stage(Record):
    """A breakpoint with a formula over the running readings known by then.

    Attributes:
        site: Where it speaks; at the start, before anything is read, it has no readings.
        readings: What the formula reads, at this site or at earlier ones.
        seen: What training saw of each reading, of shape (n_readings,): a number's lowest and highest value, a
            category's levels.
        formula: From the readings to the expected growth in bytes.
        bound: From the expected growth to the upper bound.
        error: The median relative error over invocations held out in training.
        error_larger: The same over the largest third of the invocations, after training on the others.
        lead: The median share of the growth that was still ahead at the site's first hit.
        hits: The median number of hits an invocation.
        forest: What corrects the formula within the training range, or None where the formula is good alone.
    """

    site: Site
    readings: tuple[Reading, ...]
    seen: tuple[Seen, ...]
    formula: Formula
    bound: UpperBound
    error: float
    error_larger: float
    lead: float
    hits: float
    forest: Forest | None = None

    def compile(self, positions: Sequence[int] | None = None) -> Callable[[Sequence[Value]], float]:
        """Return the function from running readings to the expected growth in bytes.

        Args:
            positions: Where the stage's readings stand among those that the function will be given, of shape
                (n_readings,); by default they are all that it is given, in order.
        """
        places = range(len(self.readings)) if positions is None else positions
        formula, forest = self.formula.at(places).compile(), self.forest
        if forest is None:
            return formula

        def corrected(values: Sequence[Value]) -> float:
            own = [values[place] for place in places]
            if self.is_beyond(own):
                return formula(values)
            growth = formula(values) * forest.evaluate(own)
            return growth if growth < MOST_BYTES else MOST_BYTES

        return corrected

    @property
    def is_line(self) -> bool:
        """True if the growth rises where its only reading does, and nowhere else."""
        match self.formula.terms:
            case (Term(_, (_,), None),):
                return self.forest is None and len(self.readings) == 1
        return False

    def is_beyond(self, values: Sequence[Value]) -> bool:
        """Tell whether any reading lies outside what training saw; values of shape (n_readings,)."""
        return any(_is_beyond(value, seen) for value, seen in zip(values, self.seen, strict=True))

    def to_json(self) -> dict[str, Any]:
        return {
            "site": self.site.to_json(),
            "readings": [reading.to_json() for reading in self.readings],
            "seen": [_seen_to_json(seen) for seen in self.seen],
            "formula": self.formula.to_json(),
            "bound": self.bound.to_json(),
            "error": self.error,
            "error_larger": self.error_larger,
            "lead": self.lead,
            "hits": self.hits,
            "forest": None if self.forest is None else self.forest.to_json(),
        }

    @classmethod
    def from_json(cls, fields: Fields) -> Stage:
        site = Site.from_json(fields.child("site"))
        readings = tuple(Reading.from_json(child) for child in fields.children("readings", MAX_STAGE_READINGS))
        if site.is_start and readings:
            raise fields.complaint("without readings at the start of the invocation")
        seen = tuple(_seen_from_json(child) for child in fields.children("seen", MAX_STAGE_READINGS))
        if len(seen) != len(readings):
            raise fields.complaint("one range or list of levels a reading", "seen")
        has_levels = [isinstance(one, frozenset) for one in seen]
        for reading, levels in zip(readings, has_levels, strict=True):
            if is_built_in(reading.feature) and is_category(reading.feature) is not levels:
                raise fields.complaint("a range of each number and the levels of each category", "seen")
            if levels and reading.fold != "last":
                raise fields.complaint("taken with the fold last where they are categories", "readings")
        return cls(
            site,
            readings,
            seen,
            Formula.from_json(fields.child("formula"), has_levels),
            UpperBound.from_json(fields.child("bound")),
            fields.number("error", 0.0),
            fields.number("error_larger", 0.0),
            fields.number("lead", 0.0, 1.0),
            fields.number("hits", 0.0),
            _forest_from_json(fields, has_levels),
        )


def _forest_from_json(fields: Fields, has_levels: Sequence[bool]) -> Forest | None:
    if not fields.has("forest"):
        return None
    from .forest import Forest  # few models have one, and a cold start counts

    return Forest.from_json(fields.child("forest"), has_levels)


def _is_beyond(value: Value, seen: Seen) -> bool:
    if isinstance(seen, frozenset):
        return value not in seen
    if isinstance(value, str):
        return True
    low, high = seen
    slack = RANGE_SLACK * max(abs(low), abs(high))
    return not low - slack <= value <= high + slack


def _seen_to_json(seen: Seen) -> dict[str, Any]:
    if isinstance(seen, frozenset):
        return {"levels": [{"level": level} for level in sorted(seen)]}
    return {"low": seen[0], "high": seen[1]}


def _seen_from_json(fields: Fields) -> Seen:
    if fields.has("levels"):
        return frozenset(level.text("level") for level in fields.children("levels", MAX_LEVELS))
    return fields.number("low"), fields.number("high")


class Training(Record):
    """How a model was trained.

    Attributes:
        invocations: How many were measured and used.
        failures: How many weren't, by what became of them: raised, timed out, killed.
        peak_range_bytes: The lowest and the highest peak growth among those used.
        meter: What measured them: rss, or heap (tracemalloc).
        isolation: How they were kept apart: forkserver or spawn.
        python: The Python version.
        platform: The operating system and processor.
        allocator: The C library, whose allocator decides what stays resident.
        notes: What a reader of the model should know, one sentence each.
        noise: The median relative difference of the peaks of equal invocations, or None if none was repeated.
    """

    invocations: int
    failures: dict[str, int]
    peak_range_bytes: tuple[int, int]
    meter: str
    isolation: str
    python: str
    platform: str
    allocator: str
    notes: tuple[str, ...] = ()
    noise: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "invocations": self.invocations,
            "failures": dict(self.failures),
            "lowest_peak_bytes": self.peak_range_bytes[0],
            "highest_peak_bytes": self.peak_range_bytes[1],
            "meter": self.meter,
            "isolation": self.isolation,
            "python": self.python,
            "platform": self.platform,
            "allocator": self.allocator,
            "notes": list(self.notes),
            "noise": self.noise,
        }

    @classmethod
    def from_json(cls, fields: Fields) -> Training:
        notes = fields.items("notes", 100)
        if not all(isinstance(note, str) and len(note) <= 1_000 for note in notes):
            raise fields.complaint("a list of short texts", "notes")
        return cls(
            fields.integer("invocations"),
            fields.counts("failures"),
            (fields.integer("lowest_peak_bytes"), fields.integer("highest_peak_bytes")),
            fields.text("meter"),
            fields.text("isolation"),
            fields.text("python"),
            fields.text("platform"),
            fields.text("allocator"),
            tuple(notes),
            fields.number("noise", 0.0) if fields.has("noise") else None,
        )


class BreakpointModel(Record, unshown=("training", "findings")):
    """What `learn` found: where to look, what to read, and what it says of the peak.

    `print(model)` shows it; `save` writes it; `peakahead.load` reads it back.

    Attributes:
        target: The function whose peak it predicts.
        stages: In the order in which they speak; the first is the start of the invocation.
        fingerprints: One for each function that a breakpoint lies in.
        training: How it was trained.
        findings: The sites that were searched, the best of them, best first.
    """

    target: FunctionRef
    stages: tuple[Stage, ...]
    fingerprints: tuple[Fingerprint, ...]
    training: Training
    findings: tuple[Finding, ...] = ()

    @property
    def breakpoint(self) -> Site:
        """Where the last, best-informed stage speaks."""
        return self.stages[-1].site

    def readings(self) -> list[Reading]:
        """Return every reading of the stages, each once, in order."""
        return list(dict.fromkeys(reading for stage in self.stages for reading in stage.readings))

    def categories(self) -> set[Reading]:
        """Return those of its readings that are texts."""
        return {
            reading
            for stage in self.stages
            for reading, seen in zip(stage.readings, stage.seen, strict=True)
            if isinstance(seen, frozenset)
        }

    def sites(self) -> list[Site]:
        """Return every site that must be armed: the readings' and the stages' own, each once, in order."""
        sites = [reading.site for reading in self.readings()]
        sites += [stage.site for stage in self.stages if not stage.site.is_start]
        return list(dict.fromkeys(sites))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as JSON, whole or not at all.

        Raises:
            InvalidModel: If the file can't be written.
        """
        from .file import save

        save(self, path)

    def report(self) -> Report:
        """Return why it looks where it does: the sites that were searched, and what became of each."""
        return Report(self.findings, self.training.noise)

    def __str__(self) -> str:
        from .summary import summary

        return summary(self)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": [MAJOR, MINOR],
            "target": self.target.to_json(),
            "stages": [stage.to_json() for stage in self.stages],
            "fingerprints": [fingerprint.to_json() for fingerprint in self.fingerprints],
            "training": self.training.to_json(),
            "findings": [finding.to_json() for finding in self.findings],
        }

    @classmethod
    def from_json(cls, data: Any) -> BreakpointModel:
        """Build a model from decoded JSON, every field checked.

        Raises:
            InvalidModel: If any field isn't as it should be.
        """
        fields = Fields(data, "model")
        stages = tuple(Stage.from_json(child) for child in fields.children("stages", MAX_STAGES))
        if not stages or not stages[0].site.is_start:
            raise fields.complaint("a list that opens with the start of the invocation", "stages")
        if any(stage.site.is_start for stage in stages[1:]):
            raise fields.complaint("a list in which only the first is the start of the invocation", "stages")
        model = cls(
            FunctionRef.from_json(fields.child("target")),
            stages,
            tuple(Fingerprint.from_json(child) for child in fields.children("fingerprints", 100)),
            Training.from_json(fields.child("training")),
            tuple(Finding.from_json(child) for child in fields.children("findings", MAX_FINDINGS)),
        )
        numbers = {
            reading
            for stage in stages
            for reading, seen in zip(stage.readings, stage.seen, strict=True)
            if not isinstance(seen, frozenset)
        }
        if numbers & model.categories():
            raise fields.complaint(
                "a list in which a reading is a number everywhere, or a category everywhere", "stages"
            )
        fingerprinted = {fingerprint.function for fingerprint in model.fingerprints}
        for site in model.sites():
            if site.function not in fingerprinted:
                raise InvalidModel(
                    f"model.fingerprints has none for {site.function}: the model file is damaged, "
                    "export it again with `learn`"
                )
        return model
