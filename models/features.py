"""The features: which numbers and categories can be read from which types, looked up by a value's class.

The rules of the rows. A feature is O(1) or bounded; it has no side effects, runs no code of the user's, does no
I/O beyond `stat`, `fstat` and `pread`, and never moves a file position. So each is looked up by the value's real
class, and calls the slot of the class that the row names, never a method that a subclass may have overridden. A
number is a finite float, a category a short text; None says that the value has nothing to say (a closed file, a
path that isn't there).

Every class of a value's method resolution order adds its row; of two features of one name the nearest counts. Rows
are found by qualified class name, and loaded when a class of their library is first met: nothing is imported for
classes outside the standard library, and production doesn't pay for rows that it never needs.
"""

from __future__ import annotations

import sys
import types

from .attributes import class_name, declared_names, is_heap_type, mro
from .guard import READING_ERRORS, guarded, is_from_signal_handler
from .records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

Value = float | str  # what is read: a number, or a category's level
Read: TypeAlias = "Callable[[Any], Value | None]"
ReadTogether: TypeAlias = "Callable[[Any], list[tuple[str, Value]] | None]"

# How values of a class are stepped into by text keys: what returns a value's keys, and an item or the default.
Items: TypeAlias = "tuple[Callable[[Any], Sequence[Any]], Callable[[Any, str, Any], Any]]"

NO_SIZE = 2**63  # whole numbers from here on are no sizes
_INFINITY = float("inf")
LONGEST_LEVEL = 40  # characters of a category's level
TYPE = "type"  # the one feature that every value has
OPENLY, DISCREETLY = "openly", "discreetly"


class Feature(Record):
    """One number, or one category, that values of a class offer.

    Attributes:
        name: Its name in models.
        written: How it reads in a summary, with `{}` for the value's expression.
        bind: From the row's class to the function that reads a value of it.
        category: Whether its readings are texts.
        cannot_raise: True if it needs no guard, since its slot raises for no value of the class.
        errors: What its readings may raise, and mustn't be the function's.
        quick: What reads values of just the row's class in less time, but may give a number that isn't sound.
        told: To which traces it goes: OPENLY if its levels may be the user's own texts, so that it goes to no trace
            that is kept from showing any; DISCREETLY if it stands there in place of such a one; to all by default.
    """

    name: str
    written: str
    bind: Callable[[type], Read]
    category: bool = False
    cannot_raise: bool = False
    errors: tuple[type[Exception], ...] = READING_ERRORS
    quick: Read | None = None
    told: str = ""


class Row(Record):
    """What is read of a class.

    Attributes:
        features: Its features.
        together: From the class to the function that reads some of them at one look, by name, for training.
        items: From the class to how its items are found; holds for the class itself, not for its subclasses.
        exact: True if a reading runs the library's own Python, which a subclass of the user's may have overridden:
            such a class then doesn't count.
    """

    features: tuple[Feature, ...]
    together: Callable[[type], tuple[frozenset[str], ReadTogether]] | None = None
    items: Callable[[type], Items] | None = None
    exact: bool = False


class Readers(dict[str, Read]):
    """What values of one class offer, by feature name; a reader says None rather than raise.

    Attributes:
        bare: The same readers without their guards, for whoever guards them himself.
        quick: Of some of them what is quicker, for whoever asks himself whether a number is sound.
        cls: The class; held, since its readers are found by its id.
        single: The features that training reads one by one.
        discreet: The same, where no text of the user's may show.
        together: The functions that read several at one look.
        indexed: How its items are found, or None.
        is_known: True if a row of ours names the class or one of its bases.
        declared: The attributes that its classes declare: slots, and a named tuple's fields.
    """

    __slots__ = ("bare", "cls", "declared", "discreet", "indexed", "is_known", "quick", "single", "together")

    def __init__(self, cls: type) -> None:
        super().__init__()
        self.cls = cls
        self.bare: dict[str, Read] = {}
        self.quick: dict[str, Read] = {}
        self.single: list[str] = []
        self.discreet: list[str] = []
        self.together: list[ReadTogether] = []
        self.indexed: Items | None = None
        self.is_known = False
        self.declared = declared_names(cls)


# Which module holds the rows of a library's classes.
_ROWS_OF = {
    **dict.fromkeys(("builtins", "_io", "pathlib", "posix", "nt", "enum"), "core_rows"),
    **dict.fromkeys(
        ("array", "bz2", "collections", "gzip", "http", "itertools", "lzma", "mmap", "sqlite3", "tarfile", "zipfile"),
        "standard_rows",
    ),
    "_collections": "standard_rows",
    **dict.fromkeys(("numpy", "torch", "scipy", "h5py", "zarr"), "array_rows"),
    **dict.fromkeys(("pandas", "pyarrow", "polars"), "table_rows"),
    **dict.fromkeys(("PIL", "igraph", "networkx", "requests", "httpx"), "library_rows"),
}

READERS_KEPT = 1_000
_rows: dict[str, dict[str, Row]] = {}  # by module
_by_name: dict[str, Feature] = {}
_readers_by_class: dict[int, Readers] = {}  # by the class's id: a metaclass may hash and compare as it likes
_registered: dict[str, dict[str, Feature]] = {}  # by class name, then by feature name
_sources: dict[tuple[str, str], object] = {}  # what was registered, by class name and feature name


def readers_for(cls: type) -> Readers:
    """Return the readers that values of this class offer, by feature name; empty for an unknown class."""
    found = _readers_by_class.get(id(cls))
    if found is None:
        if len(_readers_by_class) >= READERS_KEPT:  # classes made in a loop must not be kept alive for ever
            _readers_by_class.clear()
        found = _resolve(cls)
        _readers_by_class[id(cls)] = found
    return found


def _resolve(cls: type) -> Readers:
    readers = Readers(cls)
    together: set[str] = set()
    registered: set[str] = set()
    told: dict[str, str] = {}
    for base in mro(cls):
        name = class_name(base)
        if name is None:
            continue
        for feature in _registered.get(name, {}).values():
            if feature.name not in readers:
                _add(readers, feature, base)
                registered.add(feature.name)
                told[feature.name] = feature.told
        row = _row_named(name)
        if row is None or not is_genuine(base, name) or (row.exact and not belongs_to(cls, _library(name))):
            continue
        readers.is_known = True
        for feature in row.features:
            if feature.name not in readers:
                _add(readers, feature, base)
                told[feature.name] = feature.told
        if row.together is not None:
            covered, read = row.together(base)
            together |= covered
            readers.together.append(guarded(read))
        if row.items is not None and base is cls:
            readers.indexed = row.items(base)
    alone = [name for name in readers if name not in together or name in registered]
    readers.single = [name for name in alone if told[name] != DISCREETLY]
    readers.discreet = [name for name in alone if told[name] != OPENLY]
    return readers


def _add(readers: Readers, feature: Feature, base: type) -> None:
    try:
        read = feature.bind(base)
    except (AttributeError, LookupError):  # this version of the library hasn't got it
        return
    readers.bare[feature.name] = read
    if feature.quick is not None and base is readers.cls:
        readers.quick[feature.name] = feature.quick
    readers[feature.name] = read if feature.cannot_raise else guarded(read, feature.errors)


def _row_named(name: str) -> Row | None:
    module = _ROWS_OF.get(_library(name))
    if module is None:
        return None
    try:
        return _load(module).get(name)
    except (ImportError, OSError) as error:  # no descriptors left to open it, or an interpreter that shuts down
        if is_from_signal_handler(error):
            raise
        return None


def is_genuine(cls: type, name: str) -> bool:
    """Tell whether a class is what its full name says: anybody may call a class `numpy.ndarray`."""
    module, _, qualname = name.rpartition(".")
    if not is_heap_type(cls):  # written in C, and not made at run time
        return True
    found = sys.modules.get(module)
    try:
        return bool(_module_namespace(found).get(qualname) is cls)
    except TypeError:  # no module at all
        return False


_module_namespace: Callable[[Any], dict[str, Any]] = vars(types.ModuleType)["__dict__"].__get__


def belongs_to(cls: type, library: str) -> bool:
    """Tell whether a class is a library's own, not a subclass that somebody made of one."""
    name = class_name(cls)
    return name is not None and _library(name) == library and is_genuine(cls, name)


def _library(name: str) -> str:
    return name.partition(".")[0]


def _load(module: str) -> dict[str, Row]:
    found = _rows.get(module)
    if found is None:
        # Not by `importlib`, which a cold start would pay for.
        rows: dict[str, Row] = __import__(f"{__package__}.{module}", fromlist=["ROWS"]).ROWS
        for row in rows.values():
            _by_name.update((feature.name, feature) for feature in row.features)
        found = _rows[module] = rows
    return found


def load_rows() -> None:
    """Load every row now: while a function is measured, or in a hook, it would be the function's memory and time."""
    for module in set(_ROWS_OF.values()):
        _load(module)


def prepare(feature: str) -> None:
    """Load the rows that may hold a feature, so that no hook has to."""
    find_feature(feature)


def find_feature(name: str) -> Feature | None:
    """Return a feature by its name, built-in or registered, or None where there is none."""
    if name == TYPE:
        return _TYPE_FEATURE
    _load("core_rows")
    if name not in _by_name:
        load_rows()
    return _by_name.get(name) or next((row[name] for row in _registered.values() if name in row), None)


def is_built_in(name: str) -> bool:
    """Tell whether a feature is one of ours, not one that the user registered."""
    feature = find_feature(name)
    return feature is not None and not any(row.get(name) is feature for row in _registered.values())


def is_category(name: str) -> bool:
    """Tell whether a feature's readings are texts, not numbers; False for one that isn't known."""
    feature = find_feature(name)
    return feature is not None and feature.category


def written(name: str) -> str:
    """Return how a feature reads in a summary, with `{}` for the value's expression."""
    feature = find_feature(name)
    return feature.written if feature is not None else name + "({})"


def built_in_features(class_named: str) -> dict[str, Feature]:
    """Return the features of the row that names this class, by name."""
    row = _row_named(class_named)
    return {feature.name: feature for feature in row.features} if row is not None else {}


def add_registered(class_named: str, feature: Feature, source: object) -> None:
    """Let values of a class, and of its subclasses, offer one more feature; one of the same name is replaced."""
    _registered.setdefault(class_named, {})[feature.name] = feature
    _sources[class_named, feature.name] = source
    _readers_by_class.clear()


def registered_features() -> tuple[object, ...]:
    """Return the sources of all registered features, in the order in which they were first registered."""
    return tuple(_sources.values())


def is_sound(number: Any) -> bool:
    """Tell whether a number can be a reading: finite, and no whole number so large that it is a hash or a name."""
    return -NO_SIZE < number < NO_SIZE if type(number) is int else -_INFINITY < number < _INFINITY


def level(text: Any) -> str | None:
    """Return a text as a category's level, or None if it is too long for one, or not quite a text."""
    return text if type(text) is str and len(text) <= LONGEST_LEVEL else None


def type_level(value: Any) -> str | None:
    """Return the name of a value's class as a category's level."""
    return level(_name_of(type(value)))


_name_of = type.__dict__["__name__"].__get__
_TYPE_FEATURE = Feature(TYPE, "type({})", lambda _: type_level, category=True)
