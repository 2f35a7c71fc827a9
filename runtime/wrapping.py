"""What `@predict_memory(model)` makes of functions of each kind: every call is an invocation of its own.

A generator runs by pieces, between which its caller runs: so the invocation is this thread's only while a piece runs.
"""

from __future__ import annotations

import functools
import types
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

from ..models.attributes import class_attribute
from .invocation import Invocation
from .state import Armed

Begin = Callable[[], tuple[Armed, Invocation]]

_COROUTINE, _GENERATOR, _ASYNC_GENERATOR, _ITERABLE_COROUTINE = 0x80, 0x20, 0x200, 0x100  # code flags, as `inspect` has


def wrapped(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    """Return the function, each run of which is an invocation.

    Args:
        function: A function, method, partial or callable object.
        begin: Begins an invocation, which the wrapper leaves.
    """
    flags = _code_flags(function)
    if flags & _ASYNC_GENERATOR:
        wrapper: Callable[..., Any] = _of_async_generator(function, begin)
    elif flags & _GENERATOR:
        wrapper = _of_generator(function, begin)
        if flags & _ITERABLE_COROUTINE:
            wrapper = types.coroutine(wrapper)
    elif flags & _COROUTINE:
        wrapper = _of_coroutine(function, begin)
    else:
        wrapper = _of_function(function, begin)
    return functools.update_wrapper(wrapper, function)


def _code_flags(function: Any) -> int:
    for _ in range(100):
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, types.MethodType | staticmethod):
            function = function.__func__
        elif isinstance(function, types.FunctionType):
            return function.__code__.co_flags
        else:
            function = class_attribute(type(function), "__call__")
    return 0


def _of_function(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        armed, invocation = begin()
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            invocation.failed = type(error).__name__
            raise
        finally:
            armed.leave(invocation)

    return wrapper


def _of_coroutine(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        armed, invocation = begin()
        try:
            return await function(*args, **kwargs)
        except BaseException as error:
            invocation.failed = type(error).__name__
            raise
        finally:
            armed.leave(invocation)

    return wrapper


def _of_generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        inner = function(*args, **kwargs)
        armed, invocation = begin()
        received: Any = None
        thrown: BaseException | None = None
        try:
            while True:
                item = inner.send(received) if thrown is None else inner.throw(thrown)
                received = thrown = None
                armed.pause(invocation)
                try:
                    received = yield item
                except BaseException as error:  # also that it is closed
                    thrown = error
                armed.resume(invocation)
        except StopIteration as end:
            return end.value
        except BaseException as error:
            invocation.failed = type(error).__name__
            raise
        finally:
            del thrown
            armed.leave(invocation)

    return wrapper


def _of_async_generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        inner = function(*args, **kwargs)
        armed, invocation = begin()
        received: Any = None
        thrown: BaseException | None = None
        try:
            while True:
                item = await (inner.asend(received) if thrown is None else inner.athrow(thrown))
                received = thrown = None
                armed.pause(invocation)
                try:
                    received = yield item
                except BaseException as error:  # also that it is closed
                    thrown = error
                armed.resume(invocation)
        except StopAsyncIteration:
            return
        except BaseException as error:
            invocation.failed = type(error).__name__
            raise
        finally:
            del thrown
            armed.leave(invocation)

    return wrapper
