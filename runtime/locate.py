"""From a function's name in a model to the living function objects that run its code."""

from __future__ import annotations

import functools
import gc
import importlib
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from ..models.errors import ArmingError
from ..models.sites import FunctionRef

LOCALS = ".<locals>."
_MAX_UNWRAPPED = 100


def root_of(reference: FunctionRef) -> FunctionRef:
    """Return the function that isn't nested in another, in whose constants a nested one's code lies."""
    return FunctionRef(reference.module, reference.qualname.split(LOCALS)[0])


def find_functions(reference: FunctionRef) -> list[FunctionType]:
    """Return the functions of this qualified name, through decorators, methods' wrappers, properties and partials.

    Raises:
        ArmingError: If the module can't be imported, or there is none.
    """
    module = import_module(reference.module)
    found = list(_candidates(module, reference.qualname))
    if not found:  # held somewhere else: in a registry, behind a decorator that hides it
        found = [
            function
            for function in gc.get_objects()
            if type(function) is FunctionType
            and function.__code__.co_qualname == reference.qualname
            and function.__globals__ is module.__dict__
        ]
    if not found:
        raise ArmingError(f"{reference.module} has no function {reference.qualname}")
    return found


def import_module(name: str) -> ModuleType:
    """Return a module, importing it if that hasn't been done yet.

    Raises:
        ArmingError: If it can't be imported.
    """
    module = sys.modules.get(name)
    if module is not None:
        return module
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise ArmingError(f"the module {name} can't be imported ({type(error).__name__}: {error})") from error


def _candidates(module: ModuleType, qualname: str) -> Iterator[FunctionType]:
    found: Any = module
    for part in qualname.split("."):
        try:
            found = vars(found)[part]  # not getattr: it would run descriptors
        except (KeyError, TypeError):
            return
    for function in unwrapped(found):
        if function.__code__.co_qualname == qualname:
            yield function


def unwrapped(outermost: Any) -> Iterator[FunctionType]:
    """Yield the functions that an object runs or wraps, outermost first."""
    queue = [outermost]
    seen: set[int] = set()
    while queue and len(seen) < _MAX_UNWRAPPED:
        item = queue.pop(0)
        if id(item) in seen:
            continue
        seen.add(id(item))
        match item:
            case staticmethod() | classmethod() | MethodType():
                queue.append(item.__func__)
            case property():
                queue += [part for part in (item.fget, item.fset, item.fdel) if part is not None]
            case functools.partial():
                queue.append(item.func)
            case functools.cached_property():
                queue.append(item.func)
            case FunctionType():
                yield item
                queue += _wrapped_by(item)
            case _ if hasattr(item, "__wrapped__"):  # lru_cache and the like
                queue.append(item.__wrapped__)


def _wrapped_by(function: FunctionType) -> list[Any]:
    found = [function.__dict__["__wrapped__"]] if "__wrapped__" in function.__dict__ else []
    for cell in function.__closure__ or ():
        try:
            content = cell.cell_contents
        except ValueError:  # not yet set
            continue
        if isinstance(content, FunctionType | MethodType | functools.partial | staticmethod | classmethod):
            found.append(content)
    return found


def nested_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield the code and every code object nested in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested_codes(constant)


def living_instances(codes: set[int]) -> list[FunctionType]:
    """Return the functions that run one of these code objects, by their ids."""
    return [item for item in gc.get_objects() if type(item) is FunctionType and id(item.__code__) in codes]
