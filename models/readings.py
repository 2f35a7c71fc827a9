"""A reading: one number or category of one variable at a site, by a path into the value and a feature at its end.

`len(event["body"])` is the feature `len` at the path `["body"]` of the variable `event`. The learner takes all
readings that a value offers (`read_all`); production takes the one that the model names (`compile_reading`).
Both go through the same table and the same safe steps, so what was trained is what is read.
"""

from __future__ import annotations

from .attributes import MISSING, is_plain_object, isinstance_exact, own_names, read_attribute, read_attributes
from .features import TYPE, Read, Readers, Value, find_feature, prepare, readers_for, type_level, written
from .fields import Fields
from .folds import FOLD_NAMES
from .guard import READING_ERRORS
from .records import Record
from .sites import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    # Tells whether a trace may say by which name something lies in a value of a class.
    MayName: TypeAlias = "Callable[[type, Step], bool]"

MAX_DEPTH = 3
MAX_READINGS = 64  # of one value
_MAX_KEYS = 64
_LONGEST_KEY = 200


class Step(Record, order=True):
    """One step into a value: an attribute of an object, or an item of a dict by its text key."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f".{self.name}" if self.kind == "attribute" else f"[{self.name!r}]"

    def take(self, value: Any) -> Any:
        """Return what lies one step into the value, or MISSING."""
        if self.kind == "attribute":
            return read_attribute(value, self.name)
        if type(value) is dict:
            return dict.get(value, self.name, MISSING)
        items = readers_for(type(value)).indexed
        return items[1](value, self.name, MISSING) if items is not None else MISSING


Path = tuple[Step, ...]


class Reading(Record, order=True):
    """One number, folded over its hits so far in the invocation.

    Attributes:
        site: Where it is taken; the site's variable is what is read.
        path: The steps from the variable's value to the value that has the feature.
        feature: The feature's name.
        fold: How its hits become one number: last, max, sum, count or adjacent.
    """

    site: Site
    path: Path
    feature: str
    fold: str = "last"

    @property
    def expression(self) -> str:
        """What is read, as a person would write it, without the fold."""
        return written(self.feature).replace("{}", self.site.variable + "".join(map(str, self.path)))

    def __str__(self) -> str:
        match self.fold:
            case "last":
                return self.expression
            case "count":
                return f"hits of {self.site.variable}"
            case "adjacent":
                return f"largest two adjacent {self.expression}"
            case fold:
                return f"{fold} of {self.expression}"

    def to_json(self) -> dict[str, Any]:
        return {
            "site": self.site.to_json(),
            "path": [{"kind": step.kind, "name": step.name} for step in self.path],
            "feature": self.feature,
            "fold": self.fold,
        }

    @classmethod
    def from_json(cls, fields: Fields) -> Reading:
        path = tuple(
            Step(step.choice("kind", ("attribute", "item")), step.text("name"))
            for step in fields.children("path", most=MAX_DEPTH)
        )
        site = Site.from_json(fields.child("site"))
        if site.is_start:
            raise fields.complaint("a site with a variable", "site")
        return cls(site, path, fields.name("feature"), fields.choice("fold", FOLD_NAMES))


def compile_reading(path: Path, feature: str) -> Callable[[type], Read | None]:
    """Return what gives, for a class, the function that reads the feature at the path of its values.

    What it gives runs no code of the value's, takes well under a microsecond for a number, and may raise
    `errors_of(feature)`; it gives None for a class whose values have nothing to say.
    """
    prepare(feature)

    def end(cls: type) -> Read | None:
        return type_level if feature == TYPE else readers_for(cls).bare.get(feature)

    if not path:
        return end
    takes = [step.take for step in path]

    def read(value: Any) -> Value | None:
        for take in takes:
            value = take(value)
            if value is MISSING:
                return None
        read_end = end(type(value))
        return read_end(value) if read_end is not None else None

    return lambda _: read


def compile_quick(feature: str) -> Callable[[type], Read | None]:
    """Return what gives, for a class, the quickest function that reads the feature of its values.

    It may raise the same, and may give a number that isn't sound: ask `is_sound`.
    """
    prepare(feature)

    def end(cls: type) -> Read | None:
        readers = readers_for(cls)
        return readers.quick.get(feature) or readers.bare.get(feature)

    return end


def errors_of(feature: str) -> tuple[type[Exception], ...]:
    """Return what a feature's readings may raise: a closed file, say, has no size."""
    found = find_feature(feature)
    return READING_ERRORS if found is None else found.errors


def read_all(value: Any) -> list[tuple[Path, str, Value]]:
    """Return every reading that a value offers, nearest first, 64 at most, as (path, feature, number or level)."""
    name = type_level(value)
    return [*read_inside(value), *([((), TYPE, name)] if name is not None else [])]


def read_inside(value: Any, may_name: MayName | None = None) -> list[tuple[Path, str, Value]]:
    """Return the same but for the one that every value has: its type.

    Args:
        value: The value.
        may_name: Where no text of the user's may show: which names may; None shows all.
    """
    found: list[tuple[Path, str, Value]] = []
    level: list[tuple[Path, Any]] = [((), value)]
    seen: set[int] = set()
    while level and len(found) < MAX_READINGS:
        deeper: list[tuple[Path, Any]] = []
        for path, item in level:
            readers = readers_for(type(item))
            names = readers.single if may_name is None else readers.discreet
            found.extend((path, feature, told) for feature, told in _read(item, readers, names))
            if len(path) < MAX_DEPTH and id(item) not in seen:
                seen.add(id(item))
                deeper.extend(
                    ((*path, step), child)
                    for step, child in _children(item, readers)
                    if may_name is None or may_name(type(item), step)
                )
        level = deeper
    return found[: MAX_READINGS - 1]


def is_leaf(cls: type) -> bool:
    """Tell whether values of this class have readings of their own, each read alone, and nothing inside."""
    readers = readers_for(cls)
    return readers.is_known and readers.indexed is None and not (readers.declared or readers.together)


def _read(value: Any, readers: Readers, names: list[str]) -> Iterator[tuple[str, Value]]:
    for feature in names:
        told = readers[feature](value)
        if told is not None:
            yield feature, told
    for read in readers.together:
        yield from (pair for pair in read(value) or () if pair[0] not in readers.single)


def _children(value: Any, readers: Readers) -> Iterator[tuple[Step, Any]]:
    items = readers.indexed
    if items is not None:
        keys_of, item_of = items
        keys = keys_of(value)
        for key in keys if len(keys) <= _MAX_KEYS else ():
            if type(key) is str and len(key) <= _LONGEST_KEY:
                child = item_of(value, key, MISSING)
                if child is not MISSING:
                    yield Step("item", key), child
    elif not readers.is_known:
        if is_plain_object(value):
            for name, child in read_attributes(value, [*readers.declared, *own_names(value)]):
                yield Step("attribute", name), child
    elif readers.declared and isinstance_exact(value, (tuple,)):  # a named tuple, or what `os.stat` gives
        for name, child in read_attributes(value, readers.declared):
            yield Step("attribute", name), child
