"""What the tracer knows of a piece of code and of its sites, and what it is told by its source of events."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, Protocol

from ..models.features import is_category
from ..models.readings import Path
from ..models.sites import FunctionRef
from .stores import CodeStores, Store

ReadVariable = Callable[[FrameType, str], Any]

_CO_VARARGS, _CO_VARKEYWORDS = 4, 8


class LeafFeature:
    """A feature of values without children, and the column that it fills, once it has a number."""

    __slots__ = ("column", "is_category", "name", "read")

    def __init__(self, name: str, read: Callable[[Any], Any]) -> None:
        self.name = name
        self.is_category = is_category(name)
        self.read = read
        self.column: int | None = None


class TracedSite:
    """One site's number, columns and cost in this invocation.

    Attributes:
        leaves: The features of values without children, by their class.
        latest_class: The class of the latest hit's value: its name is written where it changes.
        number_class: The same where its values offer a single number; `read_number` reads it, and it fills
            `number_column`.
    """

    __slots__ = (
        "columns", "hits", "latest_class", "leaves", "number", "number_class", "number_column", "read_number",
        "retired", "spent_s", "variable",
    )  # fmt: skip

    def __init__(self, variable: str, number: int) -> None:
        self.variable = variable
        self.number = number
        self.columns: dict[tuple[Path, str], int] = {}
        self.leaves: dict[type, tuple[LeafFeature, ...]] = {}
        self.latest_class: type | None = None
        self.number_class: type | None = None
        self.number_column = -1
        self.read_number: Callable[[Any], Any] = id
        self.hits = 0
        self.spent_s = 0.0
        self.retired = False


class Plan:
    """What is known of one code object: its stores, and the sites that they are."""

    __slots__ = ("busy_lines", "code", "entries", "entry_sites", "is_recursive", "reference", "sites", "stores")

    def __init__(self, code: CodeType, reference: FunctionRef, stores: CodeStores) -> None:
        self.code = code  # held, since plans are found by its id: hashing a code object hashes all its constants
        self.reference = reference
        self.stores = stores
        self.busy_lines = set(stores.busy_lines)
        self.sites: dict[Store, TracedSite] = {}
        self.entry_sites: tuple[TracedSite, ...] | None = None
        self.entries = 0  # calls that were not inside another of the same function
        self.is_recursive = False

    def parameters(self) -> tuple[str, ...]:
        code = self.code
        n = code.co_argcount + code.co_kwonlyargcount
        n += bool(code.co_flags & _CO_VARARGS) + bool(code.co_flags & _CO_VARKEYWORDS)
        return tuple(name for name in code.co_varnames[:n] if name.isidentifier())  # not a comprehension's `.0`

    def all_sites(self) -> list[TracedSite]:
        return [*self.sites.values(), *(self.entry_sites or ())]

    def is_retired(self, store: Store) -> bool:
        return store in self.sites and self.sites[store].retired

    def calm_lines(self) -> None:
        """Follow no longer the single instructions of lines whose sites are all retired."""
        live = {line for (_, line), site in self.sites.items() if not site.retired}
        self.busy_lines.difference_update({line for _, line in self.sites} - live)


class Watcher(Protocol):
    """What a source of events tells."""

    def plan(self, code: CodeType, namespace: dict[str, Any]) -> Plan | None:
        """Return the plan of code that is met for the first time, or None if it isn't to be traced."""

    def site(self, plan: Plan, store: Store) -> TracedSite:
        """Return the site of a store."""

    def entered(self, plan: Plan, frame: FrameType, read: ReadVariable) -> bool:
        """Note a call, whose parameters `read` reads; return whether later calls of this code are to be told, too."""

    def hit(self, site: TracedSite, value: Any) -> None:
        """Note that a site's variable was assigned a value."""

    def spares(self, error: BaseException) -> bool:
        """Note what was raised while an event was told; return whether the function is to be spared it."""


class Source(Protocol):
    """Tells a watcher of calls and of stores, from `start` to `stop`, but not from `pause` to the next `start`."""

    def start(self) -> None: ...

    def pause(self) -> None: ...

    def stop(self) -> None: ...
