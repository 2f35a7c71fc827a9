"""The rows of built-in types, files and paths: what most functions hold in their variables."""

from __future__ import annotations

import io
import math
import os
import stat
from itertools import chain

from .attributes import own_attribute
from .features import DISCREETLY, NO_SIZE, OPENLY, Feature, Items, Read, Row, Value, level, readers_for
from .fingerprints import text_digest
from .sequences import SEQUENCE, read_sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LONGEST_PATH = 4_096
_KIND, _REGULAR = 0o170000, stat.S_IFREG  # `stat.S_ISREG`, without a call
_MAX_AXES = 4
_DIGEST_LENGTH = 12  # of a text: what tells a few apart, and no more


def finite(x: float) -> float | None:
    """Return a number, or None if it is none or infinite."""
    return x if math.isfinite(x) else None


def slot(name: str, cls: type) -> Callable[..., Any]:
    """Return a class's own slot, method or descriptor as a function of the value."""
    found = cls.__dict__[name]
    get: Callable[..., Any] = found if callable(found) else found.__get__
    return get


def number_of(name: str) -> Callable[[type], Read]:
    """Return what binds to a class's slot, method or descriptor of a name that gives a whole number."""

    def bind(cls: type) -> Read:
        get = slot(name, cls)
        return lambda value: float(get(value))

    return bind


def length_of(cls: type) -> Read:
    """Bind to the length that a class defines itself, or takes from a base."""
    length: Read = getattr(cls, "__len__")  # noqa: B009 - mypy: not every type has it, the rows' do
    return length


def _integer(_: type) -> Read:
    to_int = int.__int__

    def read(value: Any) -> int | None:
        whole: int = to_int(value)
        return whole if -NO_SIZE < whole < NO_SIZE else None

    return read


def _float(_: type) -> Read:
    to_float = float.__float__
    return lambda value: finite(to_float(value))


def _itself(value: Any) -> Any:
    return value


def _flag(_: type) -> Read:
    return lambda value: "True" if value is True else "False"


def _text(_: type) -> Read:
    to_str = str.__str__
    return lambda value: level(to_str(value))


def _text_digest(_: type) -> Read:
    to_str = str.__str__

    def read(value: Any) -> str | None:
        text = level(to_str(value))
        return None if text is None else text_digest(text)[:_DIGEST_LENGTH]

    return read


def _member_name(_: type) -> Read:
    return lambda value: level(own_attribute(value, "_name_"))


def _class_name(_: type) -> Read:
    name_of = type.__dict__["__name__"].__get__
    return lambda value: level(name_of(value))


def _path_size(path: str) -> float | None:
    if not 0 < len(path) <= _LONGEST_PATH:
        return None
    status = os.stat(path)  # not there, not allowed; a NUL or a lone surrogate in it: the guard knows
    return status.st_size if status.st_mode & _KIND == _REGULAR else None


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


_BUFFERED = {
    id(kind): kind.__dict__["raw"].__get__ for kind in (io.BufferedReader, io.BufferedWriter, io.BufferedRandom)
}
_descriptor = io.FileIO.fileno
_fstat = os.fstat


def descriptor_of(file: Any) -> int | None:
    """Return the descriptor of a file of the standard library, or None where there is none that is surely its own."""
    raw_of = _BUFFERED.get(id(type(file)))
    if raw_of is not None:
        file = raw_of(file)
    return _descriptor(file) if type(file) is io.FileIO else None


def _size_of(descriptor: int | None) -> float | None:
    if descriptor is None:
        return None
    status = _fstat(descriptor)
    return status.st_size if status.st_mode & _KIND == _REGULAR else None


def _descriptor_size(_: type) -> Read:
    return lambda value: _size_of(_descriptor(value))


def _buffered_size(cls: type) -> Read:
    raw_of = cls.__dict__["raw"].__get__

    def read(value: Any) -> float | None:
        raw = raw_of(value)
        return _size_of(_descriptor(raw)) if type(raw) is io.FileIO else None

    return read


def _text_size(cls: Any) -> Read:
    buffer_of = cls.__dict__["buffer"].__get__
    otherwise = behind(buffer_of, "file_size")  # as of a compressed file, opened as text
    text, buffered, raw_file, descriptor, fstat = cls, io.BufferedReader, io.FileIO, _descriptor, _fstat

    def read(value: Any) -> Value | None:
        # Of just these classes the attributes are members in C, which nothing of an instance's can stand before.
        if type(value) is text:
            buffer = value.buffer
            if type(buffer) is buffered:  # what `open` gives to read a text
                raw = buffer.raw
                if type(raw) is raw_file:
                    status = fstat(descriptor(raw))
                    return status.st_size if status.st_mode & _KIND == _REGULAR else None
        return otherwise(value)

    return read


def behind(place: Callable[[Any], Any], feature: str) -> Read:
    """Return the reader of a feature of what lies behind a value: of a file's buffer, of an archive's file."""

    def read(value: Any) -> Any:
        inner = place(value)
        reader = readers_for(type(inner)).get(feature)
        return reader(inner) if reader is not None else None

    return read


def _behind_buffer(cls: type) -> Read:
    return behind(cls.__dict__["buffer"].__get__, "uncompressed_bytes")


def axis_of(get_shape: Callable[[Any], Any], axis: int) -> Read:
    """Return the reader of one axis of a shape."""

    def read(value: Any) -> float | None:
        shape = get_shape(value)
        return float(shape[axis]) if axis < len(shape) else None

    return read


def axes(get_shape: Callable[[type], Callable[[Any], Any]]) -> tuple[Feature, ...]:
    """Return the features of a shape's first four axes; `get_shape` binds to the class."""

    def bind(axis: int) -> Callable[[type], Read]:
        return lambda cls: axis_of(get_shape(cls), axis)

    return tuple(Feature(f"shape{axis}", f"{{}}.shape[{axis}]", bind(axis)) for axis in range(_MAX_AXES))


def nbytes(bind: Callable[[type], Read]) -> Feature:
    return Feature("nbytes", "{}.nbytes", bind)


def file_size(bind: Callable[[type], Read]) -> Feature:
    return Feature("file_size", "file_size({})", bind)


def uncompressed(bind: Callable[[type], Read]) -> Feature:
    return Feature("uncompressed_bytes", "uncompressed bytes of {}", bind)


def _buffer_length(cls: type) -> Read:
    """Bind to the length of a `BytesIO` or a `StringIO`.

    `getbuffer` would copy contents that are shared, and lock out writers. Seeking to the end and back does neither;
    it is one call into C, so that no other thread or signal handler sees it: `extend` draws the position that the
    first `seek` told as the argument of the third.
    """
    seek = cls.__dict__["seek"]

    def read(value: Any) -> float | None:
        told: list[int] = []
        told.extend(map(seek, (value,) * 3, chain((0, 0), map(told.__getitem__, (0,))), (1, 2, 0)))
        return float(told[1])

    return read


def keyed(keys: Callable[[Any], Any], get: Callable[[Any, str, Any], Any]) -> Callable[[type], Items]:
    """Return what binds a class whose items are found without any code of the user's."""
    return lambda _: (lambda value: list(keys(value)), get)


MAPPING = keyed(dict.keys, dict.get)  # without `__missing__`
LENGTH = Feature("len", "len({})", length_of)
_SAFE_LENGTH = Feature("len", "len({})", length_of, cannot_raise=True, quick=len)
LENGTH_HINT = Row((Feature("length_hint", "length_hint({})", number_of("__length_hint__")),))
_SEQUENCE = Row((_SAFE_LENGTH, *SEQUENCE), together=read_sequence)
_SIZED = Row((_SAFE_LENGTH,))
_BUFFER = Row((Feature("len", "len({})", _buffer_length),))
_RAW = Row((file_size(_buffered_size),))
_PATH = Row((file_size(_pathlib_size),))
_ENTRY = Row((file_size(_entry_size),))

ROWS: dict[str, Row] = {
    "builtins.int": Row(
        (Feature("value", "{}", _integer, cannot_raise=True, quick=_itself),)
    ),  # and bool: a flag is 0 or 1
    "builtins.bool": Row((Feature("text", "{}", _flag, category=True, cannot_raise=True),)),
    "builtins.float": Row((Feature("value", "{}", _float, cannot_raise=True, quick=_itself),)),
    "builtins.str": Row(
        (
            _SAFE_LENGTH,
            Feature("text", "{}", _text, category=True, cannot_raise=True, told=OPENLY),
            Feature("digest", "digest({})", _text_digest, category=True, told=DISCREETLY),
            file_size(_text_path_size),
        )
    ),
    "builtins.type": Row((Feature("class", "{}.__name__", _class_name, category=True),)),
    "enum.Enum": Row((Feature("name", "{}.name", _member_name, category=True),)),
    "builtins.list": _SEQUENCE,
    "builtins.tuple": _SEQUENCE,
    "builtins.dict": Row((_SAFE_LENGTH,), items=MAPPING),
    **dict.fromkeys(("builtins.bytes", "builtins.bytearray", "builtins.set", "builtins.frozenset"), _SIZED),
    "builtins.range": Row((LENGTH,)),
    "builtins.memoryview": Row((nbytes(number_of("nbytes")), *axes(lambda cls: slot("shape", cls)))),
    **dict.fromkeys(("builtins.dict_keys", "builtins.dict_values", "builtins.dict_items"), _SIZED),
    # Not `iterator` and `reversed`: they would ask a user's sequence for its length.
    **{
        f"builtins.{kind}": LENGTH_HINT
        for kind in (
            "list_iterator",
            "list_reverseiterator",
            "tuple_iterator",
            "range_iterator",
            "longrange_iterator",
            "str_iterator",
            "str_ascii_iterator",
            "bytes_iterator",
            "bytearray_iterator",
            "set_iterator",
            "dict_keyiterator",
            "dict_valueiterator",
            "dict_itemiterator",
            "dict_reversekeyiterator",
            "dict_reversevalueiterator",
            "dict_reverseitemiterator",
        )
    },
    "pathlib.PurePath": _PATH,
    "pathlib._local.PurePath": _PATH,  # where 3.13 keeps it
    "posix.DirEntry": _ENTRY,
    "nt.DirEntry": _ENTRY,
    "_io.FileIO": Row((file_size(_descriptor_size),)),
    "_io.BufferedReader": _RAW,
    "_io.BufferedWriter": _RAW,
    "_io.BufferedRandom": _RAW,
    "_io.TextIOWrapper": Row((file_size(_text_size), uncompressed(_behind_buffer))),
    "_io.BytesIO": _BUFFER,
    "_io.StringIO": _BUFFER,
}
