"""What this process is to the recordings of all functions: its name, what ran in it so far, and what runs now.

Memory belongs to the process. So of calls that run at the same time none can be told what it needs, whichever
functions they are of, and whether or not they were drawn to be recorded.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Protocol


class Running(Protocol):
    """A call of a recorded function, while it runs."""

    outer: Running | None
    is_over: bool
    is_recorded: bool
    is_overlapped: bool

    def abandon(self) -> None:
        """Write nothing: this is a forked process, and the call is the parent's."""


class Process:
    """This process.

    Attributes:
        name: Random, and so told from those of other machines' processes.
        n_begun: How many calls of recorded functions have begun.
        lock: Held for a moment while something here, or a recorder's count, changes.
    """

    def __init__(self) -> None:
        self.current: ContextVar[Running | None] = ContextVar("peakahead recorded", default=None)
        self.n_begun = 0
        self._is_now()

    def _is_now(self) -> None:
        self.name = os.urandom(8).hex()
        self.lock = threading.RLock()  # a signal handler may call a recorded function while one begins
        self._running: list[Running] = []

    def enter(self, run: Running) -> int:
        """Note that a call begins; return how many had begun before."""
        with self.lock:
            for other in self._running:
                if (run.is_recorded and other.is_recorded) or not (_is_inside(run, other) or _is_inside(other, run)):
                    run.is_overlapped = other.is_overlapped = True
            self._running.append(run)
            self.n_begun += 1
            return self.n_begun - 1

    def leave(self, run: Running) -> None:
        with self.lock:
            if run in self._running:
                self._running.remove(run)

    def forked(self) -> None:
        """Become another process, as warm as its parent."""
        running = self._running
        self._is_now()
        for run in running:
            run.is_over = True
            run.abandon()


def around(run: Running | None) -> Iterator[Running]:
    """Yield a call and those around it that aren't over, from the inside out."""
    while run is not None:
        if not run.is_over:
            yield run
        run = run.outer


def _is_inside(run: Running, other: Running) -> bool:
    return any(outer is other for outer in around(run.outer))


process = Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=process.forked)
