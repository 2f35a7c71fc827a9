"""Pickles what a child process is to run: functions of a script or a notebook cell by value, as cloudpickle does.

Their code objects travel whole. cloudpickle leaves out the name of the source file, by which the child knows whose
code is the user's own, and finds the source that fingerprints are taken of.
"""

from __future__ import annotations

import io
import marshal
from collections import ChainMap
from types import CodeType
from typing import Any, ClassVar

import cloudpickle


def _reduce_code(code: CodeType) -> tuple[Any, ...]:
    return marshal.loads, (marshal.dumps(code),)  # the child runs the same Python


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle is untyped
    dispatch_table: ClassVar[ChainMap[Any, Any]] = ChainMap(
        {CodeType: _reduce_code}, cloudpickle.Pickler.dispatch_table
    )


def dumps(value: object) -> bytes:
    """Return the pickled value; raises what pickling it raises."""
    file = io.BytesIO()
    _Pickler(file).dump(value)
    return file.getvalue()
