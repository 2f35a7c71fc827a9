"""Reads variables from frames that run."""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any

from ..models.attributes import MISSING
from .facts import FRAME_KEEPS_A_COPY

# Where a frame keeps a copy: the references to it that are the frame's, the asker's and `getrefcount`'s own. With
# more, the function itself holds what `locals()` gave it, and nothing may be taken out.
UNSHARED = 3


def assigned(frame: FrameType, variable: str) -> Any:
    """Return the value of a local or global variable, or MISSING."""
    try:
        return frame.f_locals[variable]
    except KeyError:
        return frame.f_globals.get(variable, MISSING)


def _assigned_and_no_copy(frame: FrameType, variable: str) -> Any:
    """Return the same, and let go of the copy that it's read from."""
    namespace: Any = frame.f_locals
    value = namespace.get(variable, MISSING)
    if sys.getrefcount(namespace) == UNSHARED:
        namespace.clear()
    return frame.f_globals.get(variable, MISSING) if value is MISSING else value


# For a frame without a trace function: nothing renews its copy, whose values would live on in it; and nothing writes
# it back, as happens to a frame that has one.
assigned_now = _assigned_and_no_copy if FRAME_KEEPS_A_COPY else assigned


def is_running_further_out(code: CodeType, frame: FrameType) -> bool:
    """Tell whether one of the frames that led to this one runs the same code."""
    caller = frame.f_back
    while caller is not None:
        if caller.f_code is code:
            return True
        caller = caller.f_back
    return False
