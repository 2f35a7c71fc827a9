"""`predict_memory`: the production wrapper, as a context manager and as a decorator."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Literal, TypeVar, cast

from ..models.errors import InvalidOption
from ..models.model import BreakpointModel
from ..models.sizes import parse_size
from .arming import Armed, armed_state
from .invocation import Invocation, OnForecast

_Function = TypeVar("_Function", bound=Callable[..., Any])
_CO_COROUTINE = 0x80
# What this thread or task is in, innermost last: one wrapper object may be entered many times over.
_entered: ContextVar[tuple[tuple[Armed, Invocation], ...]] = ContextVar("peakahead entered", default=())
_ON_ERROR = ("warn", "raise")


class predict_memory:  # noqa: N801 - it reads as a function, like contextlib.suppress
    """Forecast the memory of what runs inside.

    Usable as `with predict_memory(model) as run:` and as `@predict_memory(model)`, on plain functions and on
    coroutine functions, any number of times and at once in any number of threads and tasks. The model is armed at
    the first use, if `arm` hasn't done so.

    Args:
        model: What `load` or `learn` returned.
        on_forecast: Called with each `Forecast`: at each stage's first, and whenever it rises.
        limit: The memory that the process may use, in bytes or such as "512MiB". Where the last stage's upper
            bound passes it, `PredictedMemoryExceeded` is raised from the breakpoint, before the allocation.
        on_error: What becomes of an exception of `on_forecast`: `warn` keeps it from the function, counts it in
            `run.errors` and warns once; `raise` lets it through.

    Raises:
        InvalidOption: If `limit` is no size, or `on_error` is unknown.
    """

    def __init__(
        self,
        model: BreakpointModel,
        on_forecast: OnForecast | None = None,
        limit: int | str | None = None,
        *,
        on_error: Literal["warn", "raise"] = "warn",
    ) -> None:
        if not isinstance(model, BreakpointModel):
            raise InvalidOption(f"model is a {type(model).__name__}: give what peakahead.load returns")
        if on_error not in _ON_ERROR:
            raise InvalidOption(f"on_error={on_error!r} is unknown: choose one of {', '.join(_ON_ERROR)}")
        self._model = model
        self._on_forecast = on_forecast
        self._raise_errors = on_error == "raise"
        self._limit = None if limit is None else parse_size(limit)

    def __enter__(self) -> Invocation:
        state = armed_state(self._model)
        invocation = Invocation(
            self._model,
            state.plan,
            state.baseline_bytes,
            is_armed=state.is_armed,
            on_forecast=self._on_forecast,
            raise_errors=self._raise_errors,
            limit_bytes=self._limit,
        )
        invocation.start()
        state.enter(invocation)
        _entered.set((*_entered.get(), (state, invocation)))
        return invocation

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        entered = _entered.get()
        if entered:  # else the block was left in another context than it was entered in
            _entered.set(entered[:-1])
            state, invocation = entered[-1]
            state.leave(invocation)

    def __call__(self, function: _Function) -> _Function:
        """Return the function wrapped, so that each of its calls is an invocation of its own."""
        code = getattr(function, "__code__", None)
        if code is not None and code.co_flags & _CO_COROUTINE:

            @functools.wraps(function)
            async def wrapped_coroutine(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return cast("_Function", wrapped_coroutine)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast("_Function", wrapped)
