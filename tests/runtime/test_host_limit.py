"""What a person sees when `limit` refuses: the breakpoint's line, and little of ours behind it."""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import peakahead
from peakahead.models.formulas import Formula, Term
from peakahead.models.model import BreakpointModel
from peakahead.models.readings import Reading
from peakahead.models.sites import Site
from tests.runtime.models import at_entry, model, stored


def outer(n: int) -> int:
    size = n
    return inner(size)


def inner(n: int) -> int:
    before = n
    size = n * 1_000  # the breakpoint
    made = bytearray(size)
    return len(made) + before


def generate(n: int) -> Any:
    for k in range(n):
        size = k * 1_000  # the breakpoint
        yield size


def handles(n: int) -> str:
    try:
        inner(n)
    except MemoryError as error:
        kept = error
        return type(kept).__name__
    return "fits"


def cleans_up(n: int, told: list[str]) -> int:
    told.append("entered")
    try:
        size = n * 1_000  # the breakpoint
        told.append("allocated")
        return size
    finally:
        last = "cleaned up"
        told.append(last)


def limited(function: Callable[..., Any], site: Site) -> BreakpointModel:
    return model(function, (site, [Reading(site, (), "value")], Formula(0.0, (Term(1e9, (0,)),))))


def refused(function: Callable[..., Any], site: Site, call: Callable[[], object]) -> peakahead.PredictedMemoryExceeded:
    watched = limited(function, site)
    try:
        with (
            pytest.raises(peakahead.PredictedMemoryExceeded) as caught,
            peakahead.predict_memory(watched, limit="4GiB"),
        ):
            call()
    finally:
        peakahead.disarm(watched)
    return caught.value


def frames_of(error: BaseException) -> tuple[list[traceback.FrameSummary], int]:
    """Return the host's frames, and how many of ours follow the last of them."""
    frames = traceback.extract_tb(error.__traceback__)
    hosts = [index for index, frame in enumerate(frames) if frame.filename == __file__]
    return [frames[index] for index in hosts], len(frames) - 1 - hosts[-1]


def test_the_last_line_of_the_hosts_is_the_breakpoints() -> None:
    error = refused(inner, stored(inner, "size", "# the breakpoint"), lambda: outer(10))
    hosts, ours = frames_of(error)
    assert [frame.name for frame in hosts[-2:]] == ["outer", "inner"]
    assert (hosts[-1].line or "").endswith("# the breakpoint")
    assert hosts[-2].line == "return inner(size)"
    assert ours <= 2


def test_what_is_printed_ends_in_the_line_and_the_reason() -> None:
    error = refused(inner, stored(inner, "size", "# the breakpoint"), lambda: outer(10))
    out = io.StringIO()
    traceback.print_exception(error, file=out)
    printed = out.getvalue()
    lines = printed.splitlines()
    (place,) = [index for index, line in enumerate(lines) if line.strip() == "size = n * 1_000  # the breakpoint"]
    assert sum(line.startswith("  File ") for line in lines[place:]) <= 2, printed
    assert "During handling" not in printed
    assert "direct cause" not in printed
    assert lines[-1].startswith("peakahead.models.errors.PredictedMemoryExceeded: ")
    for part in ("test_host_limit:inner", "limit=4.0 GiB", "size at line 3 of inner", "size = 10,000"):
        assert part in lines[-1]


def test_at_entry_it_is_the_functions_first_line() -> None:
    hosts, ours = frames_of(refused(inner, at_entry(inner, "n"), lambda: outer(10)))
    assert hosts[-1].name == "inner"
    assert hosts[-1].line == "before = n"
    assert ours <= 2


def test_in_a_generator_it_ends_the_generator() -> None:
    made = generate(10)
    error = refused(generate, stored(generate, "size", "# the breakpoint"), lambda: list(generate(10)))
    hosts, ours = frames_of(error)
    assert (hosts[-1].name, ours <= 2) == ("generate", True)
    assert next(made) == 0


def test_nothing_after_the_breakpoint_runs_but_what_cleans_up() -> None:
    told: list[str] = []
    refused(cleans_up, stored(cleans_up, "size", "# the breakpoint"), lambda: cleans_up(10, told))
    assert told == ["entered", "cleaned up"]


def test_the_host_may_catch_it_as_a_memory_error() -> None:
    watched = limited(inner, stored(inner, "size", "# the breakpoint"))
    try:
        with peakahead.predict_memory(watched, limit="4GiB") as run:
            assert handles(10) == "PredictedMemoryExceeded"
        assert run.errors == []
        with peakahead.predict_memory(watched, limit="100TiB"):
            assert handles(10) == "fits"
    finally:
        peakahead.disarm(watched)


def test_a_larger_one_is_refused_again_when_the_first_refusal_was_caught() -> None:
    watched = limited(inner, stored(inner, "size", "# the breakpoint"))
    try:
        with peakahead.predict_memory(watched, limit="4GiB"):
            assert handles(10) == "PredictedMemoryExceeded"
            assert handles(20) == "PredictedMemoryExceeded"
    finally:
        peakahead.disarm(watched)


def test_it_keeps_the_context_of_what_was_being_handled() -> None:
    def in_a_handler() -> None:
        try:
            {}["none"]
        except KeyError:
            outer(10)

    error = refused(inner, stored(inner, "size", "# the breakpoint"), in_a_handler)
    assert isinstance(error.__context__, KeyError)
    assert error.__cause__ is None
    assert error.__context__.__context__ is None


def test_it_is_raised_out_of_a_thread_started_inside() -> None:
    import threading

    told: list[BaseException] = []

    def work() -> None:
        try:
            outer(10)
        except MemoryError as error:
            told.append(error)

    watched = limited(inner, stored(inner, "size", "# the breakpoint"))
    try:
        with peakahead.predict_memory(watched, limit="4GiB"):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert [type(error).__name__ for error in told] == ["PredictedMemoryExceeded"]
    finally:
        peakahead.disarm(watched)


def test_it_can_be_pickled_to_another_process() -> None:
    import pickle

    error = refused(inner, stored(inner, "size", "# the breakpoint"), lambda: outer(10))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
    assert again.limit_bytes == error.limit_bytes == 4 * 2**30
    assert again.forecast == error.forecast
