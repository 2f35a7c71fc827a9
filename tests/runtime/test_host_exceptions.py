"""Results and exceptions of armed functions, to the last line of their tracebacks, are those of the bare ones."""

from __future__ import annotations

import contextlib
import gc
import io
import sys
import traceback
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import peakahead
from tests.programs import raising, stores
from tests.programs.observing import armed
from tests.programs.outcomes import outcome, same_outcome

HELPERS: list[Callable[..., Any]] = [raising.manager, raising.Manager.__enter__, raising.Manager.__exit__]


@pytest.mark.parametrize("function", raising.ALL, ids=lambda function: function.__name__)
def test_exceptions_are_the_same_to_the_last_line_and_column(function: Callable[[int], object]) -> None:
    def printed() -> str:
        try:
            return repr(function(5))
        except BaseException as error:
            return "".join(traceback.format_exception(error))

    same_outcome(lambda: (outcome(lambda: function(5)), printed()), function, *HELPERS)


@pytest.mark.parametrize("function", stores.ALL, ids=lambda function: function.__name__)
def test_results_are_the_same(function: Callable[[], object]) -> None:
    same_outcome(function, function)


def current() -> list[Any]:
    seen: list[Any] = []
    try:
        seen.append({}["none"])
    except KeyError as error:
        before = sys.exc_info()[1]
        seen.append(before is error)
        after = sys.exc_info()[1]
        seen.append(after is error)
    last = sys.exc_info()
    return [*seen, last]


def test_an_exception_under_way_is_still_the_current_one_after_a_breakpoint() -> None:
    assert same_outcome(current, current) == ("returned", [True, True, (None, None, None)])


class Held:
    pass


def raises(held: Any) -> None:
    kept = held
    raise LookupError(id(kept) > 0)


def is_alive() -> list[bool]:
    held = Held()
    watched = weakref.ref(held)
    told = []
    try:
        raises(held)
    except LookupError:
        del held
        told.append(watched() is not None)
    told.append(watched() is not None)
    return told


def test_an_exception_keeps_alive_what_it_kept_and_no_more() -> None:
    gc.disable()  # by its counts of references alone
    try:
        assert same_outcome(is_alive, raises, is_alive) == ("returned", [True, False])
    finally:
        gc.enable()


def depth() -> int:
    deepest = 0

    def deeper(n: int) -> None:
        nonlocal deepest
        deepest = n
        below = n + 1
        deeper(below)

    with contextlib.suppress(RecursionError):
        deeper(1)
    return deepest


def test_a_recursion_ends_at_the_same_depth_but_for_the_hooks_own() -> None:
    bare = depth()
    with armed(depth) as watched:
        assert bare - 2 <= depth() <= bare
        with peakahead.predict_memory(watched):
            assert bare - 20 <= depth() <= bare


def recurses(n: int) -> int:
    size = n
    return recurses(size + 1)


def test_a_recursion_that_has_no_end_raises_as_it_did() -> None:
    with armed(recurses) as watched:
        with pytest.raises(RecursionError, match="maximum recursion depth"):
            recurses(1)
        with (
            pytest.raises(RecursionError, match="maximum recursion depth") as caught,
            peakahead.predict_memory(watched),
        ):
            recurses(1)
        frames = traceback.extract_tb(caught.value.__traceback__)[1:]
        assert {frame.name for frame in frames} == {"recurses"}, (
            "the hook found no room, and it wasn't the host's fault"
        )


def prints(n: int) -> None:
    text = "x" * n
    print(text)
    print(text, file=sys.stderr)


def test_what_is_printed_is_the_same() -> None:
    def printed() -> tuple[str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            prints(3)
        return out.getvalue(), err.getvalue()

    assert same_outcome(printed, prints) == ("returned", ("xxx\n", "xxx\n"))


def test_these_functions_do_raise() -> None:
    raised = [function.__name__ for function in raising.ALL if outcome(lambda f=function: f(5))[0] == "raised"]
    assert len(raised) >= 18
