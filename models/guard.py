"""What keeps the errors of a reading from the function, and lets pass what a signal handler raises meanwhile.

A reading of a closed or half-made object may raise. But time limits and request timeouts raise from signal handlers,
which run between any two bytecodes, also ours, and their errors are of any class. So the classes that a reading can
raise are named, and an error that came through a handler goes on.
"""

from __future__ import annotations

import sys
from functools import partial
from types import CodeType, FunctionType, MethodType

from .attributes import class_attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

# What the standard library and the libraries of the rows raise of objects that are closed, freed or half made.
READING_ERRORS = (
    ArithmeticError,
    AttributeError,
    BufferError,
    LookupError,
    MemoryError,
    OSError,
    ReferenceError,
    RuntimeError,
    TypeError,
    ValueError,
)


def guarded(
    read: Callable[[Any], T | None], errors: tuple[type[Exception], ...] = READING_ERRORS
) -> Callable[[Any], T | None]:
    """Return a reader that says None where the reading raises one of the errors that readings raise."""

    def guard(value: Any) -> T | None:
        try:
            return read(value)
        except errors as error:
            if is_from_signal_handler(error):
                raise
            return None

    return guard


def is_from_signal_handler(error: BaseException) -> bool:
    """Tell whether an error was raised in a signal handler of this process, or in what it called."""
    signals: Any = sys.modules.get("_signal")
    if signals is None:
        return False
    set_ones = [handler for handler in map(signals.getsignal, range(1, signals.NSIG)) if callable(handler)]
    handlers = [code for code in map(_code_of, set_ones) if code is not None]
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if any(code is handler for handler in handlers):
            return True
        trace = trace.tb_next
    return False


def _code_of(handler: Any) -> CodeType | None:
    """Return the code that a handler runs: a function's, a method's, what a partial wraps, or what a callable calls."""
    for _ in range(10):
        if type(handler) is FunctionType:
            return handler.__code__
        if type(handler) is MethodType:
            handler = handler.__func__
        elif type(handler) is partial:
            handler = handler.func
        else:
            handler = class_attribute(type(handler), "__call__")
            if type(handler) is not FunctionType:
                break
    return None
