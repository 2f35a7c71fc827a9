"""What a decorator makes of functions of each kind, so that every call is a run of its own.

A generator runs by pieces, between which its caller runs: so its run is paused from each item to the next.
"""

from __future__ import annotations

import functools
import types

from .attributes import class_attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator
    from typing import Any, Protocol

    class Run(Protocol):
        """One call while it runs; what it is told raises nothing of its own."""

        def pause(self) -> None: ...

        def resume(self) -> None: ...

        def end(self, error: BaseException | None) -> None: ...


_COROUTINE, _GENERATOR, _ASYNC_GENERATOR, _ITERABLE_COROUTINE = 0x80, 0x20, 0x200, 0x100  # code flags, as `inspect` has


def wrapped(function: Callable[..., Any], begin: Callable[[], Run]) -> Callable[..., Any]:
    """Return the function, each call of which is a run.

    Args:
        function: A function, method, partial or callable object.
        begin: Begins a run, which the wrapper ends: with the exception that the call ended by, or None.
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


def _of_function(function: Callable[..., Any], begin: Callable[[], Run]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        run = begin()
        try:
            value = function(*args, **kwargs)
        except BaseException as error:
            run.end(error)
            raise
        run.end(None)
        return value

    return wrapper


def _of_coroutine(function: Callable[..., Any], begin: Callable[[], Run]) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        run = begin()
        try:
            value = await function(*args, **kwargs)
        except BaseException as error:
            run.end(error)
            raise
        run.end(None)
        return value

    return wrapper


def _of_generator(function: Callable[..., Any], begin: Callable[[], Run]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        inner = function(*args, **kwargs)
        run = begin()
        received: Any = None
        thrown: BaseException | None = None
        try:
            while True:
                item = inner.send(received) if thrown is None else inner.throw(thrown)
                received = thrown = None
                run.pause()
                try:
                    received = yield item
                except BaseException as error:  # also that it is closed
                    thrown = error
                run.resume()
        except StopIteration as end:
            run.end(None)
            return end.value
        except BaseException as error:
            run.end(error)
            raise
        finally:
            del thrown

    return wrapper


def _of_async_generator(function: Callable[..., Any], begin: Callable[[], Run]) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        inner = function(*args, **kwargs)
        run = begin()
        received: Any = None
        thrown: BaseException | None = None
        try:
            while True:
                item = await (inner.asend(received) if thrown is None else inner.athrow(thrown))
                received = thrown = None
                run.pause()
                try:
                    received = yield item
                except BaseException as error:  # also that it is closed
                    thrown = error
                run.resume()
        except StopAsyncIteration:
            run.end(None)
            return
        except BaseException as error:
            run.end(error)
            raise
        finally:
            del thrown

    return wrapper
