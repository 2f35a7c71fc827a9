"""The entry arguments as a table of numbers, for the baselines."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peakahead import Invocation

_DEPTH = 4
_MOST_LEVELS = 8


class EntryArguments:
    """Turns invocations into rows: a column a number, and a column a level of each category.

    A text is its length, and a category where training saw at most eight different ones, each on average more than
    once. An absent value is 0.

    Args:
        function: The function that is invoked; it gives the arguments their names and defaults.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._signature = inspect.signature(function)

    def fit(self, invocations: Sequence[Invocation]) -> EntryArguments:
        rows = [dict(self._leaves(invocation)) for invocation in invocations]
        names = list(dict.fromkeys(name for row in rows for name in row))
        self.columns_: list[tuple[str, str | None]] = []
        for name in names:
            values = [row[name] for row in rows if name in row]
            levels = Counter(value for value in values if isinstance(value, str))
            if not levels:
                self.columns_.append((name, None))
            elif len(levels) <= min(_MOST_LEVELS, len(values) // 2):
                self.columns_ += [(name, level) for level in sorted(levels)]
        return self

    def transform(self, invocations: Sequence[Invocation]) -> NDArray[np.float64]:
        """Return the table, of shape (n_invocations, n_columns)."""
        rows = [dict(self._leaves(invocation)) for invocation in invocations]
        table = [[_cell(row.get(name), level) for name, level in self.columns_] for row in rows]
        return np.array(table, float).reshape(len(rows), len(self.columns_))

    def _leaves(self, invocation: Invocation) -> Iterator[tuple[str, float | str]]:
        bound = self._signature.bind(*invocation.args, **invocation.kwargs)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            yield from _leaves(name, value, _DEPTH)


def _cell(value: float | str | None, level: str | None) -> float:
    if level is not None:
        return float(value == level)
    return float(value) if isinstance(value, int | float) else 0.0


def _leaves(name: str, value: Any, depth: int) -> Iterator[tuple[str, float | str]]:
    if isinstance(value, enum.Enum):
        yield name, value.name
    elif isinstance(value, bool | int | float | np.number):
        yield name, float(value)
    elif isinstance(value, str | PurePath):
        yield f"len({name})", float(len(str(value)))
        yield name, str(value)
    elif isinstance(value, io.BytesIO):
        yield f"len({name})", float(value.getbuffer().nbytes)
    elif shape := getattr(value, "shape", None):
        yield from ((f"{name}.shape[{axis}]", float(length)) for axis, length in enumerate(shape))
    elif depth and (fields := _fields(value)) is not None:
        for field, item in fields.items():
            yield from _leaves(f"{name}.{field}", item, depth - 1)
    elif isinstance(value, list | tuple | set | bytes | bytearray):
        yield f"len({name})", float(len(value))


def _fields(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, Mapping):
        return value
    if hasattr(value, "_asdict"):
        return value._asdict()
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if (described := getattr(type(value), "__attrs_attrs__", None)) is not None:
        return {field.name: getattr(value, field.name) for field in described}
    return getattr(value, "__dict__", None)
