"""Frozen records: what `@dataclass(frozen=True, slots=True)` gives, at a thirtieth of what it costs a cold start.

`dataclasses` compiles the methods of each class from text, 0.7 ms a class, and brings `inspect` along. Here all
records share their methods, which go by the fields' names, so that making a class is little more than `type` itself.

A record's fields are its annotations, all of them and in order, with a default or without one:

    class Site(Record, order=True):
        line: int
        entry: bool = False

They are given by place or by name, and are what `match` sees. Records are equal if they are of one class and their
fields are equal. All records of a class share a default, so it can't be one that changes. A record has no subclasses.
"""

from __future__ import annotations

from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self, dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda cls: cls


class RecordType(type):
    """The class of records' classes: makes fields of annotations.

    Args:
        order: Whether records compare with `<`, by their fields in order.
        unshown: The fields that `repr` leaves out.
    """

    _fields: tuple[str, ...]
    _defaults: tuple[Any, ...]  # of the last fields
    _setters: tuple[Callable[[Any, Any], None], ...]
    _shown: tuple[str, ...]
    _key: Callable[[Any], Any]  # from a record to what it is compared and hashed by

    def __new__(
        mcs,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        order: bool = False,
        unshown: tuple[str, ...] = (),
    ) -> RecordType:
        fields = tuple(namespace.get("__annotations__", ()))
        defaults = {field: namespace.pop(field) for field in fields if field in namespace}
        if bases:
            _check(name, bases, fields, defaults)
        namespace.update(_ORDER if order else {}, __slots__=fields, __match_args__=fields)
        cls = super().__new__(mcs, name, bases, namespace)
        cls._fields = fields
        cls._defaults = tuple(defaults.values())
        cls._setters = tuple([cls.__dict__[field].__set__ for field in fields])
        cls._shown = tuple([field for field in fields if field not in unshown])
        cls._key = attrgetter("__class__", *fields)
        return cls


def _check(name: str, bases: tuple[type, ...], fields: tuple[str, ...], defaults: dict[str, Any]) -> None:
    """Raise TypeError where a record isn't as the module says."""
    if bases != (Record,):
        raise TypeError(f"{name} derives from a record, whose fields it can't have: let it hold one")
    if not fields:
        raise TypeError(f"{name} has no fields: annotate them, below `from __future__ import annotations`")
    if fields[len(fields) - len(defaults) :] != tuple(defaults):
        raise TypeError(f"{name} has a field without a default after one with a default: put those without one first")
    for field, default in defaults.items():
        if type(default).__hash__ is None:
            raise TypeError(f"{name}.{field} has a default that can change, and all records would share: give none")


@dataclass_transform(frozen_default=True)
class Record(metaclass=RecordType):
    """A frozen record; see the module."""

    def __init__(self, *values: Any, **named: Any) -> None:
        cls = type(self)
        n_missing = len(cls._fields) - len(values)
        if named or n_missing < 0 or n_missing > len(cls._defaults):
            values = _complete(cls, values, named)
        elif n_missing:
            values += cls._defaults[-n_missing:]
        for put, value in zip(cls._setters, values):  # noqa: B905 - equally long by now
            put(self, value)

    def replaced(self, **changes: Any) -> Self:
        """Return a record that differs in these fields.

        Raises:
            TypeError: If one of them is no field.
        """
        cls = type(self)
        return cls(**{**{field: getattr(self, field) for field in cls._fields}, **changes})

    __replace__ = replaced  # what `copy.replace` calls, since 3.13

    def __eq__(self, other: object) -> bool:
        cls = type(self)
        return cls._key(self) == cls._key(other) if type(other) is cls else NotImplemented

    def __hash__(self) -> int:
        return hash(type(self)._key(self))

    def __repr__(self) -> str:
        cls = type(self)
        return f"{cls.__qualname__}({', '.join([f'{field}={getattr(self, field)!r}' for field in cls._shown])})"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} doesn't change: make another, with `replaced({name}=...)`")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a {type(self).__name__} doesn't change: its {name} can't be deleted")

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        cls = type(self)
        return cls, tuple([getattr(self, field) for field in cls._fields])


def _complete(cls: RecordType, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """Return a value for every field, in order.

    Raises:
        TypeError: If a field has none, has two, or isn't known.
    """
    fields, name = cls._fields, cls.__name__
    if len(values) > len(fields):
        raise TypeError(f"{name} has {len(fields)} fields ({', '.join(fields)}), and {len(values)} values were given")
    found = dict(zip(fields, values))  # noqa: B905 - the others are named, or have defaults
    for field, value in named.items():
        if field not in fields:
            raise TypeError(f"{name} has no field {field}: give {', '.join(fields)}")
        if field in found:
            raise TypeError(f"{name} was given two values for {field}: give one, by place or by name")
        found[field] = value
    n_required = len(fields) - len(cls._defaults)
    found = {**dict(zip(fields[n_required:], cls._defaults, strict=True)), **found}
    missing = [field for field in fields if field not in found]
    if missing:
        raise TypeError(f"{name} was given no value for {', '.join(missing)}: give one")
    return tuple([found[field] for field in fields])


def _less(record: Record, other: object) -> bool:
    cls = type(record)
    return cls._key(record) < cls._key(other) if type(other) is cls else NotImplemented


def _at_most(record: Record, other: object) -> bool:
    cls = type(record)
    return cls._key(record) <= cls._key(other) if type(other) is cls else NotImplemented


def _greater(record: Record, other: object) -> bool:
    cls = type(record)
    return cls._key(record) > cls._key(other) if type(other) is cls else NotImplemented


def _at_least(record: Record, other: object) -> bool:
    cls = type(record)
    return cls._key(record) >= cls._key(other) if type(other) is cls else NotImplemented


_ORDER = {"__lt__": _less, "__le__": _at_most, "__gt__": _greater, "__ge__": _at_least}
