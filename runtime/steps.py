"""What happens at a hit, for one invocation: read, fold, evaluate, and speak if the forecast rises.

A step is the closure of one site. It holds the invocation's running readings in its cells, so that a hit which
changes nothing costs a reading and a comparison, and allocates nothing that stays.

The rules of a step. It is the function's guest: what a reading may raise says nothing, save what a signal handler
raised meanwhile; what a registered reading raises is reported besides. Only reading and evaluating are guarded, so
that what `on_forecast` raises on request passes. A refusal is returned, for the hook to raise: then a traceback has
one line of ours. Which function reads a class's values is looked up when the class changes; class and function are
kept as one pair, since another thread may be in the same step.
"""

from __future__ import annotations

from ..models.features import is_built_in, is_sound
from ..models.folds import FOLDS
from ..models.formulas import Value
from ..models.guard import READING_ERRORS, is_from_signal_handler
from ..models.model import BreakpointModel, Stage
from ..models.readings import Reading, compile_quick, compile_reading, errors_of
from ..models.records import Record
from ..models.sites import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ..models.errors import PredictedMemoryExceeded
    from ..models.features import Read
    from ..models.folds import Fold

    Refusal = PredictedMemoryExceeded | None
    Step = Callable[[Any], Refusal]
    Speak = Callable[[int, float, Sequence[Value]], Refusal]
    Report = Callable[[str, Exception], None]  # what failed, and how

# Folds by which the folded number passes the highest so far just where the number itself does.
_LIKE_ITSELF = {"last", "max"}


class Running:
    """An invocation's running readings.

    Attributes:
        values: By the readings' numbers, None where nothing is known yet.
        changes: How often one of them changed.
    """

    __slots__ = ("changes", "values")

    def __init__(self, n_readings: int) -> None:
        self.values: list[Any] = [None] * n_readings
        self.changes = 0


class Taken(Record):
    """How one reading is taken.

    Attributes:
        number: The reading's place among the invocation's running readings.
        name: What a report calls it.
        bind: From a value's class to what reads its values, or None.
        bind_quick: The same, where it is asked afterwards whether a number is sound.
        errors: What that may raise.
        is_reported: True if what it raises is the user's mistake, not a value that has nothing to say.
        fold: Its name.
    """

    number: int
    name: str
    bind: Callable[[type], Read | None]
    bind_quick: Callable[[type], Read | None]
    errors: tuple[type[Exception], ...]
    is_reported: bool
    fold: str

    @classmethod
    def of(cls, number: int, reading: Reading, is_category: bool) -> Taken:
        built_in = is_built_in(reading.feature)
        bind = compile_reading(reading.path, reading.feature)
        if not built_in:
            bind = _of_kind(bind, str if is_category else float)
        quick = compile_quick(reading.feature) if built_in and not (is_category or reading.path) else bind
        return cls(number, str(reading), bind, quick, errors_of(reading.feature), not built_in, reading.fold)


def _of_kind(bind: Callable[[type], Read | None], kind: type) -> Callable[[type], Read | None]:
    """Return the same for a registered feature, silent where it gives a text for a number, or the reverse."""

    def bind_checked(cls: type) -> Read | None:
        read = bind(cls)
        if read is None:
            return None

        def checked(value: Any) -> Value | None:
            found = read(value)
            return found if isinstance(found, kind) else None

        return checked

    return bind_checked


class Plan(Record):
    """What can be worked out of a model once, for all its invocations.

    Attributes:
        n_readings: How many running readings an invocation has.
        makers: For each site, in the order of `model.sites()`, what makes its step for an invocation.
        names: For each stage, its readings' names.
    """

    n_readings: int
    makers: tuple[Callable[[Running, Speak, Report], Step], ...]
    names: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, model: BreakpointModel) -> Plan:
        # Readings are told apart by a number: hashing one hashes all that it is made of.
        numbers = {reading: number for number, reading in enumerate(model.readings())}
        categories = model.categories()
        taken = {reading: Taken.of(number, reading, reading in categories) for reading, number in numbers.items()}
        return cls(
            len(numbers),
            tuple(_maker(model, site, taken) for site in model.sites()),
            tuple(tuple(map(str, stage.readings)) for stage in model.stages),
        )

    def steps(self, speak: Speak, report: Report) -> list[Step]:
        """Return one step a site, for one invocation.

        Args:
            speak: Called with a stage's index, its growth and its readings' values when the growth rises; what it
                returns is the step's.
            report: Called with what failed and its error; raises it if it is a signal handler's.
        """
        running = Running(self.n_readings)
        return [make(running, speak, report) for make in self.makers]


def _maker(model: BreakpointModel, site: Site, taken: dict[Reading, Taken]) -> Callable[[Running, Speak, Report], Step]:
    own = [take for reading, take in taken.items() if reading.site == site]
    speaking = [(index, stage) for index, stage in enumerate(model.stages) if stage.site == site]
    # What a stage elsewhere asks for must be kept for it.
    is_kept = any(reading.site == site for stage in model.stages if stage.site != site for reading in stage.readings)
    match own, speaking:
        case [only], [(index, stage)] if stage.is_line and taken[stage.readings[0]] is only and not is_kept:
            growth_of = stage.compile()
            return lambda _running, speak, report: _line_step(only, index, growth_of, speak, report)
    stages = [
        _Speaking(index, stage, tuple(taken[reading].number for reading in stage.readings)) for index, stage in speaking
    ]
    return lambda running, speak, report: _general_step(own, stages, running, speak, report)


def _line_step(
    taken: Taken, index: int, growth_of: Callable[[Sequence[Value]], float], speak: Speak, report: Report
) -> Step:
    """Return the step of the commonest shape: one reading, and one stage whose growth rises just where it does."""
    is_plain = taken.fold in _LIKE_ITSELF
    bind, errors = taken.bind_quick if is_plain else taken.bind, taken.errors
    fold: Fold = FOLDS[taken.fold]()
    reader: tuple[type | None, Read | None] = None, None
    highest = highest_growth = float("-inf")

    def rise(folded: Any) -> Refusal:
        nonlocal highest, highest_growth
        if not is_sound(folded):
            return None
        known = (folded,)
        growth = growth_of(known)
        highest = folded
        if not growth > highest_growth:
            return None
        highest_growth = growth
        refusal = speak(index, growth, known)
        if refusal is not None:
            highest = highest_growth = float("-inf")  # so that trying it again is refused again
        return refusal

    def read_of(cls: type) -> Read | None:
        nonlocal reader
        read = bind(cls)
        reader = cls, read
        return read

    def step(value: Any) -> Refusal:
        cls, read = reader
        try:
            if type(value) is not cls:
                read = read_of(type(value))
            if read is None:
                return None
            number: Any = read(value)
            if number is None or not number > highest:
                return None
        except errors as error:
            _failed(error, taken, report)
            return None
        return rise(number)

    # Spelled out beside its twin: what both could share would be one more call in every hit.
    def folding_step(value: Any) -> Refusal:
        cls, read = reader
        try:
            if type(value) is not cls:
                read = read_of(type(value))
            if read is None:
                return None
            number: Any = read(value)
            if number is None:
                return None
            folded = fold(number)
            if not folded > highest:
                return None
        except errors as error:
            _failed(error, taken, report)
            return None
        return rise(folded)

    return step if is_plain else folding_step


def _failed(error: Exception, taken: Taken, report: Report) -> None:
    """Swallow what a reading raised, unless it isn't the reading's; report what is the user's to mend."""
    if taken.is_reported:
        report(f"the reading {taken.name}", error)
    elif is_from_signal_handler(error):  # a time limit of the host's, say
        raise error


class _Speaking(Record):
    """A stage that speaks at a site.

    Attributes:
        index: Its place in the model.
        stage: The stage.
        places: Where its readings stand among the invocation's.
    """

    index: int
    stage: Stage
    places: tuple[int, ...]


def _general_step(own: list[Taken], speaking: list[_Speaking], running: Running, speak: Speak, report: Report) -> Step:
    takes = [_take(taken, running, report) for taken in own]
    evaluations = [_evaluation(one, running, speak, report) for one in speaking]
    seen = -1  # the changes when the stages were last evaluated

    def step(value: Any) -> Refusal:
        nonlocal seen
        for take in takes:
            take(value)
        if running.changes == seen:
            return None
        seen = running.changes
        refusal = None
        for evaluate in evaluations:
            refusal = evaluate() or refusal
        if refusal is not None:
            seen = -1  # so that trying it again is refused again
        return refusal

    return step


def _take(taken: Taken, running: Running, report: Report) -> Callable[[Any], None]:
    """Return what takes a reading of a value, and folds it."""
    bind, errors, number = taken.bind, taken.errors, taken.number
    fold = None if taken.fold == "last" else FOLDS[taken.fold]()
    values = running.values
    reader: tuple[type | None, Read | None] = None, None

    def take(value: Any) -> None:
        nonlocal reader
        cls, read = reader
        try:
            if type(value) is not cls:
                read = bind(type(value))
                reader = type(value), read
            if read is None:
                return
            found = read(value)
            if found is None:
                return
            if fold is not None:
                found = fold(found)
            if found != values[number]:
                values[number] = found
                running.changes += 1
        except errors as error:
            _failed(error, taken, report)

    return take


def _evaluation(speaking: _Speaking, running: Running, speak: Speak, report: Report) -> Callable[[], Refusal]:
    """Return what evaluates a stage, and speaks if its growth rose."""
    index, places, values = speaking.index, speaking.places, running.values
    growth_of = speaking.stage.compile(places)
    highest = float("-inf")
    is_ready = False

    def evaluate() -> Refusal:
        nonlocal highest, is_ready
        if not is_ready:
            is_ready = all(values[place] is not None for place in places)
            if not is_ready:  # one of them hasn't been read yet: this stage can't say anything
                return None
        try:
            growth = growth_of(values)
        except READING_ERRORS as error:
            report(f"stage {index + 1}", error)
            return None
        if not growth > highest:
            return None
        highest = growth
        refusal = speak(index, growth, tuple(values[place] for place in places))
        if refusal is not None:
            highest = float("-inf")
        return refusal

    return evaluate
