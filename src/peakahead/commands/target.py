"""Functions and invocations as they are named on the command line."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import click
from rich.markup import escape

from ..learner.invocations import Invocation, invocation_from_json, read_invocations
from ..models.errors import InvalidInvocation, InvalidTarget
from .console import errors


def import_function(name: str) -> Callable[..., Any]:
    """Return the function that `module:function` or `module:Class.method` names.

    Raises:
        InvalidTarget: If there is none.
    """
    module_name, qualname = check_name(name)
    import_from_here()
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
        raise InvalidTarget(
            f"the module {module_name} can't be imported ({type(error).__name__}: {error}): "
            "run from the folder that holds it, or install it"
        ) from error
    for part in qualname.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise InvalidTarget(f"{module_name} has no {qualname}: check the name after the colon") from None
    if not callable(found):
        raise InvalidTarget(f"{name} is a {type(found).__name__}, not a function: check the name after the colon")
    function: Callable[..., Any] = found
    return function


def check_name(name: str) -> tuple[str, str]:
    """Return the module and the function that a name has in it.

    Raises:
        InvalidTarget: If it is no name of a function.
    """
    module_name, _, qualname = name.partition(":")
    if not module_name or not qualname:
        raise InvalidTarget(f"{name!r} names no function: write module:function, such as app.handlers:resize")
    return module_name, qualname


def import_from_here() -> None:
    """Let modules be imported from the working directory, as `python -m` would have it."""
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())


def invocations_option(required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "-i",
        "--invocations",
        required=required,
        metavar="CALLS.JSONL",
        help="JSON Lines: an array of positional or an object of keyword arguments a line.",
    )


def load_invocations(path: str | None, arguments: str | None = None) -> list[Invocation]:
    """Return the invocations of a JSON Lines file, saying which lines are left out, or the one given as JSON."""
    if path is not None:
        found, complaints = read_invocations(path)
        for complaint in complaints:
            errors.print(f"[yellow]warning:[/] {escape(complaint)}", soft_wrap=True)
        return found
    if arguments is None:
        return [Invocation()]
    try:
        return [invocation_from_json(json.loads(arguments))]
    except ValueError as error:
        raise InvalidInvocation(f"--args is no invocation ({error}): write a JSON array or object") from error
