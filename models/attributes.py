"""Attributes of objects nobody vouches for, read without running any of their code.

`getattr` would run properties, `__getattr__` and `__getattribute__`; a metaclass may even answer for `__mro__`.
So everything here goes through the slots of `type` and `object` themselves, and compares classes by identity.
"""

from __future__ import annotations

import types
from _collections import _tuplegetter  # type: ignore[import-not-found]  # in C; what a named tuple's fields are

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MISSING: Any = object()
MAX_ATTRIBUTES = 64

_mro_of = type.__dict__["__mro__"].__get__
_namespace_of = type.__dict__["__dict__"].__get__
_flags_of = type.__dict__["__flags__"].__get__
_qualname_of = type.__dict__["__qualname__"].__get__
_module_of = type.__dict__["__module__"].__get__
_HEAP_TYPE = 1 << 9
_FIELDS = (types.MemberDescriptorType, _tuplegetter)  # read by C, whatever the class is

# Their attributes say nothing about data, and lead into the whole program.
_OPAQUE = (type, types.ModuleType, types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.CodeType)


def mro(cls: type) -> tuple[type, ...]:
    """Return the method resolution order of a class, whatever its metaclass claims."""
    order: tuple[type, ...] = _mro_of(cls)
    return order


def class_name(cls: type) -> str | None:
    """Return a class's module and qualified name, or None where they aren't plain texts."""
    try:
        module, qualname = _module_of(cls), _qualname_of(cls)
    except AttributeError:  # `__module__` was deleted
        return None
    return f"{module}.{qualname}" if type(module) is str and type(qualname) is str else None


def is_heap_type(cls: type) -> bool:
    """Tell whether a class was made at run time, as all of Python's own are, and some of C's."""
    return bool(_flags_of(cls) & _HEAP_TYPE)


def class_attribute(cls: type, name: str) -> Any:
    """Return what the nearest class of the method resolution order holds by a name, unbound, or MISSING."""
    for base in mro(cls):
        found = _namespace_of(base).get(name, MISSING)
        if found is not MISSING:
            return found
    return MISSING


def read_attribute(value: Any, name: str) -> Any:
    """Return an instance's attribute: from its `__dict__`, slots or named fields, or a plain default; else MISSING."""
    found = class_attribute(type(value), name)
    if found is not MISSING:
        if any(type(found) is kind for kind in _FIELDS):
            try:
                return found.__get__(value)
            except (AttributeError, TypeError, IndexError):
                return MISSING
        if class_attribute(type(found), "__get__") is not MISSING:
            return MISSING  # a property, a method or another descriptor: reading it would run code
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return MISSING


def own_attribute(value: Any, name: str) -> Any:
    """Return what an instance's `__dict__` holds by a name, whatever its class says of it, or MISSING."""
    return _namespace(value).get(name, MISSING)


def from_c(value: Any, name: str) -> Any:
    """Return what a class written in C offers by a name, as an attribute or a method without arguments, or MISSING."""
    found = class_attribute(type(value), name)
    if type(found) in (types.GetSetDescriptorType, types.MemberDescriptorType):
        return found.__get__(value)
    return found(value) if type(found) is types.MethodDescriptorType else MISSING


def _namespace(value: Any) -> dict[str, Any]:
    getter = class_attribute(type(value), "__dict__")
    if type(getter) is types.GetSetDescriptorType:
        namespace = getter.__get__(value)
        if type(namespace) is dict:
            return namespace
    return {}


def is_plain_object(value: Any) -> bool:
    """Tell whether the value is an instance of a Python class, whose attributes may be readings."""
    return is_heap_type(type(value)) and not isinstance_exact(value, _OPAQUE)


def isinstance_exact(value: Any, classes: tuple[type, ...]) -> bool:
    """Tell `isinstance` by the real class, never by what `__class__` says."""
    return any(base is cls for base in mro(type(value)) for cls in classes)


def declared_names(cls: type) -> list[str]:
    """Return what classes declare that C reads, whatever the class is: slots, and a named tuple's fields."""
    return [
        name
        for base in mro(cls)
        if is_heap_type(base)
        for name, found in _namespace_of(base).items()
        if type(name) is str and not name.startswith("__") and any(type(found) is kind for kind in _FIELDS)
    ]


def read_attributes(value: Any, names: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield those of an object's attributes that it has, by name, 64 at most."""
    for name in names[:MAX_ATTRIBUTES]:
        found = read_attribute(value, name)
        if found is not MISSING:
            yield name, found


def own_names(value: Any) -> list[str]:
    """Return the first 64 names in an object's `__dict__` that aren't dunder names."""
    names = list(_namespace(value))[:MAX_ATTRIBUTES]
    return [name for name in names if type(name) is str and not name.startswith("__")]
