"""Writes breakpoints into a code object: pure, from one code object to another.

After each store of a probe's variable at its line come four instructions: the hook as a constant, the variable, a
call of one argument, pop. They carry the store's own position, so lines, tracebacks and debuggers see nothing new.
The `bytecode` library is used in the one mode that keeps exception tables right, and what it returns is compared
with the original before anyone runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, Any

from ..models.assigned import pending_targets
from ..models.errors import ArmingError
from ..models.sites import Site
from . import facts

if TYPE_CHECKING:
    from bytecode import Bytecode, Instr

Hook = Callable[[Any], None]

_STACK_ROOM = 3  # the hook, the NULL beside it, the variable
_LOAD_OF = {"STORE_FAST": "LOAD_FAST", "STORE_DEREF": "LOAD_DEREF", "STORE_NAME": "LOAD_NAME"}


@dataclass(frozen=True, slots=True)
class Probe:
    """A hook to be called with a variable at a site."""

    site: Site
    hook: Hook


def inject(code: CodeType, probes: Sequence[Probe]) -> CodeType:
    """Return the code with the probes' hooks called at their sites; the same object if there are none.

    Raises:
        ArmingError: If a site isn't in this code, or the rewritten code isn't the original but for the insertions.
    """
    if not probes:
        return code
    from bytecode import Bytecode

    # The default round trip recomputes handlers' stack depths, too high for some: a later raise then crashes.
    try:
        edited = Bytecode.from_code(code, conserve_exception_block_stackdepth=True)
    except IndexError as error:  # 3.13 loads a cell by LOAD_FAST, which the library looks up among the locals
        raise ArmingError(f"{code.co_qualname} can't be rewritten: `bytecode` can't read its code ({error})") from error
    missing = {probe.site for probe in probes}
    edited[:] = list(_with_calls(_unfused(edited), probes, missing, code))
    if missing:
        site = min(missing)
        raise ArmingError(f"{code.co_qualname} has no assignment of {site.variable} at line {site.line + 1}")
    rewritten = edited.to_code(stacksize=code.co_stacksize + _STACK_ROOM, compute_exception_stack_depths=False)
    difference = _difference(code, rewritten)
    if difference:
        raise ArmingError(f"{code.co_qualname} can't be rewritten on this Python: its {difference} came out changed")
    return rewritten


def _unfused(edited: Bytecode) -> Iterator[Any]:
    """Yield the instructions with those that do two things at once taken apart."""
    from bytecode import Instr

    for item in edited:
        parts = facts.FUSED_OPCODES.get(item.name) if isinstance(item, Instr) else None
        if parts is None:
            yield item
        else:
            fused: Any = item
            for name, argument in zip(parts, fused.arg, strict=True):
                yield Instr(name, argument, location=fused.location)


def _with_calls(items: Iterator[Any], probes: Sequence[Probe], missing: set[Site], code: CodeType) -> Iterator[Any]:
    items_list = list(items)
    first = code.co_firstlineno
    at_store: dict[tuple[str, int], list[Probe]] = {}
    for probe in probes:
        if not probe.site.entry:
            at_store.setdefault((probe.site.variable, first + probe.site.line), []).append(probe)
    restored = {item.arg for item in items_list if getattr(item, "name", "") == facts.RESTORES_AFTER}
    entered = False
    pending = 0
    for index, item in enumerate(items_list):
        yield item
        name = getattr(item, "name", "")
        if not name:  # a label
            continue
        is_target = pending > 0
        pending = pending_targets(pending, name, item.arg if isinstance(item.arg, int) else 0)
        if name == "RESUME" and not entered:
            entered = True
            yield from _entry_calls(probes, missing, code, items_list[index + 1 :], item)
        elif name in _LOAD_OF or name == "STORE_GLOBAL":
            variable = item.arg if isinstance(item.arg, str) else item.arg.name
            if variable in restored and not is_target:
                continue
            is_deleted = _is_deleted(item, items_list[index + 1 : index + 2])
            for probe in at_store.get((variable, item.location.lineno), ()):
                missing.discard(probe.site)
                if is_deleted:  # the tracer, too, finds no value after such a line
                    continue
                if name == "STORE_GLOBAL":
                    yield from _call(probe.hook, "LOAD_GLOBAL", (False, variable), item.location)
                else:
                    yield from _call(probe.hook, _LOAD_OF[name], item.arg, item.location)


def _is_deleted(store: Any, following: list[Any]) -> bool:
    """Tell whether what is stored is deleted at once, as the name in `except ... as name` is when its block ends."""
    return any(
        getattr(item, "name", "") == store.name.replace("STORE", "DELETE") and item.arg == store.arg
        for item in following
    )


def _entry_calls(
    probes: Sequence[Probe], missing: set[Site], code: CodeType, following: list[Any], resume: Instr
) -> Iterator[Instr]:
    """Yield the calls for parameters, in their order, at the position of the body's first instruction.

    At the `def` line they would make a line event that the bare function doesn't make.
    """
    from bytecode import Instr
    from bytecode.instr import CellVar

    place = next((i.location for i in following if isinstance(i, Instr) and i.location and i.location.lineno), None)
    order = {name: index for index, name in enumerate(code.co_varnames)}
    at_entry = [probe for probe in probes if probe.site.entry and probe.site.variable in order]
    for probe in sorted(at_entry, key=lambda probe: order[probe.site.variable]):
        missing.discard(probe.site)
        variable = probe.site.variable
        if variable in code.co_cellvars:  # a nested function uses it
            yield from _call(probe.hook, "LOAD_DEREF", CellVar(variable), place or resume.location)
        else:
            yield from _call(probe.hook, "LOAD_FAST", variable, place or resume.location)


def _call(hook: Hook, load: str, variable: Any, location: Any) -> Iterator[Instr]:
    from bytecode import Instr

    if facts.NULL_FOLLOWS_CALLABLE:
        yield Instr("LOAD_CONST", hook, location=location)
        yield Instr("PUSH_NULL", location=location)
    else:
        yield Instr("PUSH_NULL", location=location)
        yield Instr("LOAD_CONST", hook, location=location)
    yield Instr(load, variable, location=location)
    if facts.CALL_HAS_PRECALL:
        yield Instr("PRECALL", 1, location=location)
    yield Instr("CALL", 1, location=location)
    yield Instr("POP_TOP", location=location)


def replace_nested(code: CodeType, replacements: dict[int, CodeType]) -> CodeType:
    """Return the code with the nested code objects of these ids replaced, at any depth."""
    constants = tuple(
        replacements.get(id(constant)) or replace_nested(constant, replacements)
        if isinstance(constant, CodeType)
        else constant
        for constant in code.co_consts
    )
    if all(new is old for new, old in zip(constants, code.co_consts, strict=True)):
        return code
    return code.replace(co_consts=constants)


def _difference(original: CodeType, rewritten: CodeType) -> str:
    """Return what of the original the rewritten code lost, or an empty text."""
    n = original.co_argcount + original.co_kwonlyargcount + bool(original.co_flags & 4) + bool(original.co_flags & 8)
    checks = {
        "arguments": original.co_varnames[:n] == rewritten.co_varnames[:n]
        and original.co_argcount == rewritten.co_argcount
        and original.co_kwonlyargcount == rewritten.co_kwonlyargcount
        and original.co_posonlyargcount == rewritten.co_posonlyargcount,
        "flags": original.co_flags == rewritten.co_flags,
        "cell variables": set(original.co_cellvars) == set(rewritten.co_cellvars),
        "free variables": original.co_freevars == rewritten.co_freevars,
        "names": set(rewritten.co_names) <= set(original.co_names),
        "local variables": set(rewritten.co_varnames) <= set(original.co_varnames),
        "lines": _lines(original) == _lines(rewritten),
        "exception table": _handler_depths(original) == _handler_depths(rewritten),
    }
    return next((what for what, same in checks.items() if not same), "")


def _lines(code: CodeType) -> list[int]:
    """Return the lines in the order of the code, each run of one line once."""
    lines = [line for _, _, line in code.co_lines() if line is not None]
    return [line for index, line in enumerate(lines) if index == 0 or line != lines[index - 1]]


def _handler_depths(code: CodeType) -> list[tuple[int, int]]:
    """Return, along the exception table, each handler's rank by position and its stack depth, repeats once.

    The table is a row of varints, four an entry: start, length, target, and depth with a flag; see
    Objects/exception_handling_notes.txt of CPython.
    """
    numbers = list(_varints(code.co_exceptiontable))
    entries = list(zip(numbers[2::4], numbers[3::4], strict=True))
    rank = {target: index for index, target in enumerate(sorted({target for target, _ in entries}))}
    depths = [(rank[target], depth) for target, depth in entries]
    return [entry for index, entry in enumerate(depths) if index == 0 or entry != depths[index - 1]]


def _varints(table: bytes) -> Iterator[int]:
    value = 0
    for byte in table:
        value = (value << 6) | (byte & 63)
        if not byte & 64:  # the last of this number
            yield value
            value = 0
