"""A call of a recorded function, from its begin to its end: what is written of it, and when.

A file that says `unfinished` is written when it begins, and replaced when it ends, so that of a process that was killed
it is known what ran. Of a call that raised, or ran at the same time as another, the file says so and no more.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from .origin import head_with
from .process import Running, around, process
from .recorded import Recorded
from .trace_folder import SUFFIX, TraceFolder

if TYPE_CHECKING:
    from .record import FunctionRecorder


class RecordedCall:
    """A call of a recorded function while it runs, recorded or not.

    Attributes:
        recorder: Its function's.
        outer: The call that it is inside of, in this thread or task.
        is_recorded: Whether it is to be recorded.
        is_overlapped: Whether another one ran meanwhile.
        is_over: Whether it ended.
    """

    __slots__ = ("_name", "_place", "_recorded", "is_over", "is_overlapped", "is_recorded", "outer", "recorder")

    def __init__(self, recorder: FunctionRecorder, outer: Running | None, is_recorded: bool) -> None:
        self.recorder = recorder
        self.outer = outer
        self.is_recorded = is_recorded
        self.is_over = self.is_overlapped = False
        self._name, self._place = "", 0
        self._recorded: Recorded | None = None

    def enter(self) -> None:
        """Be under way, in this thread or task."""
        self._place = process.enter(self)
        process.current.set(self)

    def record(self) -> None:
        """Write that it begins, so that it is known of if its process is killed; measure and trace it."""
        self._name = f"{process.name}-{self._place:06}"
        if self.is_overlapped:
            return
        try:
            self._write(head_with(self.recorder.origin(self._name, self._place, "unfinished")))
            self._recorded = self.recorder.prepared()  # known here before it begins, so that it ends whatever comes
            self._recorded.begin()
            self.recorder.has_begun(self._recorded)
        except BaseException:
            self._drop()
            raise

    def pause(self) -> None:
        if process.current.get() is self:
            process.current.set(next(around(self.outer), None))
        self._guarded("pause")

    def resume(self) -> None:
        self.outer = next(around(process.current.get()), None)
        process.current.set(self)
        self._guarded("resume")

    def _guarded(self, action: str) -> None:
        if self._recorded is not None:
            try:
                getattr(self._recorded, action)()
            except BaseException as error:
                if not self.recorder.spares(error):
                    raise
                self._drop()

    def end(self, error: BaseException | None) -> None:
        """End it: write what became of it over what was written when it began."""
        try:
            self._end(error)
        except BaseException as failure:
            self._drop()
            if not self.recorder.spares(failure):
                raise
        finally:
            self.leave()

    def _end(self, error: BaseException | None) -> None:
        recorded, recorder = self._recorded, self.recorder
        if self.is_over or not self._name:
            return
        if recorded is not None:
            recorded.end()
        if self.is_overlapped:
            recorder.count("overlapped")
            self._write(head_with(recorder.origin(self._name, self._place, "overlapped")))
        elif recorded is None:
            return
        elif recorded.failure:
            recorder.fails(recorded.failure)
            self._drop()
        elif error is None or isinstance(error, GeneratorExit):  # closed before its end, as its caller wishes
            origin = recorder.origin(self._name, self._place, "ok", recorded=recorded)
            self._write(recorded.content(origin))
            recorder.count("recorded")
        else:
            detail = _name_of(type(error))
            self._write(head_with(recorder.origin(self._name, self._place, "raised", detail, recorded)))
            recorder.count("raised")

    def leave(self) -> None:
        """Be over."""
        if process.current.get() is self:
            process.current.set(next(around(self.outer), None))
        self.is_over = True
        process.leave(self)
        if self._recorded is not None:
            self._recorded.close()
            self._recorded = None

    def abandon(self) -> None:
        """Write nothing, and leave the parent's file alone: this is a forked child."""
        if self._recorded is not None:
            self._recorded.abandon()
            self._recorded = None
        self._name = ""

    def _write(self, content: Any) -> None:
        # Not lasting: the function's caller waits, and a file that a power failure cut short is known for it.
        TraceFolder(self.recorder.folder).write_as(self._name + SUFFIX, content, lasting=False)

    def _drop(self) -> None:
        """Measure no more, and take back that it began."""
        if self._recorded is not None:
            self._recorded.close()
            self._recorded = None
        if self._name:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self.recorder.folder, self._name + SUFFIX))
            self._name = ""


class Inside:
    """A call inside of one of the same function: it is no invocation of its own."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def end(self, error: BaseException | None) -> None: ...


_name_of = type.__dict__["__name__"].__get__
