"""The training invocations: what the function is called with."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..models.errors import InvalidInvocation


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of the target.

    Attributes:
        args: Positional arguments.
        kwargs: Keyword arguments.
    """

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


InvocationLike = Invocation | tuple[Any, ...] | Mapping[str, Any]


def normalise(function: Callable[..., Any], invocations: Iterable[InvocationLike]) -> list[Invocation]:
    """Return the invocations as `Invocation`s that fit the function.

    Raises:
        InvalidInvocation: If one is neither a tuple, a dict nor an `Invocation`, or doesn't fit the signature.
    """
    try:
        signature = inspect.signature(function)
    except ValueError:  # a callable that hides it: the call itself will tell
        signature = None
    found = []
    for number, item in enumerate(invocations, 1):
        match item:
            case Invocation():
                invocation = item
            case tuple():
                invocation = Invocation(item)
            case Mapping():
                invocation = Invocation((), dict(item))
            case _:
                raise InvalidInvocation(
                    f"invocation {number} is a {type(item).__name__}: give a tuple of arguments, such as (path,), "
                    "a dict of keyword arguments, or an Invocation"
                )
        if signature is not None:
            _check(signature, invocation, number, getattr(function, "__qualname__", repr(function)))
        found.append(invocation)
    return found


def _check(signature: inspect.Signature, invocation: Invocation, number: int, name: str) -> None:
    try:
        signature.bind(*invocation.args, **invocation.kwargs)
    except TypeError as error:
        raise InvalidInvocation(
            f"invocation {number} doesn't fit {name}{signature}: {error}; correct its arguments"
        ) from None


def read_invocations(path: str | os.PathLike[str]) -> tuple[list[Invocation], list[str]]:
    """Read invocations from JSON Lines: an array is positional, an object keyword arguments.

    An object of just `args` and `kwargs` is both. Blank lines are skipped.

    Returns:
        The invocations, and a complaint for each line that is none, by its number.

    Raises:
        InvalidInvocation: If the file can't be read, or has no invocation in it.
    """
    path = os.fspath(path)
    found: list[Invocation] = []
    complaints: list[str] = []
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    try:
                        found.append(invocation_from_json(json.loads(line)))
                    except (ValueError, RecursionError) as error:
                        complaints.append(f"{path}, line {number}: {error}; the line is left out")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInvocation(f"{path} can't be read ({error}): give a JSON Lines file of invocations") from error
    if not found:
        first = f" ({complaints[0]})" if complaints else ""
        raise InvalidInvocation(f"{path} has no invocation in it{first}: write one JSON array or object a line")
    return found, complaints


def invocation_from_json(data: Any) -> Invocation:
    """Return the invocation that a JSON array or object writes; ValueError if it is neither."""
    match data:
        case list():
            return Invocation(tuple(data))
        case {"args": list() as args, "kwargs": dict() as kwargs, **rest} if not rest:
            return Invocation(tuple(args), kwargs)
        case dict():
            return Invocation((), data)
    raise ValueError(f"a JSON array or object is wanted, not {json.dumps(data)[:40]}")
