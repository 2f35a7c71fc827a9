"""What a call comes to: its value, or its exception as far as a person or a program can see it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import peakahead
from tests.programs.observing import armed


def outcome(call: Callable[[], Any]) -> tuple[Any, ...]:
    try:
        return ("returned", call())
    except BaseException as error:
        return ("raised", described(error))


def described(error: BaseException | None) -> Any:
    """Return all that belongs to an exception: its text, its notes, its traceback, and the same of those behind it."""
    if error is None:
        return None
    frames = [
        (frame.filename, frame.lineno, frame.end_lineno, frame.colno, frame.end_colno, frame.name, frame.line)
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.endswith(("outcomes.py", "conftest.py"))
    ]
    return {
        "type": type(error),
        "text": str(error),
        "arguments": [repr(argument) for argument in error.args],
        "notes": getattr(error, "__notes__", None),
        "frames": frames,
        "context": described(error.__context__),
        "cause": described(error.__cause__),
        "suppressed": error.__suppress_context__,
        "value": repr(getattr(error, "value", None)),
        "parts": [described(part) for part in getattr(error, "exceptions", ())],
    }


def same_outcome(call: Callable[[], Any], *functions: Callable[..., Any]) -> tuple[Any, ...]:
    """Run a call bare, armed outside of any invocation, and inside of one; require the same, and return it."""
    bare = outcome(call)
    with armed(*functions) as watched:
        assert outcome(call) == bare
        with peakahead.predict_memory(watched) as run:
            found = outcome(call)
        assert found == bare
    assert run.errors == []
    assert outcome(call) == bare  # and disarmed again
    return bare
