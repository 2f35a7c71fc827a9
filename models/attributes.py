"""Attributes of objects nobody vouches for, read without running any of their code.

`getattr` would run properties, `__getattr__` and `__getattribute__`; a metaclass may even answer for `__mro__`.
So everything here goes through the slots of `type` and `object` themselves.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

MISSING: Any = object()
MAX_ATTRIBUTES = 64

_mro_of = type.__dict__["__mro__"].__get__
_namespace_of = type.__dict__["__dict__"].__get__
_flags_of = type.__dict__["__flags__"].__get__
_HEAP_TYPE = 1 << 9

# Their attributes say nothing about data, and lead into the whole program.
_OPAQUE = (type, types.ModuleType, types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.CodeType)


def mro(cls: type) -> tuple[type, ...]:
    """Return the method resolution order of a class, whatever its metaclass claims."""
    order: tuple[type, ...] = _mro_of(cls)
    return order


def _class_attribute(cls: type, name: str) -> Any:
    for base in mro(cls):
        found = _namespace_of(base).get(name, MISSING)
        if found is not MISSING:
            return found
    return MISSING


def read_attribute(value: Any, name: str) -> Any:
    """Return an instance's attribute from its `__dict__` or its slots, or a class's plain default, else MISSING."""
    found = _class_attribute(type(value), name)
    if found is not MISSING:
        if type(found) is types.MemberDescriptorType:
            try:
                return found.__get__(value)
            except (AttributeError, TypeError):
                return MISSING
        if _class_attribute(type(found), "__get__") is not MISSING:
            return MISSING  # a property, a method or another descriptor: reading it would run code
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return MISSING


def is_plain_object(value: Any) -> bool:
    """Tell whether the value is an instance of a Python class, whose attributes may be readings."""
    return bool(_flags_of(type(value)) & _HEAP_TYPE) and not isinstance_exact(value, _OPAQUE)


def isinstance_exact(value: Any, classes: tuple[type, ...]) -> bool:
    """Tell `isinstance` by the real class, never by what `__class__` says."""
    return any(base in classes for base in mro(type(value)))


def attributes_of(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield names and values of an object's own attributes, the first 64 that aren't dunder names."""
    names: list[str] = []
    for base in mro(type(value)):
        if _flags_of(base) & _HEAP_TYPE:
            slots = (n for n, a in _namespace_of(base).items() if type(a) is types.MemberDescriptorType)
            names.extend(slots)
    getter = _class_attribute(type(value), "__dict__")
    if type(getter) is types.GetSetDescriptorType:
        namespace = getter.__get__(value)
        if type(namespace) is dict:
            names.extend(name for name in list(namespace)[:MAX_ATTRIBUTES] if type(name) is str)
    for name in names[:MAX_ATTRIBUTES]:
        if not name.startswith("__"):
            found = read_attribute(value, name)
            if found is not MISSING:
                yield name, found
