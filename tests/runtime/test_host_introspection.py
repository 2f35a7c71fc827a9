"""Tools that look at a function see the same one when it is armed."""

from __future__ import annotations

import ast
import copy
import dis
import inspect
import io
import pydoc
import textwrap
import typing
from collections.abc import Callable
from types import CodeType
from typing import Any

import pytest

from tests.programs import described, suspended
from tests.programs.observing import armed
from tests.programs.outcomes import same_outcome


def instructions(code: CodeType) -> str:
    out = io.StringIO()
    dis.dis(code, file=out)
    return out.getvalue()


LOOKS: dict[str, Callable[[Any], Any]] = {
    "getsource": inspect.getsource,
    "getsourcelines": inspect.getsourcelines,
    "getsourcefile": inspect.getsourcefile,
    "getmodule": inspect.getmodule,
    "getdoc": inspect.getdoc,
    "getcomments": inspect.getcomments,
    "signature": inspect.signature,
    "parameters": lambda f: [
        (p.name, p.kind, p.default, p.annotation) for p in inspect.signature(f).parameters.values()
    ],
    "getfullargspec": inspect.getfullargspec,
    "getclosurevars": inspect.getclosurevars,
    "unwrap": inspect.unwrap,
    "kinds": lambda f: [inspect.isfunction(f), inspect.iscoroutinefunction(f), inspect.isgeneratorfunction(f)],
    "members": lambda f: sorted(name for name, _ in inspect.getmembers(f)),
    "type hints": typing.get_type_hints,
    "overloads": typing.get_overloads,
    "help": lambda f: pydoc.plain(pydoc.render_doc(f)),
    "tree": lambda f: ast.dump(ast.parse(textwrap.dedent(inspect.getsource(f)))),
    "repr": repr,
    "hash": hash,
    "names": lambda f: (f.__name__, f.__qualname__, f.__module__, f.__doc__),
    "attributes": lambda f: (f.__defaults__, f.__kwdefaults__, f.__annotations__, dict(f.__dict__)),
    "closure": lambda f: [(id(cell), id(cell.cell_contents)) for cell in f.__closure__ or ()],
    "globals": lambda f: id(f.__globals__),
    "file": lambda f: (f.__code__.co_filename, f.__code__.co_firstlineno, f.__code__.co_name, f.__code__.co_qualname),
    "parameters of the code": lambda f: (
        f.__code__.co_varnames[: len(inspect.signature(f, follow_wrapped=False).parameters)],
        f.__code__.co_argcount,
        f.__code__.co_posonlyargcount,
        f.__code__.co_kwonlyargcount,
        f.__code__.co_flags,
    ),
    "names of the code": lambda f: (
        f.__code__.co_freevars,
        sorted(f.__code__.co_cellvars),
        sorted(f.__code__.co_names),
        sorted(f.__code__.co_varnames),
    ),
    "constants": lambda f: f.__code__.co_consts[:1],  # the docstring, where there is one
    "documented": lambda f: f.__doc__,
    "lines": lambda f: sorted({line for _, line in dis.findlinestarts(f.__code__) if line is not None}),
    "copied": lambda f: (copy.copy(f) is f, copy.deepcopy(f) is f),
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_tool_sees_the_bare_function(look: str) -> None:
    functions = [*described.PLAIN, described.made_early, *suspended.FUNCTIONS]
    bare = [LOOKS[look](function) for function in functions]
    with armed(*described.PLAIN, *suspended.FUNCTIONS):
        found = [LOOKS[look](function) for function in functions]
    assert found == bare


def test_the_functions_were_armed_while_they_were_looked_at() -> None:
    functions = [*described.PLAIN, described.made_early, *suspended.FUNCTIONS]
    codes = [function.__code__ for function in functions]
    with armed(*described.PLAIN, *suspended.FUNCTIONS):
        assert all(function.__code__ is not code for function, code in zip(functions, codes, strict=True))
    assert all(function.__code__ is code for function, code in zip(functions, codes, strict=True))


def test_functions_of_every_kind_give_the_same_together() -> None:
    def fresh() -> Any:
        described.cached.cache_clear()
        told = described.uses(), described.cached.cache_info()
        point = described.Point(1, 2)
        return told, copy.copy(point), copy.deepcopy([point]), point == copy.deepcopy(point)

    same_outcome(fresh, *described.ALL)


def test_armed_code_can_be_taken_apart() -> None:
    bare = instructions(described.many_locals.__code__)
    with armed(described.many_locals):
        shown = instructions(described.many_locals.__code__)
        nested = described.many_locals.__code__.co_consts
        effects = dis.stack_effect(dis.opmap["POP_TOP"])
    assert effects == -1
    assert shown != bare
    assert "inside" in shown
    assert any(isinstance(constant, CodeType) for constant in nested)


def test_armed_code_equals_itself_and_not_the_bare_one() -> None:
    code = described.many_locals.__code__
    with armed(described.many_locals):
        rewritten = described.many_locals.__code__
        assert rewritten == described.many_locals.__code__
        assert hash(rewritten) == hash(described.many_locals.__code__)
        assert rewritten.replace() == rewritten
        assert rewritten != code
    assert described.many_locals.__code__ is code


def test_what_is_set_on_an_armed_function_stays() -> None:
    function: Any = described.takes_all
    defaults, keywords = function.__defaults__, function.__kwdefaults__
    with armed(function):
        function.seen = 7
        function.__defaults__ = (9.5,)
        function.__kwdefaults__ = {"key": b"new"}
        assert function(1) == {"size": 3, "length": 0, "b": 9.5, "key": b"new"}
    assert function(1) == {"size": 3, "length": 0, "b": 9.5, "key": b"new"}
    assert function.seen == 7
    function.__defaults__, function.__kwdefaults__, function.seen = defaults, keywords, 0
