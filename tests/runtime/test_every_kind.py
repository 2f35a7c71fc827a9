"""Every kind of function and of store, armed through a model: what is read, and that disarming gives the code back."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

import peakahead
from peakahead.models.sites import FunctionRef, Site
from peakahead.runtime.locate import find_functions, find_living, nested_codes
from tests.programs import kinds
from tests.runtime.models import at_entry, line_of, stored, watching

record = kinds.Record(4)


async def _all(n: int) -> list[int]:
    return [each async for each in kinds.counted(n)]


def _managed(n: int) -> None:
    with kinds.managed(n):
        pass


def _subclass(n: int) -> None:
    type("Sub", (kinds.Base,), {}, size=n)


def of(found: Any) -> FunctionType:
    assert isinstance(found, FunctionType)
    return found


INTS, LETTERS = (kinds.dispatched.registry[kind] for kind in (int, str))
TOLD = vars(kinds.Record)["told"].func
STORED: list[tuple[FunctionType, str, str, Callable[[], object], list[int]]] = [
    (of(kinds.global_name), "LEVEL", "LEVEL = n", lambda: kinds.global_name(5), [5]),
    (of(kinds.handled), "last", "last = n", lambda: kinds.handled(6), [6]),
    (of(kinds.cleaned), "opened", "as opened", lambda: kinds.cleaned(7), [7]),
    (of(kinds.cleaned), "inside", "inside = ", lambda: kinds.cleaned(7), [7]),
    (of(kinds.matched), "head", "case [head", lambda: kinds.matched(8), [8]),
    (of(kinds.unpacked), "first", "first, *rest", lambda: kinds.unpacked(9), [9]),
    (of(kinds.walrus), "found", "found :=", lambda: kinds.walrus(3), [3]),
    (of(kinds.comprehended), "both", "both = n", lambda: kinds.comprehended(4), [4]),
    (of(kinds.Record.__dict__["made"].__func__), "size", "size = cls", lambda: kinds.Record.made(11), [11]),
    (of(vars(kinds.Record)["area"].func), "squared", "squared", lambda: kinds.Record(4).area, [12]),
    (of(TOLD), "text", "text = ", lambda: record.told(1234), [4]),
    (of(kinds.Record.Inner.deep), "depth", "depth = ", lambda: kinds.Record.Inner().deep(2), [2]),
    (of(vars(kinds.Base)["__init_subclass__"].__func__), "taken", "taken = ", lambda: _subclass(13), [13]),
    (of(kinds.Meta.__call__), "made", "made = ", lambda: kinds.Built(14), [14]),
    (of(kinds.Caller.__call__), "called", "called = ", lambda: kinds.caller(15), [15]),
    (of(kinds.task.run), "size", "size = ", lambda: kinds.task(16), [16]),
    (of(LETTERS), "letters", "letters = ", lambda: kinds.dispatched("four"), [4]),
    (of(vars(kinds.managed)["__wrapped__"]), "held", "held = ", lambda: _managed(18), [18]),
    (of(kinds.adds), "added", "added = ", lambda: kinds.partial(19), [20]),
    (of(kinds.counted), "each", "each = ", lambda: asyncio.run(_all(3)), [0, 1, 2]),
]


def seen(watched: Any, call: Callable[[], object]) -> list[int]:
    with peakahead.predict_memory(watched) as run:
        call()
    return [forecast.growth_bytes for forecast in run.forecasts[1:]]


@pytest.mark.parametrize(("function", "variable", "text", "call", "values"), STORED, ids=lambda case: str(case)[:50])
def test_it_is_armed_read_and_given_back(
    function: FunctionType, variable: str, text: str, call: Callable[[], object], values: list[int]
) -> None:
    original = function.__code__
    watched = watching(function, stored(function, variable, text))

    assert peakahead.arm(watched, strict=True)
    assert seen(watched, call) == values
    peakahead.disarm(watched)
    assert function.__code__ is original


@pytest.mark.parametrize(
    ("parameter", "feature", "value"),
    [("first", "value", 5), ("second", "value", 2), ("rest", "len", 0), ("only", "value", 3), ("named", "len", 0)],
)
def test_every_kind_of_parameter_is_read_at_entry(parameter: str, feature: str, value: int) -> None:
    watched = watching(kinds.parameters, at_entry(kinds.parameters, parameter), feature)

    assert seen(watched, lambda: kinds.parameters(5)) == [value]
    peakahead.disarm(watched)


@pytest.mark.parametrize(
    ("parent", "name", "variable", "text", "value"),
    [
        (kinds.free, "free.<locals>.add", "kept", "kept = kept", 8),
        (kinds.class_body, "class_body.<locals>.Made", "size", "size = n", 7),
    ],
)
def test_nested_functions_and_class_bodies_are_armed_in_their_parent(
    parent: FunctionType, name: str, variable: str, text: str, value: int
) -> None:
    (code,) = (c for c in parent.__code__.co_consts if getattr(c, "co_qualname", "") == name)
    line = line_of(parent, text) + parent.__code__.co_firstlineno - code.co_firstlineno
    watched = watching(parent, Site(FunctionRef(kinds.__name__, name), line, variable), code=code)
    original = parent.__code__

    assert peakahead.arm(watched, strict=True)
    assert seen(watched, lambda: parent(7)) == [value]
    peakahead.disarm(watched)
    assert parent.__code__ is original


def test_what_a_dataclass_generates_is_found_by_its_name() -> None:
    assert find_functions(FunctionRef(kinds.__name__, "Record.__init__")) == [kinds.Record.__init__]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Record", "is a class, whose body ran when it was made: choose one of its methods"),
        ("contextlib.suppress", "is a class"),
        ("functools.reduce", "is written in C"),
        ("caller", r"is an object that is called: arm tests.programs.kinds:Caller.__call__"),
        ("LEVEL", "is a int, not a function"),
        ("<module>", "ran when the module was imported"),
        ("Record.<listcomp>", "ran when the module was imported"),
        ("nobody", "has no function nobody"),
    ],
)
def test_what_cannot_be_armed_is_named_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(peakahead.ArmingError, match=why):
        find_functions(FunctionRef(kinds.__name__, name))


def test_a_module_s_own_code_is_refused_by_arm() -> None:
    watched = watching(kinds.adds, Site(FunctionRef(kinds.__name__, "<module>"), 1, "LEVEL"), code=kinds.adds.__code__)

    with pytest.raises(peakahead.ArmingError, match="ran when the module was imported"):
        peakahead.arm(watched, strict=True)
    peakahead.disarm(watched)


def test_of_two_functions_of_one_name_both_are_found_while_they_live() -> None:
    reference = FunctionRef(kinds.__name__, "either")
    first, second = (function for function in kinds.REGISTRY if function.__name__ == "either")

    assert find_functions(reference) == [second]  # the name leads to the later one alone
    assert set(find_living(reference)) == {first, second}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters came with 3.12")
def test_functions_with_type_parameters_are_armed_and_what_is_nested_in_them() -> None:
    source = (
        "def outer[T](n: T):\n    def inner[U](m: U):\n        total = n + m\n        return total\n"
        "    return inner(n)\n"
        "class Box[T]:\n    def put[U](self, n: U):\n        held = [n for _ in (1, 2)]\n        return held\n"
    )
    module = types.ModuleType("generic_functions")
    exec(compile(source, "generic_functions.py", "exec"), vars(module))
    sys.modules[module.__name__] = module
    try:
        for qualname, line, variable, call, value, code in (
            ("outer.<locals>.inner", 1, "total", lambda: module.outer(4), 8, _nested(module.outer.__code__, "inner")),
            ("Box.put", 1, "held", lambda: module.Box().put(4), 2, module.Box.put.__code__),
        ):
            site = Site(FunctionRef(module.__name__, qualname), line, variable)
            watched = watching(module.outer, site, "value" if variable == "total" else "len", code=code)
            before = module.outer.__code__, module.Box.put.__code__
            assert peakahead.arm(watched, strict=True)
            assert seen(watched, call) == [value]
            peakahead.disarm(watched)
            assert (module.outer.__code__, module.Box.put.__code__) == before
            assert module.outer.__code__ is before[0]
    finally:
        del sys.modules[module.__name__]


def _nested(code: types.CodeType, name: str) -> types.CodeType:
    return next(nested for nested in nested_codes(code) if nested.co_name == name)
