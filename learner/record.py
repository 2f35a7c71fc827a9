"""`record`: traces a function where it runs, one file an invocation.

The function comes first. Whatever fails here is kept from it, told of once by a warning, and counted. An invocation is
recorded whole or not at all: not where a debugger or coverage holds what tracing needs, not where another call of a
recorded function runs in the process at the same time.
"""

from __future__ import annotations

import contextlib
import os
import random
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..models.errors import InvalidOption, InvalidTrace, RecordingWarning
from ..models.fingerprints import source_digest
from ..models.guard import READING_ERRORS, is_from_signal_handler
from ..models.wrapping import wrapped
from .known_code import KnownCode
from .origin import Origin, environment
from .process import around, process
from .recorded import METER, SAMPLED_METER, Recorded
from .recorded_call import Inside, RecordedCall
from .scope import Scope
from .spelled import SpelledNames
from .target import reference, underlying_function
from .tracer import who_traces

if TYPE_CHECKING:
    from ..models.wrapping import Run

_Function = TypeVar("_Function", bound=Callable[..., Any])

ISOLATION = "in process"
_KEPT_FROM_IT = (*READING_ERRORS, InvalidTrace)
_INSIDE = Inside()
_random = random.SystemRandom()  # the function's own `random` may be seeded


@overload
def record(
    function: _Function, folder: str | os.PathLike[str], *, share: float = 1.0, categories: bool = False
) -> _Function: ...


@overload
def record(
    *, folder: str | os.PathLike[str], share: float = 1.0, categories: bool = False
) -> Callable[[_Function], _Function]: ...


def record(
    function: Any = None,
    folder: str | os.PathLike[str] | None = None,
    *,
    share: float = 1.0,
    categories: bool = False,
) -> Any:
    """Trace a function's invocations where it runs, and write one file of each into a folder, for `fit`.

    Usable as `record(function, folder)` and as `@record(folder=folder)`, on functions, methods, coroutine functions and
    generators. Each recorded invocation is measured in the process as it is, after a garbage collection. A call of the
    function inside itself belongs to the invocation that is under way. What is recorded, and what isn't and why, is
    counted in the wrapper's `recorder`, a `FunctionRecorder`.

    The files hold numbers, and names that stand in the code; short texts only as digests, keys and attributes only
    where the code spells them.

    Args:
        function: The function; None to get a decorator.
        folder: Where the files go; made at the first invocation, if it isn't there. Many machines may share it.
        share: The share of the invocations to record, drawn at random.
        categories: Whether short texts may be written as they are.

    Raises:
        InvalidOption: If an option has a value that it can't take, or `function` can't be wrapped.
        InvalidTarget: If there is no Python function behind it.
    """
    if folder is None:
        raise InvalidOption("record was given no folder: say where the traces go, with folder=")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0.0 <= share <= 1.0:
        raise InvalidOption(f"share={share!r} is not a share: give a number from 0 to 1, such as 0.1")
    path = os.path.abspath(os.fspath(folder))  # now, as the function may go to another working directory

    def decorate(function: Any) -> Any:
        if isinstance(function, staticmethod | classmethod):
            return type(function)(decorate(function.__func__))
        if not callable(function):
            raise InvalidOption(f"{function!r} can't be recorded: give a function, or something else that is callable")
        recorder = FunctionRecorder(function, path, share, categories)
        wrapper: Any = wrapped(function, recorder.begin)
        wrapper.recorder = recorder
        return wrapper

    return decorate if function is None else decorate(function)


class FunctionRecorder:
    """Records the invocations of one function.

    Args:
        function: The function.
        folder: Where the files go.
        share: The share of the invocations to record.
        categories: Whether short texts may be written as they are.

    Attributes:
        recorded: How many invocations have their trace in the folder.
        raised: How many of the rest ended by an exception; their files say so.
        skipped: How many weren't drawn.
        overlapped: How many ran while another call of a recorded function did; their files say so.
        hindered: How many were left alone, since a debugger, a profiler or coverage was at work.
        failed: How many couldn't be recorded, or their file not be written.
    """

    def __init__(self, function: Callable[..., Any], folder: str, share: float, categories: bool) -> None:
        self.recorded = self.raised = self.skipped = self.overlapped = self.hindered = self.failed = 0
        self.folder = folder
        self.share = share
        self._remade_from = function, folder, share, categories
        code_of = underlying_function(function, with_source=False)
        self._target = reference(code_of)
        self._place = code_of.__code__.co_filename, code_of.__code__.co_firstlineno
        self._source = source_digest(code_of.__code__)
        self._spelled = SpelledNames(scope := Scope.of(code_of))
        self._named = None if categories else self._spelled
        self._known = KnownCode(scope.matcher(), self._spelled.add)
        self._has_recorded = False
        self._told: set[str] = set()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._remade_from  # what travels to another process counts anew there

    def begin(self) -> Run:
        """Begin an invocation, or go on with the one that this call is inside of."""
        outer = process.current.get()
        if any(isinstance(run, RecordedCall) and run.recorder is self for run in around(outer)):
            return _INSIDE
        is_drawn = self.share >= 1.0 or _random.random() < self.share
        hindrance = who_traces() if is_drawn else ""
        call = RecordedCall(self, outer, is_drawn and not hindrance and bool(self._source))
        try:
            call.enter()
            if not is_drawn:
                self.count("skipped")
            elif hindrance:
                self.count("hindered")
                self._tell("hindered", f"{hindrance} is at work, and isn't taken away: nothing is recorded meanwhile")
            elif not self._source:
                self.count("failed")
                self._tell("source", "its source can't be found, so production couldn't tell what was recorded")
            else:
                call.record()
        except BaseException as error:
            if not self.spares(error):
                call.leave()
                raise
        return call

    def prepared(self) -> Recorded:
        """Return what is to measure and trace an invocation."""
        environment()
        if self._named is not None:
            self._named.add_modules()
        return Recorded(self._known, self._named, not self._has_recorded)

    def has_begun(self, recorded: Recorded) -> None:
        """Note that an invocation is measured and traced from here on."""
        self._has_recorded = True
        if recorded.is_sampled:
            self._tell(
                "sampled",
                "the high-water mark of this process can't be reset: peaks are sampled, and short ones may be missed",
            )

    def origin(self, name: str, place: int, status: str, detail: str = "", recorded: Recorded | None = None) -> Origin:
        """Return where a trace comes from."""
        return Origin(
            self._target,
            name,
            status,
            detail,
            True,
            recorded.peak_bytes if recorded is not None else 0,
            SAMPLED_METER if recorded is not None and recorded.is_sampled else METER,
            ISOLATION,
            *environment(),
            source=self._source,
            process=process.name,
            place=place,
            baseline_bytes=recorded.baseline_bytes if recorded is not None else 0,
        )

    def count(self, what: str) -> None:
        with process.lock:
            setattr(self, what, getattr(self, what) + 1)
        if what == "overlapped":
            self._tell(
                "overlapped",
                "calls of recorded functions overlap in one process, where their memory can't be told apart: they are "
                "left out; let a process serve one at a time, or record a smaller share",
            )

    def spares(self, error: BaseException) -> bool:
        """Keep an error of ours from the function: tell of it once; return whether it is one."""
        if not isinstance(error, _KEPT_FROM_IT) or is_from_signal_handler(error):
            return False
        self.count("failed")
        self._tell("failed", str(error) if isinstance(error, InvalidTrace) else f"recording failed, by {error!r}")
        return True

    def fails(self, failure: str) -> None:
        """Note that tracing raised an error of this class."""
        self.count("failed")
        self._tell("traced", f"tracing failed, by {failure}: that invocation is left out")

    def _tell(self, kind: str, what: str) -> None:
        if kind in self._told:
            return
        self._told.add(kind)
        # Where warnings are errors, or their display fails, that mustn't be the function's.
        with contextlib.suppress(RecordingWarning, *READING_ERRORS):
            warnings.warn_explicit(f"{self._target}: {what}", RecordingWarning, *self._place)
