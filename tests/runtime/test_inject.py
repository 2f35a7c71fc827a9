"""Injection against what nobody here wrote: the interpreter, `dis`, and the naive way of using `bytecode`."""

from __future__ import annotations

import dis
import importlib
import inspect
import itertools
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

import pytest

from peakahead.learner.stores import CodeStores
from peakahead.models.errors import ArmingError
from peakahead.models.features import Value
from peakahead.models.sites import FunctionRef, Site
from peakahead.runtime import inject as injecting
from peakahead.runtime.inject import Probe, inject, replace_nested
from peakahead.runtime.locate import nested_codes
from tests.learner.scripted import hit_readings, own_readings, trace
from tests.programs import stores


def every_store(code: CodeType, hook: Callable[[Site, Any], object]) -> list[Probe]:
    """Return a probe for every store of a code object, as the learner's decoder finds them."""
    decoded = CodeStores(code)
    reference = FunctionRef(stores.__name__, code.co_qualname)
    sites = {
        Site(reference, line - code.co_firstlineno, variable)
        for found in decoded._stores.values()
        for variable, line in found
        if line >= code.co_firstlineno
    }
    return [Probe(site, lambda value, site=site: hook(site, value)) for site in sorted(sites)]


def every_store_of(code: CodeType, variable: str, hook: Callable[[Any], object]) -> list[Probe]:
    return [probe for probe in every_store(code, lambda _, value: hook(value)) if probe.site.variable == variable]


def observed(function: FunctionType) -> list[tuple[str, int, str, dict[str, Value]]]:
    """Run a function of the programs with every store of its module armed; return what the hooks saw."""
    found: list[tuple[str, int, str, dict[str, Value]]] = []

    def hook(site: Site, value: Any) -> None:
        found.append((site.function.qualname, site.line, site.variable, own_readings(value)))

    originals = {}
    for other in module_functions():
        codes: dict[int, CodeType] = {}
        for code in reversed(list(nested_codes(other.__code__))):
            codes[id(code)] = inject(replace_nested(code, codes), every_store(code, hook))
        originals[other] = other.__code__
        other.__code__ = codes[id(other.__code__)]
    try:
        function()
    finally:
        for other, code in originals.items():
            other.__code__ = code
    return found


def module_functions() -> list[FunctionType]:
    members = [*vars(stores).values(), *vars(stores.Box).values()]
    plain = [member.__func__ if isinstance(member, staticmethod) else member for member in members]
    return [m for m in plain if isinstance(m, FunctionType) and m.__module__ == stores.__name__]


@pytest.mark.parametrize("function", stores.ALL, ids=lambda function: function.__name__)
def test_the_hooks_see_what_the_tracer_sees(function: FunctionType) -> None:
    expected = function()
    traced = []
    for site, hits in trace(function).hits.items():
        if not site.entry:
            for index, order in enumerate(hits.order):
                readings = hit_readings(hits, index)
                traced.append((int(order), (site.function.qualname, site.line, site.variable, readings)))

    # A generator's and a thread's lines may interleave otherwise; within a function the order is the same.
    def by_function(row: tuple[str, int, str, dict[str, Value]]) -> str:
        return row[0]

    seen = observed(function)
    assert sorted(seen, key=by_function) == sorted(
        (row for _, row in sorted(traced, key=lambda pair: pair[0])), key=by_function
    )
    assert function() == expected


@pytest.mark.parametrize("function", stores.ALL, ids=lambda function: function.__name__)
def test_line_events_and_results_are_those_of_the_bare_function(function: FunctionType) -> None:
    def events() -> tuple[Any, list[tuple[str, str, int]]]:
        seen: list[tuple[str, str, int]] = []

        def local(frame: Any, event: str, _arg: Any) -> Any:
            seen.append((frame.f_code.co_qualname, event, frame.f_lineno))
            return local

        def calls(frame: Any, event: str, arg: Any) -> Any:
            return local(frame, event, arg) if frame.f_code.co_filename == stores.__file__ else None

        threading.settrace(calls)
        sys.settrace(calls)
        try:
            return function(), seen
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]  # None takes it back

    bare = events()
    armed: list[Any] = []

    def run() -> None:
        armed.append(events())

    observed(run)  # type: ignore[arg-type]  # a function

    assert armed[0] == bare


MODULES = ["argparse", "json.decoder", "textwrap", "difflib", "csv", "dataclasses", "statistics", "zipfile", "typing"]


def functions_of(name: str) -> Iterator[CodeType]:
    with open(str(importlib.import_module(name).__file__)) as file:
        return functions_in(file.read())


def functions_in(source: str) -> Iterator[CodeType]:
    return (nested for nested in nested_codes(compile(source, "source", "exec")) if nested.co_flags & 1)


@pytest.mark.parametrize("name", MODULES)
def test_every_store_of_the_standard_library_can_be_armed(name: str) -> None:
    armed = 0
    for code in functions_of(name):
        probes = every_store(code, lambda _site, _value: None)
        entries = [Site(FunctionRef(name, code.co_qualname), 0, v, True) for v in code.co_varnames[: code.co_argcount]]
        probes += [Probe(site, lambda _value: None) for site in entries]
        rewritten = inject(code, probes)
        calls = sum(1 for i in dis.get_instructions(rewritten) if i.opname == "LOAD_CONST" and callable(i.argval))
        assert calls >= len(probes)
        assert_same_but_for_insertions(code, rewritten)
        armed += len(probes)
    assert armed > 50


def assert_same_but_for_insertions(code: CodeType, rewritten: CodeType) -> None:
    """Compare by the standard library's own readers of the tables, which injection doesn't use."""

    def depths(code: CodeType) -> list[tuple[int, bool]]:
        entries = dis._parse_exception_table(code)  # type: ignore[attr-defined]  # not in typeshed
        return [key for key, _ in itertools.groupby((entry.depth, entry.lasti) for entry in entries)]

    def lines(code: CodeType) -> list[int]:
        return [key for key, _ in itertools.groupby(line for _, line in dis.findlinestarts(code) if line is not None)]

    n = code.co_argcount + code.co_kwonlyargcount
    assert depths(rewritten) == depths(code)
    assert lines(rewritten) == lines(code)
    assert rewritten.co_varnames[:n] == code.co_varnames[:n]
    assert set(rewritten.co_varnames) <= set(code.co_varnames)
    assert set(rewritten.co_names) <= set(code.co_names)  # names of code that was optimised away may go


def test_nothing_to_inject_is_the_same_object() -> None:
    code = stores.loops.__code__

    assert inject(code, []) is code
    assert replace_nested(code, {}) is code


def test_a_site_that_is_not_there_is_named() -> None:
    site = Site(FunctionRef("m", "loops"), 2, "nothing")
    with pytest.raises(ArmingError, match="loops has no assignment of nothing at line 3"):
        inject(stores.loops.__code__, [Probe(site, print)])


def test_only_a_parameter_can_be_read_at_entry() -> None:
    """Any other local holds nothing yet, and Python 3.12 would crash on reading it."""
    code = stores.loops.__code__
    arguments = inspect.getargs(code).args
    for variable in {*code.co_varnames} - {*arguments}:
        with pytest.raises(ArmingError, match=f"loops has no .*{variable}"):
            inject(code, [Probe(Site(FunctionRef("m", "loops"), 0, variable, True), print)])
    assert len(code.co_varnames) > len(arguments)


@pytest.mark.skipif("STORE_FAST_STORE_FAST" not in dis.opmap, reason="cells are loaded by an opcode of their own here")
def test_code_that_the_library_can_t_read_is_refused() -> None:
    source = "lambda letter: lambda: [lambda: letter for letter in letter]"
    (inner,) = (code for code in functions_in(source) if "letter" in code.co_freevars and code.co_cellvars)

    with pytest.raises(ArmingError, match="<lambda> can't be rewritten: `bytecode` can't read it"):
        inject(inner, every_store(inner, lambda _site, _value: None))


FUSED = pytest.mark.skipif("STORE_FAST_STORE_FAST" not in dis.opmap, reason="no instruction does two things here")


def fused(code: CodeType) -> Counter[tuple[str, Any]]:
    found = (i for i in dis.get_instructions(code) if i.opname.count("_FAST") == 2)
    return Counter((i.opname, i.argval) for i in found)


@FUSED
@pytest.mark.parametrize(
    ("variable", "apart"),
    [
        ("first", {("STORE_FAST_STORE_FAST", ("first", "second"))}),
        ("second", {("STORE_FAST_STORE_FAST", ("second", "first"))}),  # in the swap
        ("last", {("STORE_FAST_LOAD_FAST", ("last", "last"))}),
    ],
)
def test_what_does_two_things_is_taken_apart_only_for_a_call_in_between(variable: str, apart: set[Any]) -> None:
    def swapped(both: tuple[int, int]) -> int:
        first, second = both
        first, second = second, first
        last = [last * first for last in both]
        return first - second + last[0]

    bare = swapped.__code__
    seen: list[object] = []
    swapped.__code__ = inject(bare, every_store_of(bare, variable, seen.append))

    assert swapped((3, 5)) == 2 + 15
    assert seen == {"first": [3, 5], "second": [5, 3], "last": [3, 5, [15, 25]]}[variable]
    assert {*(fused(bare) - fused(swapped.__code__))} == apart


@FUSED
def test_variables_that_a_handler_names_first_are_in_reach() -> None:
    """Handlers come last in the code, so that their variables, numbered first by the compiler, are seen last."""
    others = [f"other{number}" for number in range(30)]
    body = "".join(f"    {name} = n + {number}\n" for number, name in enumerate(others))
    namespace: dict[str, Any] = {}
    exec(
        "def handled(n):\n    try:\n        1 // n\n    except ZeroDivisionError:\n        left, right = 5, n\n"
        f"        left, right = right, left\n        return left, right\n{body}    return {' + '.join(others)}",
        namespace,
    )
    handled = namespace["handled"]
    bare, expected = handled.__code__, (handled(0), handled(1))
    seen: list[int] = []
    handled.__code__ = inject(bare, every_store_of(bare, "other29", seen.append))

    assert (handled(0), handled(1)) == expected
    assert seen == [30]
    assert fused(handled.__code__) == fused(bare) != Counter()


@FUSED
def test_what_is_out_of_a_fused_instruction_s_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def added(first: int, second: int) -> int:
        total = first + second
        return -total

    monkeypatch.setattr(injecting.facts, "FUSED_REACH", 1)
    with pytest.raises(ArmingError, match="its fused instructions came out changed"):
        inject(added.__code__, every_store_of(added.__code__, "total", print))


def test_rewritten_code_that_came_out_changed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(injecting, "_handler_depths", lambda code: [(0, len(code.co_code))])
    probes = every_store(stores.exceptions.__code__, lambda _site, _value: None)
    with pytest.raises(ArmingError, match="its exception table came out changed"):
        inject(stores.exceptions.__code__, probes)


def test_a_function_beyond_an_instruction_s_reach_is_armed() -> None:
    lines = ["def large(n):", "    total = 0", "    for i in range(n):"]
    lines += [f"        name{k} = i + {k + 1000}" for k in range(1_000)]
    lines += ["        total += name999", "    return total"]
    namespace: dict[str, Any] = {}
    exec("\n".join(lines), namespace)
    large = namespace["large"]
    expected = large(3)
    seen: list[int] = []
    site = Site(FunctionRef("m", "large"), 1002, "name999")

    large.__code__ = inject(large.__code__, [Probe(site, seen.append)])

    assert large(3) == expected
    assert seen == [1999, 2000, 2001]


RAISES_IN_A_HANDLER = """
from peakahead.models.sites import FunctionRef, Site
from peakahead.runtime.inject import Probe, inject

class Kept:
    alive = 0
    def __init__(self): Kept.alive += 1
    def __del__(self): Kept.alive -= 1

def nested(n):
    kept = Kept()
    try:
        try:
            value = int("x")
        except ValueError as error:
            if n:
                try:
                    raise KeyError(n)
                except KeyError as inner:
                    last = n
                    raise RuntimeError(n) from inner
            raise
    finally:
        after = n
    return after

ref = FunctionRef("m", "nested")
lines = {"kept": 1, "last": 10, "after": 14}
probes = [Probe(Site(ref, line, name), lambda value: None) for name, line in lines.items()]
nested.__code__ = inject(nested.__code__, probes)
for n in list(range(2)) * 2_000:
    try:
        nested(n)
    except (RuntimeError, ValueError) as error:
        del error
print(Kept.alive)
"""


def test_nested_handlers_release_what_they_held() -> None:
    done = subprocess.run([sys.executable, "-c", RAISES_IN_A_HANDLER], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr


@pytest.mark.skipif("LOAD_FAST_AND_CLEAR" not in dis.opmap, reason="comprehensions have a frame of their own here")
def test_a_comprehension_s_variable_is_seen_but_not_loaded_where_it_is_given_back() -> None:
    script = """
from peakahead.models.sites import FunctionRef, Site
from peakahead.runtime.inject import Probe, inject
def f(xs):
    squares = [x * y for x in xs for y, *z in ((x, 0),) if x if y]
    [x for x in xs]
    a, b = {x for x in xs}; return squares, a + b
seen = []
ref = FunctionRef("m", "f")
probes = [Probe(Site(ref, line, "x"), seen.append) for line in (1, 2, 3)]
probes += [Probe(Site(ref, 1, name), seen.append) for name in ("y", "z", "squares")]
f.__code__ = inject(f.__code__, probes)
print(f([1, 2]), seen)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    said = "([1, 4], 3) [1, 1, [0], 2, 2, [0], [1, 4], 1, 2, 1, 2]"
    assert (done.returncode, done.stdout.strip()) == (0, said), done.stderr
