"""Compares generated functions armed with the same bare: results, exceptions, line events, and what is observed.

Every assignment and every entry of a function and of all that is nested in it gets a breakpoint. What those read must
be what an observer sees that is written into a copy of the source after each assignment. Run as
`python -m tests.conformance.generated [examples] [seed]`.
"""

from __future__ import annotations

import gc
import itertools
import json
import re
import sys
from collections.abc import Callable
from inspect import CO_OPTIMIZED
from types import CodeType, FrameType, FunctionType
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import seed as seeded

from peakahead.models.errors import ArmingError
from peakahead.models.sites import Site
from peakahead.runtime.inject import Probe, inject, replace_nested
from peakahead.runtime.locate import nested_codes
from tests.conformance import scan, support
from tests.conformance.observer import OBSERVER, observed_tree
from tests.conformance.sources import sources

# Hypothesis remembers all of a run's examples: ten thousand take it gigabytes, and twice the time.
_AT_A_TIME = 1_000
FILENAME = "<generated>"
ARGUMENT = 3
Seen = tuple[int, str, Any]  # line (0 at entry), variable, value


# 3.13 inlines comprehensions of class bodies whose variables are cells, which the library has no words for.
UNREADABLE = "`bytecode` can't read it"


def described(value: Any, depth: int = 0) -> Any:
    """Return a value as it is now, so that it can be compared when it has changed."""
    if isinstance(value, int | float | str | type(None)):
        return value
    if isinstance(value, list | tuple | set) and depth < 4:
        return type(value).__name__, [described(item, depth + 1) for item in value]
    if isinstance(value, dict) and depth < 4:
        return "dict", [(described(key, depth + 1), described(item, depth + 1)) for key, item in value.items()]
    if isinstance(value, BaseException):
        return type(value).__name__, _without_addresses(str(value))
    return type(value).__name__


def _without_addresses(text: str) -> str:
    return re.sub("0x[0-9a-f]+", "0x", text)


def outcome(call: Callable[[], Any], *, positions: bool = True) -> Any:
    """Return what a call came to: its result, or its exception with all that hangs on it."""
    support.Turns.left = support._TURNS
    try:
        return "returned", described(support.consume(call()))
    except Exception as error:
        return "raised", _exception(error, positions, set())


def _exception(error: BaseException | None, positions: bool, seen: set[int]) -> Any:
    if error is None or id(error) in seen:
        return None
    seen.add(id(error))
    places = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename == FILENAME:
            columns = next(itertools.islice(code.co_positions(), traceback.tb_lasti // 2, None)) if positions else ()
            places.append((code.co_name, traceback.tb_lineno, columns))
        traceback = traceback.tb_next
    return (
        type(error).__name__,
        _without_addresses(str(error)),
        places,
        _exception(error.__cause__, positions, seen),
        _exception(error.__context__, positions, seen),
        error.__suppress_context__,
        [_exception(one, positions, seen) for one in getattr(error, "exceptions", ())],
    )


def target_of(code: CodeType, extra: dict[str, Any] | None = None) -> FunctionType:
    namespace = {**support.HELPERS, "__name__": "generated", "p": 1, **(extra or {})}
    exec(code, namespace)
    target = namespace["target"]
    assert isinstance(target, FunctionType)
    return target


def sites_of(code: CodeType) -> dict[CodeType, list[Site]]:
    """Return the sites of each store that the source tells of, and of each parameter, in all of a code object."""
    found = {}
    for nested in nested_codes(code):
        probes, _ = scan.probes_of(nested, scan.steps_of(nested))
        told = (probe.site for probe in probes)
        found[nested] = [s for s in told if s.variable.isidentifier() and not s.variable.startswith("__")]
    return found


def armed(
    code: CodeType, sites: dict[CodeType, list[Site]], hook: Callable[[Seen], None]
) -> tuple[CodeType, set[tuple[int, str]]]:
    """Return a code object with all of its sites armed, and the lines and variables of code that had to stay bare."""

    def probe(code: CodeType, site: Site) -> Probe:
        line = line_of(code, site)
        return Probe(site, lambda value: hook((line, site.variable, described(value))))

    codes: dict[int, CodeType] = {}
    left_out: set[tuple[int, str]] = set()
    for nested in reversed(list(nested_codes(code))):
        codes[id(nested)] = replace_nested(nested, codes)
        try:
            codes[id(nested)] = inject(codes[id(nested)], [probe(nested, site) for site in sites[nested]])
        except ArmingError as error:
            assert UNREADABLE in str(error), error  # noqa: PT017 - any other is a failure
            left_out |= {(line_of(nested, site), site.variable) for site in sites[nested]}
    return codes[id(code)], left_out


def line_of(code: CodeType, site: Site) -> int:
    return 0 if site.entry else code.co_firstlineno + site.line


def in_order(seen: list[Seen]) -> list[list[Seen]]:
    """Return what was seen by line; the compiler may change the order of the stores of one statement."""
    return [sorted(group, key=lambda row: row[1]) for _, group in itertools.groupby(seen, key=lambda row: row[0])]


def events_of(call: Callable[[], Any]) -> list[tuple[str, str, int]]:
    """Return what a debugger is told while a call runs."""
    seen: list[tuple[str, str, int]] = []

    def local(frame: FrameType, event: str, _arg: object) -> Any:
        seen.append((frame.f_code.co_name, event, frame.f_lineno))
        return local

    def calls(frame: FrameType, event: str, arg: object) -> Any:
        return local(frame, event, arg) if frame.f_code.co_filename == FILENAME else None

    before = sys.gettrace()
    sys.settrace(calls)
    try:
        outcome(call)
    finally:
        sys.settrace(before)
    return seen


def _ends_the_process(code: CodeType) -> bool:
    """Tell whether Python 3.13 itself may crash on it.

    Its class bodies lose a variable of the function around where a comprehension's, which a lambda uses, has its name.
    """
    is_crashing = sys.version_info >= (3, 13)
    return is_crashing and any(
        not nested.co_flags & CO_OPTIMIZED and {*nested.co_cellvars} & {*nested.co_freevars}
        for nested in nested_codes(code)
    )


def check(source: str) -> tuple[int, bool]:
    """Compare one generated source, bare and armed.

    Returns:
        How many values were observed, and whether some of its code had to stay bare.

    Raises:
        AssertionError: If anything differs.
    """
    try:
        code = compile(source, FILENAME, "exec")
        copy = compile(observed_tree(source), FILENAME, "exec")
    except SyntaxError:  # as where `nonlocal` finds no such variable
        assume(False)
        raise
    assume(not _ends_the_process(code))
    truth: list[Seen] = []

    def observe(variable: str, line: int, value: Any) -> tuple[Any, bool]:
        truth.append((line, variable, described(value)))
        return value, True

    copied = target_of(copy, {OBSERVER: observe})
    truth.clear()  # of the definition itself
    outcome(lambda: copied(ARGUMENT))
    bare = target_of(code)
    expected = run_and_count(bare)
    seen: list[Seen] = []
    function = target_of(code)
    sites = sites_of(function.__code__)
    function.__code__, left_out = armed(function.__code__, sites, seen.append)
    truth = [row for row in truth if row[:2] not in left_out]
    assert run_and_count(function) == expected
    assert in_order(seen) == in_order(truth), _first_difference(in_order(seen), in_order(truth))

    fresh, silent = target_of(code), target_of(code)
    silent.__code__, _ = armed(silent.__code__, sites, lambda _seen: None)
    ours, theirs = events_of(lambda: silent(ARGUMENT)), events_of(lambda: fresh(ARGUMENT))
    assert ours == theirs, _first_difference(ours, theirs)
    return len(seen), bool(left_out)


def _first_difference(seen: list[Any], truth: list[Any]) -> str:
    pairs = itertools.zip_longest(seen, truth)
    return next((f"{ours} armed, {theirs} bare" for ours, theirs in pairs if ours != theirs), "")


def run_and_count(function: FunctionType) -> Any:
    """Return a function's outcome, and how many objects it left alive that only the collector of cycles frees."""
    gc.disable()
    try:
        before = support.Manager.alive
        return outcome(lambda: function(ARGUMENT)), support.Manager.alive - before
    finally:
        gc.enable()


def run_examples(examples: int, seed: int = 0) -> dict[str, int]:
    """Check so many generated sources.

    Returns:
        How many were checked, of how many some code had to stay bare, and how many values were observed.

    Raises:
        AssertionError: If armed differs from bare; the smallest source that shows it is printed.
    """
    counts = {"examples": 0, "partly bare": 0, "values": 0}

    def run(n: int, seed: int) -> None:
        @seeded(seed)
        @settings(
            max_examples=n,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
            print_blob=False,
            phases=(Phase.generate, Phase.shrink),
        )
        @given(sources())
        def checked(source: str) -> None:
            values, is_partly_bare = check(source)
            counts["examples"] += 1
            counts["partly bare"] += is_partly_bare
            counts["values"] += values

        checked()

    for number, begun in enumerate(range(0, examples, _AT_A_TIME)):
        run(min(_AT_A_TIME, examples - begun), seed + number)
    return counts


def main() -> int:
    """Check as many examples as asked for, 10,000 by default, and print the counts as JSON."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    counts = run_examples(examples, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(json.dumps({"python": sys.version.split()[0], **counts}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
