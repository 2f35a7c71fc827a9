"""Which names a recording may write: those that code spells, never those that came with the user's data.

A dict's keys and an object's attributes may be data: the fields of a form, the columns of a file. So a key or an
attribute is written only where the traced code spells it, as a constant or as a name, or where the value's class
does, in its own body or methods. A class counts if its module holds it: one that was made of data is held by none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..models.attributes import class_name, is_heap_type, mro
from ..models.features import is_genuine
from ..models.guard import is_from_signal_handler
from ..models.readings import Step
from .scope import Scope

_MOST_CLASSES = 1_000
_namespace_of = type.__dict__["__dict__"].__get__


class SpelledNames:
    """The names that code in a scope spells, and that classes do.

    Args:
        scope: Whose code's names may be written.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._names: set[str] = set()
        self._modules: set[str] = set()
        self._classes: dict[int, tuple[type, frozenset[str]]] = {}  # held, since they are found by their ids

    def may_name(self, cls: type, step: Step) -> bool:
        """Tell whether a trace may say by which name something lies in a value of a class."""
        return step.name in self._names or (step.kind == "attribute" and step.name in self._names_of(cls))

    def add(self, code: CodeType) -> None:
        """Let the names that code spells be written."""
        self._names |= _spelled(code)

    def add_modules(self) -> None:
        """Let those be written that the scope's modules spell, of which only what was imported since is new."""
        for name, module in list(sys.modules.items()):
            if name not in self._modules and type(module) is ModuleType:
                self._modules.add(name)
                filename = vars(module).get("__file__")
                if isinstance(filename, str) and self._scope.covers(vars(module).get("__name__"), filename):
                    for code in _codes_of(module):
                        self.add(code)

    def _names_of(self, cls: type) -> frozenset[str]:
        known = self._classes.get(id(cls))
        if known is None:
            if len(self._classes) >= _MOST_CLASSES:
                self._classes.clear()
            spelled = [_spelled_by(base) for base in mro(cls) if is_heap_type(base)]
            known = self._classes[id(cls)] = (cls, frozenset().union(*spelled))
        return known[1]


def _codes_of(module: ModuleType) -> list[CodeType]:
    """Return a module's code: compiled anew from what its loader has, else that of its functions."""
    namespace = vars(module)
    try:
        name, loader = namespace["__name__"], namespace["__loader__"]
        if name == "__main__":  # to ask for its code would leave a compiled file beside it
            return [compile(loader.get_source(name), namespace["__file__"], "exec", dont_inherit=True)]
        found = loader.get_code(name)
        if isinstance(found, CodeType):
            return [found]
    except (AttributeError, LookupError, ImportError, OSError, SyntaxError, TypeError, ValueError) as error:
        if is_from_signal_handler(error):
            raise
        # It was run by hand, or its file is gone.
    values = [*namespace.values()]
    values += [item for value in values if isinstance(value, type) for item in _namespace_of(value).values()]
    return [value.__code__ for value in values if type(value) is FunctionType]


def _spelled(code: CodeType) -> set[str]:
    names = {*code.co_names}
    constants: list[Any] = [*code.co_consts]
    while constants:
        constant = constants.pop()
        if type(constant) is str:
            names.add(constant)
        elif type(constant) in (tuple, frozenset):  # the names of keyword arguments; a set that is looked into
            constants += constant
        elif type(constant) is CodeType:
            names |= _spelled(constant)
    return names


def _spelled_by(cls: type) -> Iterable[str]:
    """Return the names in a class's body and methods."""
    name = class_name(cls)
    if name is None or not is_genuine(cls, name):
        return ()
    namespace = _namespace_of(cls)
    found = {key for key in namespace if type(key) is str}
    annotations = namespace.get("__annotations__")
    if type(annotations) is dict:
        found |= {key for key in annotations if type(key) is str}
    for value in namespace.values():
        if type(value) is FunctionType:
            found |= {*value.__code__.co_names}
    return found
