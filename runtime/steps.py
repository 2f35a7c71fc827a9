"""What happens at a hit: read, fold, evaluate, and speak if the forecast rises.

A step is a function of one site, made once for all invocations. What it knows of an invocation, its running readings
above all, stands in that invocation's state: one list, copied from a blank one when it begins, in which each step has
places of its own. So beginning an invocation makes nothing but that list, and a hit which changes nothing costs a
reading and a comparison, and allocates nothing that stays.

The rules of a step. It is the function's guest: what a reading may raise says nothing, save what a signal handler
raised meanwhile; what a registered reading raises is reported besides. Only reading and evaluating are guarded, so
that what `on_forecast` raises on request passes. A refusal is returned, for the hook to raise: then a traceback has
one line of ours. Which function reads a class's values is looked up when the class changes; class and function are
kept as one pair, since another thread may be in the same step.
"""

from __future__ import annotations

import math

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
    from .invocation import Invocation

    Refusal = PredictedMemoryExceeded | None
    Step = Callable[[Invocation, Any], Refusal]
    Take = Callable[[Invocation, list[Any], Any], None]
    Evaluate = Callable[[Invocation, list[Any]], Refusal]

# Folds by which the folded number passes the highest so far just where the number itself does.
_LIKE_ITSELF = {"last", "max"}

_NO_READER: tuple[type | None, Read | None] = (None, None)


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
        steps: For each site, in the order of `model.sites()`, what a hit does.
        blank: The state of an invocation that begins: first its readings, then what the steps keep.
        names: For each stage, its readings' names.
    """

    steps: list[Step]
    blank: list[Any]
    names: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, model: BreakpointModel) -> Plan:
        # Readings are told apart by a number: hashing one hashes all that it is made of.
        numbers = {reading: number for number, reading in enumerate(model.readings())}
        categories = model.categories()
        taken = {reading: Taken.of(number, reading, reading in categories) for reading, number in numbers.items()}
        blank: list[Any] = [None] * len(numbers)
        blank.append(0)  # how often a reading changed
        steps = [_step(model, site, taken, blank) for site in model.sites()]
        return cls(steps, blank, tuple(tuple(map(str, stage.readings)) for stage in model.stages))


def no_step(_invocation: Invocation, _value: Any) -> None:
    """Do nothing: the step of an invocation that is over."""


def _place(blank: list[Any], value: Any) -> int:
    """Return a place in the state that is a step's own, and holds this at the beginning."""
    blank.append(value)
    return len(blank) - 1


def _step(model: BreakpointModel, site: Site, taken: dict[Reading, Taken], blank: list[Any]) -> Step:
    own = [take for reading, take in taken.items() if reading.site == site]
    speaking = [(index, stage) for index, stage in enumerate(model.stages) if stage.site == site]
    # What a stage elsewhere asks for must be kept for it.
    is_kept = any(reading.site == site for stage in model.stages if stage.site != site for reading in stage.readings)
    match own, speaking:
        case [only], [(index, stage)] if stage.is_line and taken[stage.readings[0]] is only and not is_kept:
            return _line_step(only, index, stage.compile(), blank)
    takes = [_take(one, len(taken), blank) for one in own]
    evaluations = [
        _evaluation(index, stage, [taken[reading].number for reading in stage.readings], blank)
        for index, stage in speaking
    ]
    return _general_step(takes, evaluations, len(taken), blank)


def _line_step(taken: Taken, index: int, growth_of: Callable[[Sequence[Value]], float], blank: list[Any]) -> Step:
    """Return the step of the commonest shape: one reading, and one stage whose growth rises just where it does."""
    is_plain = taken.fold in _LIKE_ITSELF
    bind, errors, make_fold = taken.bind_quick if is_plain else taken.bind, taken.errors, FOLDS[taken.fold]
    reader, fold = _place(blank, _NO_READER), _place(blank, None)
    highest, highest_growth = _place(blank, -math.inf), _place(blank, -math.inf)

    def rise(invocation: Invocation, state: list[Any], folded: Any) -> Refusal:
        if not is_sound(folded):
            return None
        known = (folded,)
        growth = growth_of(known)
        state[highest] = folded
        if not growth > state[highest_growth]:
            return None
        state[highest_growth] = growth
        refusal = invocation.speak(index, growth, known)
        if refusal is not None:
            state[highest] = state[highest_growth] = -math.inf  # so that trying it again is refused again
        return refusal

    def step(invocation: Invocation, value: Any) -> Refusal:
        state = invocation.state
        cls, read = state[reader]
        try:
            if type(value) is not cls:
                read = bind(type(value))
                state[reader] = type(value), read
            if read is None:
                return None
            number: Any = read(value)
            if number is None or not number > state[highest]:
                return None
        except errors as error:
            _failed(error, taken, invocation)
            return None
        return rise(invocation, state, number)

    # Spelled out beside its twin: what both could share would be one more call in every hit.
    def folding_step(invocation: Invocation, value: Any) -> Refusal:
        state = invocation.state
        cls, read = state[reader]
        try:
            if type(value) is not cls:
                read = bind(type(value))
                state[reader] = type(value), read
            if read is None:
                return None
            number: Any = read(value)
            if number is None:
                return None
            folded = (state[fold] or _begin_fold(state, fold, make_fold))(number)
            if not folded > state[highest]:
                return None
        except errors as error:
            _failed(error, taken, invocation)
            return None
        return rise(invocation, state, folded)

    return step if is_plain else folding_step


def _begin_fold(state: list[Any], place: int, make_fold: Callable[[], Fold]) -> Fold:
    fold = state[place] = make_fold()
    return fold


def _failed(error: Exception, taken: Taken, invocation: Invocation) -> None:
    """Swallow what a reading raised, unless it isn't the reading's; report what is the user's to mend."""
    if taken.is_reported:
        invocation.count_error(f"the reading {taken.name}", error)
    elif is_from_signal_handler(error):  # a time limit of the host's, say
        raise error


def _general_step(takes: list[Take], evaluations: list[Evaluate], changes: int, blank: list[Any]) -> Step:
    seen = _place(blank, -1)  # the changes when the stages were last evaluated

    def step(invocation: Invocation, value: Any) -> Refusal:
        state = invocation.state
        for take in takes:
            take(invocation, state, value)
        if state[changes] == state[seen]:
            return None
        state[seen] = state[changes]
        refusal = None
        for evaluate in evaluations:
            refusal = evaluate(invocation, state) or refusal
        if refusal is not None:
            state[seen] = -1  # so that trying it again is refused again
        return refusal

    return step


def _take(taken: Taken, changes: int, blank: list[Any]) -> Take:
    """Return what takes a reading of a value, and folds it."""
    bind, errors, number = taken.bind, taken.errors, taken.number
    make_fold = None if taken.fold == "last" else FOLDS[taken.fold]
    reader, fold = _place(blank, _NO_READER), _place(blank, None)

    def take(invocation: Invocation, state: list[Any], value: Any) -> None:
        cls, read = state[reader]
        try:
            if type(value) is not cls:
                read = bind(type(value))
                state[reader] = type(value), read
            if read is None:
                return
            found = read(value)
            if found is None:
                return
            if make_fold is not None:
                found = (state[fold] or _begin_fold(state, fold, make_fold))(found)
            if found != state[number]:
                state[number] = found
                state[changes] += 1
        except errors as error:
            _failed(error, taken, invocation)

    return take


def _evaluation(index: int, stage: Stage, places: Sequence[int], blank: list[Any]) -> Evaluate:
    """Return what evaluates a stage, and speaks if its growth rose."""
    growth_of = stage.compile(places)
    highest, is_ready = _place(blank, -math.inf), _place(blank, False)

    def evaluate(invocation: Invocation, state: list[Any]) -> Refusal:
        if not state[is_ready]:
            state[is_ready] = all(state[place] is not None for place in places)
            if not state[is_ready]:  # one of them hasn't been read yet: this stage can't say anything
                return None
        try:
            growth = growth_of(state)
        except READING_ERRORS as error:
            invocation.count_error(f"stage {index + 1}", error)
            return None
        if not growth > state[highest]:
            return None
        state[highest] = growth
        refusal = invocation.speak(index, growth, tuple([state[place] for place in places]))
        if refusal is not None:
            state[highest] = -math.inf
        return refusal

    return evaluate
