"""`predict_memory`: the production wrapper, as a context manager and as a decorator."""

from __future__ import annotations

from _contextvars import ContextVar  # what `contextvars` has

from ..models.errors import InvalidOption
from ..models.model import BreakpointModel
from ..models.sizes import parse_size
from .arming import armed_state
from .invocation import Invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Literal, TypeVar

    from .invocation import OnForecast
    from .results import OnResult, Results

    _Function = TypeVar("_Function", bound=Callable[..., Any])

# What this thread or task is in, innermost last: one wrapper object may be entered many times over.
_entered: ContextVar[tuple[tuple[predict_memory, Invocation], ...]] = ContextVar("peakahead entered", default=())
_ON_ERROR = ("warn", "raise")


class predict_memory:  # noqa: N801 - it reads as a function, like contextlib.suppress
    """Forecast the memory of what runs inside.

    Usable as `with predict_memory(model) as run:` and as `@predict_memory(model)`, on functions, coroutine functions
    and generators, any number of times and at once in any number of threads and tasks. The model is armed at the first
    use, if `arm` hasn't done so.

    What is hit in a thread or task counts for the invocation that it is in, and for those around that one. A thread
    that was started inside, and isn't in an invocation of its own, counts for the one under way; where several are, it
    can't be told for which, and what is hit there says nothing. A task, and what `asyncio.to_thread` runs, are in their
    starter's invocation.

    Args:
        model: What `load` or `learn` returned.
        on_forecast: Called with each `Forecast`: at each stage's first, and whenever it rises.
        limit: The memory that the process may use, in bytes or such as "512MiB". Where the last stage's upper
            bound passes it, `PredictedMemoryExceeded` is raised from the breakpoint, before the allocation.
        on_error: What becomes of an exception of `on_forecast` or `on_result`: `warn` keeps it from the function,
            counts it in `run.errors` and warns once; `raise` lets it through.
        on_result: Called with the `Result` when an invocation has ended: its forecast beside the measured peak.
        results: A folder where each result is logged, a line of JSON each, for `peakahead watch`. A process keeps some
            thousand of its latest there, and no texts of the function's.

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
        on_result: OnResult | None = None,
        results: str | os.PathLike[str] | None = None,
    ) -> None:
        if not isinstance(model, BreakpointModel):
            raise InvalidOption(f"model is a {type(model).__name__}: give what peakahead.load returns")
        if on_error not in _ON_ERROR:
            raise InvalidOption(f"on_error={on_error!r} is unknown: choose one of {', '.join(_ON_ERROR)}")
        self._model = model
        self._on_forecast = on_forecast
        self._raise_errors = on_error == "raise"
        self._limit = None if limit is None else parse_size(limit)
        self._results: Results | None = None
        if on_result is not None or results is not None:
            from .results import Results  # which a cold start without them doesn't pay for

            self._results = Results(model, on_result, results)
        self._open: list[Invocation] = []

    def __enter__(self) -> Invocation:
        invocation = self._begin()
        _entered.set((*_entered.get(), (self, invocation)))
        self._open.append(invocation)
        return invocation

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        entered = _entered.get()
        for place in reversed(range(len(entered))):
            wrapper, invocation = entered[place]
            if wrapper is self and not invocation.is_over:
                _entered.set(entered[:place] + entered[place + 1 :])
                break
        else:  # the block is left in another context than it was entered in
            if not self._open:
                return
            invocation = self._open[-1]
        self._open.remove(invocation)
        invocation.end(exc)

    def __call__(self, function: _Function) -> _Function:
        """Return the function wrapped, so that each of its calls is an invocation of its own.

        A generator's invocation begins with its first item, and ends with it.

        Raises:
            InvalidOption: If it isn't callable.
        """
        if isinstance(function, classmethod):
            raise InvalidOption(f"{function!r} can't be wrapped: put the decorator below @classmethod")
        if not callable(function):
            raise InvalidOption(f"{function!r} can't be wrapped: give a function, or something else that is callable")
        from ..models.wrapping import wrapped

        return wrapped(function, self._begin)  # type: ignore[return-value]  # it takes and gives what the function does

    def _begin(self) -> Invocation:
        armed = armed_state(self._model)
        invocation = Invocation(
            armed,
            on_forecast=self._on_forecast,
            raise_errors=self._raise_errors,
            limit_bytes=self._limit,
            results=self._results,
        )
        armed.enter(invocation)
        try:
            invocation.start()
        except BaseException as error:
            invocation.end(error)
            raise
        return invocation
