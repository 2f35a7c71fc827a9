"""A function run armed in a child of a clean server, forecast beside measured peak."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable
from typing import Any

from ..learner.child import Task
from ..learner.invocations import Invocation
from ..learner.isolation import Outcome, measure
from ..learner.pickling import dumps
from ..learner.scope import Scope
from ..learner.target import underlying_function
from ..models.model import BreakpointModel
from ..runtime.arming import arm
from .armed_call import ArmedCall, HitCosts, Said, prepare


def bare_task(function: Callable[..., Any]) -> bytes:
    """Return the pickled task that runs a function as it is."""
    return _task(function, function, None)


def wrapped_task(called: Callable[..., Any], function: Callable[..., Any]) -> bytes:
    """Return the pickled task that calls something around a function, whose code is what is traced."""
    return _task(called, function, None)


def armed_task(
    function: Callable[..., Any],
    model: BreakpointModel,
    limit: int | None = None,
    before: Callable[[], object] | None = None,
) -> bytes:
    """Return the pickled task that runs a function armed, in a process armed before its memory is measured.

    Args:
        function: The function.
        model: The model to arm.
        limit: For `predict_memory`, in bytes.
        before: Called before the memory is measured, as in training.
    """
    return _task(ArmedCall(function, model, limit), function, functools.partial(prepare, model, before))


def hits_task(function: Callable[..., Any], model: BreakpointModel) -> bytes:
    """Return the pickled task that measures the cost of hits."""
    return _task(HitCosts(function, model), function, functools.partial(arm, model))


def _task(called: Callable[..., Any], function: Callable[..., Any], before: Callable[[], object] | None) -> bytes:
    scope = Scope.of(underlying_function(function))
    return dumps(Task(called, before, scope, "rss", True))


def pickled_arguments(invocation: Invocation) -> bytes:
    return dumps((tuple(invocation.args), dict(invocation.kwargs)))


def run_armed(task: bytes, invocation: Invocation, timeout_s: float | None = None) -> tuple[Outcome, Said]:
    """Run one invocation armed; return what became of it and what was forecast."""
    outcome = measure(task, pickled_arguments(invocation), traced=False, timeout_s=timeout_s, with_result=True)
    said: Said = pickle.loads(outcome.result) if outcome.result else Said((), "")
    return outcome, said
