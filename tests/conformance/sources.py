"""Generates the source of functions that nobody would write: all statements, nested in each other at random.

Every function ends: loops are over short lists, or ask `tick`, which says no after some turns. Every expression may
raise: a name may be unbound, a divisor zero, an index too high.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import strategies as st

NAMES: tuple[str, ...] = ("a", "b", "c", "x", "y", "z")
_DEEPEST = 3


@dataclass(frozen=True)
class Where:
    """What the place in the code allows."""

    depth: int = 0
    kind: str = "def"  # or generator, async, asyncgen, class
    in_loop: bool = False
    in_function: bool = True

    def deeper(self, **changes: object) -> Where:
        return replace(self, depth=self.depth + 1, **changes)  # type: ignore[arg-type]  # its own fields


class Writer:
    """Writes by what a draw gives."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._functions = 0

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def name(self) -> str:
        return self._draw(st.sampled_from(NAMES))

    def names(self, count: int) -> list[str]:
        return self._draw(st.permutations(NAMES))[:count]

    def pick(self, *choices: str) -> str:
        return self._draw(st.sampled_from(choices))

    def expression(self, where: Where, depth: int = 0) -> str:
        kinds = ["name", "number", "call"]
        if depth < 2:
            kinds += ["sum", "divide", "list", "index", "compare", "conditional", "comprehension", "comprehension",
                      "lambda", "text"]  # fmt: skip
            if where.kind != "class":
                kinds += ["walrus", "yield" if where.kind in {"generator", "asyncgen"} else "name"]
                kinds += ["await" if where.kind in {"async", "asyncgen"} else "number"]
        left = self.expression(where, depth + 1) if depth < 2 else self.name()
        right = self.name() if self.number(0, 2) else str(self.number(0, 3))
        match self.pick(*kinds):
            case "name":
                return self.name()
            case "number":
                return str(self.number(-1, 400))
            case "call":
                return f"{self.pick('boom', 'same', 'listed', 'num')}({right})"
            case "sum":
                return f"({left} + {right})" if self.number(0, 3) == 0 else f"(num({left}) + num({right}))"
            case "divide":
                return f"(num({left}) // num({right}))"
            case "list":
                return f"[{left}, {right}, *listed({self.name()})]"
            case "index":
                return f"listed({left})[{right}]"
            case "compare":
                return f"(num({left}) < num({right}) or {self.name()} is None)"
            case "conditional":
                return f"({left} if {right} else {self.name()})"
            case "comprehension":
                return self.comprehension(where, left)
            case "lambda":
                one, other = self.names(2)
                return f"(lambda {one}, {other}=1: {one} + {right})({left})"
            case "walrus":
                return f"({self.name()} := {left})"
            case "yield":
                return f"(yield {left})" if where.kind == "asyncgen" or self.number(0, 3) else "(yield from sub())"
            case "await":
                return f"(await Pause({left}))"
        return f"f'{{{self.name()}!r:.9}}{{{right}}}'"

    def comprehension(self, where: Where, iterated: str) -> str:
        one, other, third = self.names(3)
        item = self.pick(
            one, other, f"({one}, {third})", f"(lambda: {one})()", f"[{other} for {other} in listed({one})]"
        )
        again = self.pick(
            "", "", f" if {one}", f" for {other} in listed({one})", f" for {other}, *{third} in pairs({one})"
        )
        around = self.pick("[{}]", "{{*[{}]}}", "sum(1 for _ in [{}])", "list({})", "{{k: 1 for k in [{}]}}")
        if "yield" in iterated or ":=" in iterated or "await" in iterated:
            iterated = self.name()
        clause = f"{item} for {one} in listed({iterated}){again}"
        if where.kind in {"async", "asyncgen"} and self.number(0, 2) == 0:
            return f"[{item} async for {one} in AsyncList({iterated})]"
        return around.format(clause)

    def block(self, where: Where) -> list[str]:
        lines = [line for _ in range(self.number(1, 3)) for line in self.statement(where)]
        return [f"    {line}" for line in lines]

    def statement(self, where: Where) -> list[str]:
        simple: list[Callable[[Where], list[str]]] = [
            self.assign, self.assign, self.unpack, self.chain, self.augment, self.annotate, self.delete, self.several,
            self.call, self.import_, self.jump, self.over_lines,
        ]  # fmt: skip
        compound: list[Callable[[Where], list[str]]] = [
            self.if_, self.for_, self.for_, self.while_, self.try_, self.try_, self.with_, self.match, self.function,
            self.class_,
        ]  # fmt: skip
        deep = where.depth >= _DEEPEST
        return self._draw(st.sampled_from(simple if deep else simple + compound))(where)

    def assign(self, where: Where) -> list[str]:
        one, other = self.names(2)
        value = self.expression(where)
        # Of two stores of one value in a row, as in `a = (a := 1)`, the compiler leaves one out.
        return [f"{other if f'({one} :=' in value else one} = {value}"] if f"({other} :=" not in value else [value]

    def unpack(self, where: Where) -> list[str]:
        one, other, third = self.names(3)
        if self.number(0, 3) == 0:  # the inner one can't fail: the observer comes too late for what was stored by then
            return [f"[{one}, ({other}, *{third})] = {self.expression(where)}, (0, *listed({other}))"]
        targets = self.pick(f"{one}, {other}", f"{one}, *{other}")
        value = self.pick(f"{other}, {one}", f"{one}, {self.expression(where)}", f"pairs({self.name()})",
                          f"{self.comprehension(where, one)}, {other}")  # fmt: skip
        return [f"{targets} = {value}"]

    def chain(self, where: Where) -> list[str]:
        one, other = self.names(2)
        value = self.expression(where)
        return [value if ":=" in value else f"{one} = {other} = {value}"]

    def augment(self, where: Where) -> list[str]:
        return [f"{self.name()} {self.pick('+=', '-=', '//=')} num({self.expression(where)})"]

    def annotate(self, where: Where) -> list[str]:
        name = self.pick("v", "w")  # a name that is global or nonlocal somewhere can't be annotated
        return [f"{name}: int = {self.expression(where)}"]

    def delete(self, where: Where) -> list[str]:
        return [f"del {self.name()}"]

    def several(self, where: Where) -> list[str]:
        return ["; ".join(self.assign(where) + self.augment(where) + self.assign(where))]

    def call(self, where: Where) -> list[str]:
        return [self.expression(where)]

    def import_(self, where: Where) -> list[str]:
        return [self.pick(f"import os.path as {self.name()}", f"from os import sep as {self.name()}", "import string")]

    def jump(self, where: Where) -> list[str]:
        choices = [f"raise ValueError({self.name()})", f"raise KeyError(1) from LookupError({self.name()})", "raise",
                   f"assert {self.name()}, {self.name()}"]  # fmt: skip
        if where.in_loop:
            choices += ["break", "continue"] * 2
        if where.kind != "class":
            choices += ["return" if where.kind == "asyncgen" else f"return {self.name()}"]
        return [self.pick(*choices)]

    def over_lines(self, where: Where) -> list[str]:
        one, other = self.names(2)
        return [f"{one} = (", f"    {self.expression(where, 1)},", f"    {other}", ")"]

    def if_(self, where: Where) -> list[str]:
        lines = [f"if {self.expression(where)}:", *self.block(where.deeper())]
        if self.number(0, 1):
            lines += [f"elif {self.name()}:", *self.block(where.deeper())]
        return [*lines, "else:", *self.block(where.deeper())] if self.number(0, 1) else lines

    def for_(self, where: Where) -> list[str]:
        one, other = self.names(2)
        head = self.pick(f"for {one} in listed({self.expression(where)})", f"for {one}, *{other} in pairs({other})")
        if where.kind in {"async", "asyncgen"} and self.number(0, 1):
            head = f"async for {one} in AsyncList({self.name()})"
        lines = [f"{head}:", *self.block(where.deeper(in_loop=True))]
        return [*lines, "else:", *self.block(where.deeper())] if self.number(0, 1) else lines

    def while_(self, where: Where) -> list[str]:
        return [f"while tick({self.name()}):", *self.block(where.deeper(in_loop=True))]

    def try_(self, where: Where) -> list[str]:
        lines = ["try:", *self.block(where.deeper())]
        kind = self.number(0, 5)
        if kind:
            caught = self.pick("ValueError", "(NameError, TypeError)", "Exception", "LookupError")
            group = self.pick("except", "except", "except*") if kind == 1 else "except"
            inside = where.deeper(in_loop=False) if group == "except*" else where.deeper()
            if group == "except*":
                lines += [f"{group} {caught} as {self.name()}:", f"    {self.assign(inside)[0]}"]
            else:
                lines += [f"{group} {caught} as {self.name()}:", *self.block(inside)]
                if kind > 3:
                    lines += ["except ArithmeticError:", *self.block(where.deeper())]
        if kind in {2, 3}:
            lines += ["else:", *self.block(where.deeper())]
        if kind in {0, 3, 4}:
            lines += ["finally:", *self.block(where.deeper())]
        return lines

    def with_(self, where: Where) -> list[str]:
        one, other = self.names(2)
        items = self.pick(f"Manager({self.name()}) as {one}", f"Manager(1) as {one}, Manager({one}) as {other}",
                          f"Manager(0) as ({one}, {other})", "Manager(1)")  # fmt: skip
        is_async = "async " if where.kind in {"async", "asyncgen"} and self.number(0, 1) else ""
        return [f"{is_async}with {items}:", *self.block(where.deeper())]

    def match(self, where: Where) -> list[str]:
        one, other, third = self.names(3)
        cases = [
            f"case [{one}, *{other}] if {self.name()}:",
            f"case {{'k': {one}, **{other}}}:",
            f"case int({one}) | [{one}]:",
            f"case [int() as {one}, {other}]:",
            f"case (str() | None) as {third}:",
        ]
        lines = [f"match {self.expression(where)}:"]
        for case in cases[self.number(0, 2) :: 2]:
            lines += [f"    {case}", *(f"    {line}" for line in self.block(where.deeper()))]
        return [*lines, f"    case {one}:", *(f"    {line}" for line in self.block(where.deeper()))]

    def function(self, where: Where) -> list[str]:
        self._functions += 1
        name = f"inner{self._functions}"
        kind = self.pick("def", "def", "generator", "async", "asyncgen")
        lines = self.definition(name, where.deeper(kind=kind, in_loop=False), nested=where.in_function)
        run = {"def": "{}(1)", "generator": "drive({}(1))", "async": "run({}(1))", "asyncgen": "run(collect({}(1)))"}
        return [*lines, f"{self.name()} = {run[kind].format(name)}"]

    def definition(self, name: str, where: Where, nested: bool) -> list[str]:
        posonly, plain, default, rest, only, others = self.names(6)
        signature = f"{posonly}, /, {plain}=2, {default}=4, *{rest}, {only}=5, **{others}"
        declared: list[str] = []
        if self.number(0, 1):
            free = ["p", "q", "r"]  # never parameters here
            declared = [f"    {self.pick('global') if not nested else self.pick('global', 'nonlocal')} {free[0]}",
                        f"    {free[0]} = {self.expression(where, 2)}"]  # fmt: skip
        body = [line for _ in range(self.number(1, 4)) for line in self.block(where)]
        last = "    yield 1" if where.kind in {"generator", "asyncgen"} else f"    return {self.name()}"
        if where.kind in {"generator", "asyncgen"}:
            body = [f"    {self.name()} = yield {self.name()}", *body]
        elif where.kind == "async":
            body = [f"    {self.name()} = await Pause(1)", *body]
        is_async = "async " if where.kind in {"async", "asyncgen"} else ""
        first = ["    p = 0"] if not declared else []
        return [f"{is_async}def {name}({signature}):", *declared, *first, *body, last]

    def class_(self, where: Where) -> list[str]:
        name = self.pick("C", "D")
        body = self.block(where.deeper(kind="class", in_loop=False, in_function=where.in_function))
        return [f"class {name}:", *body]


@st.composite
def sources(draw: st.DrawFn) -> str:
    """Generate a module's source with a function `target` that takes an argument."""
    writer = Writer(draw)
    kind = writer.pick("def", "def", "generator", "async", "asyncgen")
    lines = writer.definition("target", Where(kind=kind), nested=False)
    return textwrap.dedent("\n".join(lines)) + "\n"
