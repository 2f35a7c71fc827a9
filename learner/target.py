"""The function to learn: what it is, and whether it can be learned."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

from ..models.errors import InvalidTarget
from ..models.sites import FunctionRef


def underlying_function(target: Callable[..., Any], with_source: bool = True) -> FunctionType:
    """Return the Python function that runs the target's body, behind methods, partials and wrapping decorators.

    Args:
        target: What may be called.
        with_source: Whether its source must be there.

    Raises:
        InvalidTarget: If there is none, as for a builtin, or none whose source can be found.
    """
    found: Any = target
    for _ in range(100):  # a chain of wrappers that leads back to itself
        if isinstance(found, functools.partial):
            found = found.func
        elif hasattr(found, "__wrapped__"):
            found = found.__wrapped__
        elif inspect.ismethod(found):
            found = found.__func__
        elif (
            not inspect.isroutine(found)
            and not isinstance(found, type)
            and inspect.ismethod(
                getattr(found, "__call__", None)  # noqa: B004 - not whether it is callable, but what runs then
            )
        ):
            found = found.__call__
        else:
            break
    name = getattr(target, "__qualname__", repr(target))
    if isinstance(found, type):
        raise InvalidTarget(f"{name} is a class: give a function or a method, such as the one that builds it")
    if not isinstance(found, FunctionType):
        kind = "implemented in C" if callable(found) else "not callable"
        raise InvalidTarget(f"{name} is {kind}, so it has no lines to trace: give the Python function that calls it")
    if not with_source:
        return found
    try:
        inspect.getsource(found)
    except (OSError, TypeError) as error:
        raise InvalidTarget(
            f"{name} has no source that can be found ({error}), so production couldn't tell whether it still runs "
            "what was trained: define it in a file or a notebook cell"
        ) from error
    return found


def reference(function: FunctionType) -> FunctionRef:
    """Return a function's name in models: its code's, which a renaming decorator doesn't change."""
    return FunctionRef(function.__module__, function.__code__.co_qualname)
