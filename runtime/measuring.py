"""Measures the highest resident size of this process while invocations run.

The kernel keeps one mark for the whole process, which each invocation sets back as it begins. So what the mark had
reached is noted, before that, for all that are under way. Where two run at the same time, neither's own memory can be
told from the other's; one that runs inside of another is a part of that one, which alone is told.
"""

from __future__ import annotations

import os
import threading
from _contextvars import ContextVar  # what `contextvars` has
from weakref import WeakSet

from ..models.high_water import high_water_bytes, reset_high_water

_lock = threading.RLock()  # a signal handler may begin an invocation while one is begun
_under_way: WeakSet[Measurement] = WeakSet()  # one whose beginning a signal handler broke off is gone


class Measurement:
    """What is measured of one invocation; it is under way until its `end`.

    Attributes:
        is_overlapped: True if another ran meanwhile that isn't a part of it.
    """

    __slots__ = ("__weakref__", "_above", "_around", "_highest", "is_overlapped")

    def __init__(self) -> None:
        self.is_overlapped = False
        self._highest = 0
        self._around = _current.get()
        with _lock:
            around = self._all_around()
            mark = _note_mark()
            # Where it can't be set back, only what rises above it is known.
            self._above = 0 if reset_high_water() else mark
            for other in _under_way:
                self.is_overlapped = True
                other.is_overlapped |= other not in around
            _under_way.add(self)
        _current.set(self)

    def pause(self) -> None:
        """Let what begins from now on be no part of it: a generator's caller goes on."""
        if _current.get() is self:
            _current.set(self._around)

    def resume(self) -> None:
        """Let what begins from now on be a part of it again."""
        around = _current.get()
        if around is not self and (around is None or self not in around._all_around()):  # else what is inside goes on
            self._around = around
            _current.set(self)

    def end(self) -> int | None:
        """Return the highest resident size in bytes since it began, or None where the system doesn't tell."""
        with _lock:
            _note_mark()
            if self not in _under_way:  # in a child that was forked meanwhile, whose mark is another
                self._highest = 0
            _under_way.discard(self)
        if _current.get() is self:  # else it ends in another context, or those inside of it haven't ended
            _current.set(self._around)
        self._around = None
        return self._highest or None

    def _all_around(self) -> list[Measurement]:
        found = []
        around = self._around
        while around is not None:
            found.append(around)
            around = around._around
        return found

    def _note(self, mark: int) -> None:
        if mark > self._above and mark > self._highest:
            self._highest = mark


_current: ContextVar[Measurement | None] = ContextVar("peakahead measurement", default=None)


def _note_mark() -> int:
    mark = high_water_bytes()
    for measurement in _under_way:
        measurement._note(mark)
    return mark


def _begin_anew() -> None:
    """In a forked child: what was under way is the parent's."""
    global _lock
    _lock = threading.RLock()
    _under_way.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
