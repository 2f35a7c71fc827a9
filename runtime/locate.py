"""From a function's name in a model to the living function objects that run its code."""

from __future__ import annotations

import functools
import gc
import sys
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType

from ..models.errors import ArmingError
from ..models.guard import is_from_signal_handler
from ..models.sites import FunctionRef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

LOCALS = ".<locals>."
_MAX_UNWRAPPED = 100


def root_of(reference: FunctionRef) -> FunctionRef:
    """Return the function that isn't nested in another, in whose constants a nested one's code lies."""
    return FunctionRef(reference.module, reference.qualname.split(LOCALS)[0])


def find_functions(reference: FunctionRef) -> list[FunctionType]:
    """Return the functions of this qualified name, through decorators, methods' wrappers, properties and partials.

    Raises:
        ArmingError: If the module can't be imported, or there is none; it says what is there instead.
    """
    module = import_module(reference.module)
    found = list(_candidates(module, reference.qualname)) or find_living(reference)
    if not found:
        raise ArmingError(_why_none(module, reference))
    return found


def find_living(reference: FunctionRef) -> list[FunctionType]:
    """Return every living function of this module and qualified name, wherever it is held.

    It looks at all objects of the process, which takes tens of milliseconds in a large one. It is for functions
    that their name doesn't lead to: held in a registry, behind a decorator that hides them, or under a name that
    another function has taken since.
    """
    module = import_module(reference.module)
    return [
        function
        for function in gc.get_objects()
        if type(function) is FunctionType
        and function.__globals__ is module.__dict__
        and _is_named(function, reference.qualname)
    ]


def codes_named(function: FunctionType, code: CodeType, qualname: str) -> Iterator[CodeType]:
    """Yield what in a function's code a qualified name may mean: the code itself, or code that is nested in it.

    Args:
        function: The function, as `find_functions` or `find_living` gave it.
        code: Its code as it was before anyone armed it.
        qualname: The name in the model.
    """
    if code.co_qualname == qualname or function.__qualname__ == qualname:
        yield code
    for nested in nested_codes(code):
        if nested is not code and nested.co_qualname == qualname:
            yield nested


def _is_named(function: FunctionType, qualname: str) -> bool:
    # What dataclasses generate is called `C.__init__`, but its code `__create_fn__.<locals>.__init__`.
    return function.__code__.co_qualname == qualname or function.__qualname__ == qualname


def import_module(name: str) -> ModuleType:
    """Return a module, importing it if that hasn't been done yet.

    Raises:
        ArmingError: If it can't be imported.
    """
    module = sys.modules.get(name)
    if module is not None:
        return module
    try:
        __import__(name)
        return sys.modules[name]
    except (Exception, SystemExit) as error:
        if is_from_signal_handler(error):
            raise
        raise ArmingError(f"the module {name} can't be imported ({type(error).__name__}: {error})") from error


_ABSENT = object()


def _named(module: ModuleType, qualname: str) -> Any:
    found: Any = module
    for part in qualname.split("."):
        try:
            found = vars(found)[part]  # not getattr: it would run descriptors
        except (KeyError, TypeError):
            return _ABSENT
    return found


def _candidates(module: ModuleType, qualname: str) -> Iterator[FunctionType]:
    for function in unwrapped(_named(module, qualname)):
        if _is_named(function, qualname):
            yield function


def _why_none(module: ModuleType, reference: FunctionRef) -> str:
    """Return why a reference leads to no function that could be armed, and what to do."""
    qualname = reference.qualname
    last = qualname.rpartition(".")[2]
    if last.startswith("<") and last != "<lambda>":
        return f"{reference} ran when the module was imported, and won't again: choose a site in a function"
    found = _named(module, qualname)
    if found is _ABSENT:
        return f"{reference.module} has no function {qualname}"
    if isinstance(found, type):
        return f"{reference} is a class, whose body ran when it was made: choose one of its methods"
    if isinstance(found, BuiltinFunctionType) or type(found).__name__ in _WRITTEN_IN_C:
        return f"{reference} is written in C and has no bytecode to put a breakpoint in: choose its caller"
    call = next((vars(cls)["__call__"] for cls in type(found).__mro__ if "__call__" in vars(cls)), None)
    if isinstance(call, FunctionType):
        return f"{reference} is an object that is called: arm {call.__module__}:{call.__qualname__}"
    return f"{reference} is a {type(found).__name__}, not a function"


_WRITTEN_IN_C = {"method_descriptor", "wrapper_descriptor", "classmethod_descriptor", "getset_descriptor"}


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
            case functools.partial() | functools.partialmethod() | functools.cached_property():
                queue.append(item.func)
            case functools.singledispatchmethod():
                queue.append(item.func)
            case FunctionType():
                yield item
                queue += _wrapped_by(item)
            case _:
                queue += _held_by(item)


def _held_by(item: Any) -> list[Any]:
    """Return what an object says it wraps, as lru_cache does, or holds, as a decorator that is a class does."""
    try:
        namespace = object.__getattribute__(item, "__dict__")  # runs no code of the object's class
    except AttributeError:
        return []
    if isinstance(item, type | ModuleType) or type(namespace) is not dict:
        return []
    return [held for held in namespace.values() if isinstance(held, _HOLDERS)]


_HOLDERS = (FunctionType, MethodType, functools.partial, staticmethod, classmethod)


def _wrapped_by(function: FunctionType) -> list[Any]:
    found = [function.__dict__["__wrapped__"]] if "__wrapped__" in function.__dict__ else []
    for cell in function.__closure__ or ():
        try:
            content = cell.cell_contents
        except ValueError:  # not yet set
            continue
        if isinstance(content, _HOLDERS):
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
