"""The features: which numbers can be read from which types, as a table.

The rules of this file. A feature is O(1) or bounded; it has no side effects, runs no code of the user's, does no
I/O beyond `stat` and `fstat`, and never moves a file position. So each is looked up by the value's real class,
and calls the slot of the class that the row names, never a method that a subclass may have overridden. Classes
outside the standard library go by their qualified name: nothing is imported for them. A feature returns a finite
float, or None where the value has nothing to say (a closed file, a path that isn't there).
"""

from __future__ import annotations

import io
import math
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .attributes import mro

Read = Callable[[Any], "float | None"]

MAX_PATHS = 1_000
_LONGEST_PATH = 4_096


@dataclass(frozen=True, slots=True)
class Feature:
    """One row: a number that values of a class offer.

    Attributes:
        name: Its name in models.
        written: How it reads in a summary, with `{}` for the value's expression.
        bind: From the row's class to the function that reads a value of it.
    """

    name: str
    written: str
    bind: Callable[[type], Read]


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _integer(_: type) -> Read:
    to_int = int.__int__

    def read(value: Any) -> float | None:
        whole = to_int(value)
        return float(whole) if -(2**63) < whole < 2**63 else None

    return read


def _float(_: type) -> Read:
    to_float = float.__float__
    return lambda value: _finite(to_float(value))


def _numpy_scalar(_: type) -> Read:
    return lambda value: _finite(float(value))


def _length(cls: type) -> Read:
    length: Callable[[Any], int] = getattr(cls, "__len__")  # noqa: B009 - mypy: not every type has it, the rows' do
    return lambda value: float(length(value))


def _path_size(path: str) -> float | None:
    if not 0 < len(path) <= _LONGEST_PATH:
        return None
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # not there, not allowed; a NUL or a lone surrogate in it
        return None
    return float(status.st_size) if stat.S_ISREG(status.st_mode) else None


def _text_path_size(_: type) -> Read:
    to_str = str.__str__
    return lambda value: _path_size(to_str(value))


def _pathlib_size(cls: type) -> Read:
    to_str: Callable[[Any], str] = cls.__dict__["__str__"]
    return lambda value: _path_size(to_str(value))


def _entry_size(cls: type) -> Read:
    path_of = cls.__dict__["path"].__get__  # `entry.stat()` would cache what it finds in the user's entry

    def read(value: Any) -> float | None:
        path = path_of(value)
        return _path_size(path) if type(path) is str else None

    return read


def _descriptor_size(file: io.FileIO) -> float | None:
    try:
        status = os.fstat(io.FileIO.fileno(file))
    except (OSError, ValueError):  # closed
        return None
    return float(status.st_size) if stat.S_ISREG(status.st_mode) else None


def _raw_size(raw: Any) -> float | None:
    return _descriptor_size(raw) if type(raw) is io.FileIO else None


def _file_size(_: type) -> Read:
    return _descriptor_size


def _buffered_size(cls: type) -> Read:
    raw_of = cls.__dict__["raw"].__get__

    def read(value: Any) -> float | None:
        try:
            return _raw_size(raw_of(value))
        except ValueError:  # detached
            return None

    return read


def _text_size(cls: type) -> Read:
    buffer_of = cls.__dict__["buffer"].__get__
    by_class = {kind: _buffered_size(kind) for kind in (io.BufferedReader, io.BufferedWriter, io.BufferedRandom)}

    def read(value: Any) -> float | None:
        try:
            buffer = buffer_of(value)
        except ValueError:  # detached
            return None
        size = by_class.get(type(buffer))
        return size(buffer) if size is not None else None

    return read


def _path_sizes(items: Any, item_at: Callable[[Any, int], Any], n: int) -> list[tuple[float, float]] | None:
    """Return the sizes behind a sequence of paths, each after its predecessor's, sampled evenly above MAX_PATHS."""
    if not n:
        return None
    first = item_at(items, 0)
    if size_of_path(first) is None:  # most lists hold no paths: one look is enough to know
        return None
    if n <= MAX_PATHS:
        sizes = [size_of_path(item_at(items, i)) or 0.0 for i in range(n)]
        return list(zip([0.0, *sizes], sizes, strict=False))
    step = n / (MAX_PATHS // 2)
    picked = [max(1, int(k * step)) for k in range(MAX_PATHS // 2)]
    return [(size_of_path(item_at(items, i - 1)) or 0.0, size_of_path(item_at(items, i)) or 0.0) for i in picked]


def _of_paths(combine: Callable[[list[tuple[float, float]], int], float]) -> Callable[[type], Read]:
    def bind(cls: type) -> Read:
        length: Callable[[Any], int] = getattr(cls, "__len__")  # noqa: B009 - as above
        item_at: Callable[[Any, int], Any] = getattr(cls, "__getitem__")  # noqa: B009 - as above

        def read(value: Any) -> float | None:
            n = length(value)
            sizes = _path_sizes(value, item_at, n)
            return combine(sizes, n) if sizes else None

        return read

    return bind


def _array_attribute(name: str) -> Callable[[type], Read]:
    def bind(cls: type) -> Read:
        attribute_of = cls.__dict__[name].__get__
        return lambda value: float(attribute_of(value))

    return bind


def _array_shape(axis: int) -> Callable[[type], Read]:
    def bind(cls: type) -> Read:
        shape_of = cls.__dict__["shape"].__get__

        def read(value: Any) -> float | None:
            shape = shape_of(value)
            return float(shape[axis]) if axis < len(shape) else None

        return read

    return bind


_LENGTH = Feature("len", "len({})", _length)
_SIZE = "file_size", "file_size({})"
_PATHS = (
    Feature("file_size_sum", "sum of file_size({})", _of_paths(lambda s, n: sum(b for _, b in s) * n / len(s))),
    Feature("file_size_max", "largest file_size({})", _of_paths(lambda s, _: max(b for _, b in s))),
    Feature("file_size_adjacent", "largest two adjacent file_size({})", _of_paths(lambda s, _: max(map(sum, s)))),
)
_SCALAR = (Feature("value", "{}", _numpy_scalar),)

# By qualified class name; the first class of a value's MRO that stands here decides.
FEATURES: dict[str, tuple[Feature, ...]] = {
    "builtins.int": (Feature("value", "{}", _integer),),  # and bool: a flag is 0 or 1
    "builtins.float": (Feature("value", "{}", _float),),
    "builtins.str": (_LENGTH, Feature(*_SIZE, _text_path_size)),
    "builtins.bytes": (_LENGTH,),
    "builtins.bytearray": (_LENGTH,),
    "builtins.list": (_LENGTH, *_PATHS),
    "builtins.tuple": (_LENGTH, *_PATHS),
    "builtins.dict": (_LENGTH,),
    "builtins.set": (_LENGTH,),
    "builtins.frozenset": (_LENGTH,),
    "pathlib.PurePath": (Feature(*_SIZE, _pathlib_size),),
    "pathlib._local.PurePath": (Feature(*_SIZE, _pathlib_size),),  # where 3.13 keeps it
    "posix.DirEntry": (Feature(*_SIZE, _entry_size),),
    "nt.DirEntry": (Feature(*_SIZE, _entry_size),),
    "_io.FileIO": (Feature(*_SIZE, _file_size),),
    "_io.BufferedReader": (Feature(*_SIZE, _buffered_size),),
    "_io.BufferedWriter": (Feature(*_SIZE, _buffered_size),),
    "_io.BufferedRandom": (Feature(*_SIZE, _buffered_size),),
    "_io.TextIOWrapper": (Feature(*_SIZE, _text_size),),
    "numpy.ndarray": (
        Feature("nbytes", "{}.nbytes", _array_attribute("nbytes")),
        *(Feature(f"shape{axis}", f"{{}}.shape[{axis}]", _array_shape(axis)) for axis in range(4)),
    ),
    "numpy.integer": _SCALAR,
    "numpy.floating": _SCALAR,
    "numpy.bool": _SCALAR,
    "numpy.bool_": _SCALAR,  # its name before NumPy 2
}
WRITTEN = {feature.name: feature.written for row in FEATURES.values() for feature in row}

_CACHE_LIMIT = 1_000
_readers_by_class: dict[type, dict[str, Read]] = {}


def readers_for(cls: type) -> dict[str, Read]:
    """Return the readers that values of this class offer, by feature name; empty for an unknown class."""
    found = _readers_by_class.get(cls)
    if found is None:
        if len(_readers_by_class) >= _CACHE_LIMIT:  # classes made in a loop must not be kept alive for ever
            _readers_by_class.clear()
        found = _readers_by_class[cls] = _resolve(cls)
    return found


def _resolve(cls: type) -> dict[str, Read]:
    for base in mro(cls):
        row = FEATURES.get(f"{type.__dict__['__module__'].__get__(base)}.{type.__dict__['__qualname__'].__get__(base)}")
        if row is not None:
            return {feature.name: feature.bind(base) for feature in row}
    return {}


def size_of_path(value: Any) -> float | None:
    """Return the size of the regular file behind a path of any kind, or None."""
    read = readers_for(type(value)).get(_SIZE[0])
    return read(value) if read is not None else None


def is_category(feature: str) -> bool:
    """Tell whether a feature's readings are texts, not numbers."""
    return feature == "text"
