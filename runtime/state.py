"""A model's state in this process: its invocations under way, and the hooks that find theirs."""

from __future__ import annotations

import sys
from _contextvars import ContextVar  # what `contextvars` has

from ..models.model import BreakpointModel
from .hooks import named
from .steps import Plan
from .warmth import Warmth

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from weakref import ReferenceType

    from .hooks import Hook
    from .invocation import Invocation

    Names = dict[tuple[str, str], ReferenceType[Any]]


class Armed:
    """A model's state in this process.

    Attributes:
        model: The model; held, since it is found by its id.
        plan: What its invocations share.
        baseline_bytes: What the process holds cold: the least that it held when an invocation began; 0 before.
        current: The invocation that this thread or task is in.
        active: All that are under way, for threads that they started.
        hooks: What was made for its sites.
        is_armed: False if its breakpoints couldn't be set.
        is_warm: True once an invocation has ended, of which the process may keep freed memory.
        warmth: What its invocations have shown that a warm process can't reuse.
        is_unheard: True if the latest invocation to end has hit no breakpoint.
        names: What its modules had under its functions' names when it was armed, by module and name.
        has_warned: True once an error was told of: after that, `run.errors` alone tells.
    """

    def __init__(self, model: BreakpointModel) -> None:
        self.model = model
        self.plan = Plan.of(model)
        self.baseline_bytes = 0
        self.current: ContextVar[Invocation | None] = ContextVar("peakahead invocation", default=None)
        self.active: list[Invocation] = []
        self.hooks: list[Hook] = []
        self.is_armed = False
        self.is_warm = False
        self.warmth = Warmth()
        self.is_unheard = False
        self.names: Names = {}
        self.has_warned = False

    def hook(self, index: int) -> Hook:
        """Return what is called with the variable at the model's site of this index."""
        get = self.current.get
        active, sole = self.active, self.sole
        is_ending = sys.is_finalizing

        def hook(value: Any) -> None:
            invocation = get() or (sole() if active else None)
            while invocation is not None:
                try:
                    refused = invocation.steps[index](invocation, value)
                except RecursionError:  # the function has room for the hook, and for no more
                    if invocation.raises_errors:
                        raise
                    return
                except Exception:  # at the interpreter's end, modules are emptied while objects still go
                    if is_ending():
                        return
                    raise
                if refused is not None:
                    try:
                        raise refused  # by `limit` of predict_memory, at the breakpoint in the line above
                    finally:
                        del refused  # a frame that held its own error would keep the function's variables alive
                invocation = invocation.outer

        return named(hook)

    def sole(self) -> Invocation | None:
        """Return the invocation that a thread without one must have been started in, or None where several could be."""
        active = self.active[:]  # other threads come and go
        if not active:
            return None
        innermost = active[-1]
        n = 0
        invocation: Invocation | None = innermost
        while invocation is not None:
            n += 1
            invocation = invocation.outer
        return innermost if n == len(active) else None

    def note_beginning(self, resident: int) -> None:
        """Take what the process holds when an invocation begins.

        Growth counts from there, as in training: not from where the model was armed, since what a process loads after
        that isn't the function's, nor from the first invocation alone, whose arguments may be large.
        """
        if resident < self.baseline_bytes or not self.baseline_bytes:
            self.baseline_bytes = resident

    def enter(self, invocation: Invocation) -> None:
        """Begin an invocation: this thread or task is in it."""
        self.active.append(invocation)
        self.resume(invocation)

    def resume(self, invocation: Invocation) -> None:
        """Let this thread or task be in an invocation; what is hit there counts for those around it, too."""
        around = _under_way(self.current.get())
        if around is not invocation:
            invocation.outer = around
            self.current.set(invocation)
            if invocation.measurement is not None:
                invocation.measurement.resume()

    def pause(self, invocation: Invocation) -> None:
        """Let this thread or task be in what is around an invocation, until it goes on."""
        if self.current.get() is invocation:  # else it goes on in another context, or one inside of it isn't over
            self.current.set(_under_way(invocation.outer))
            if invocation.measurement is not None:  # what its caller runs meanwhile, as a generator's, is no part of it
                invocation.measurement.pause()

    def leave(self, invocation: Invocation) -> None:
        """End an invocation."""
        self.pause(invocation)
        invocation.stop()
        self.active.remove(invocation)
        self.is_warm = True
        self.is_unheard = invocation.is_unheard
        invocation.conclude()


def _under_way(invocation: Invocation | None) -> Invocation | None:
    while invocation is not None and invocation.is_over:
        invocation = invocation.outer
    return invocation
