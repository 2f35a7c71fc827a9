"""Writes breakpoints into a code object: pure, from one code object to another.

After each store of a probe's variable at its line come four instructions: the hook as a constant, the variable, a
call, pop. They carry the store's own position, so lines, tracebacks and debuggers see nothing new,
and whatever guards the store guards them. The `bytecode` library is used in the one mode that keeps exception tables
right, and what it returns is compared with the original before anyone runs it.
"""

from __future__ import annotations

from types import CodeType

from ..models.errors import ArmingError
from . import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from bytecode import Instr

    from ..models.sites import Site
    from .places import Places

    Hook = Callable[[Any], object]

_STACK_ROOM = 2  # the hook and the variable


class Probe:
    """A hook to be called with a variable at a site."""

    __slots__ = ("hook", "site")

    def __init__(self, site: Site, hook: Hook) -> None:
        self.site = site
        self.hook = hook


def inject(code: CodeType, probes: Sequence[Probe]) -> CodeType:
    """Return the code with the probes' hooks called at their sites; the same object if there are none.

    Raises:
        ArmingError: If a site isn't in this code, or the rewritten code isn't the original but for the insertions.
    """
    if not probes:
        return code
    from bytecode import Bytecode

    from .places import Places
    from .positions import with_sound_lines

    places = Places(code, probes)
    if places.missing:
        site = min(places.missing)
        what = "parameter" if site.entry else "assignment of"
        where = "" if site.entry else f" at line {site.line + 1}"
        raise ArmingError(f"{code.co_qualname} has no {what} {site.variable}{where}")
    try:
        # The default round trip recomputes handlers' stack depths, too high for some: a later raise then crashes.
        edited = Bytecode.from_code(code, conserve_exception_block_stackdepth=True)
        edited[:] = list(_with_calls(list(edited), places, code))
        rewritten = edited.to_code(stacksize=code.co_stacksize + _STACK_ROOM, compute_exception_stack_depths=False)
    except (IndexError, ValueError, TypeError) as error:  # code that it doesn't understand
        raise ArmingError(f"{code.co_qualname} can't be rewritten: `bytecode` can't read it ({error})") from error
    rewritten = with_sound_lines(rewritten)
    difference = _difference(code, rewritten) or _out_of_reach(edited, rewritten)
    if difference:
        raise ArmingError(f"{code.co_qualname} can't be rewritten on this Python: its {difference} came out changed")
    return rewritten


def _with_calls(items: list[Any], places: Places, code: CodeType) -> Iterator[Any]:
    """Yield what the code is made of, with the calls among it."""
    from bytecode import Instr

    number = -1
    for index, item in enumerate(items):
        if not isinstance(item, Instr):  # a label, or where a handler's guard begins or ends
            yield item
            continue
        number += 1
        parts = _parts(item)
        is_apart = len(parts) > 1 and ((number, 0) in places.after or _has_cell(parts))
        if not is_apart:
            yield item
        for part, instruction in enumerate(parts):
            if is_apart:
                yield instruction
            for probe in places.after.get((number, part), ()):
                yield from _call(probe.hook, *_load_of(instruction), instruction.location)
        if number == places.entry:
            yield from _entry_calls(places.at_entry, code, items[index + 1 :], item)
    if number + 1 != places.n_instructions:
        raise ValueError(f"it finds {number + 1} instructions of {places.n_instructions}")


def _parts(item: Instr) -> list[Instr]:
    """Return the instructions that do one by one what one that does two things does at once, or the one."""
    names = facts.FUSED_OPCODES.get(item.name)
    if names is None:
        return [item]
    from bytecode import Instr

    arguments: Any = item.arg
    return [Instr(name, argument, location=item.location) for name, argument in zip(names, arguments, strict=True)]


def _has_cell(parts: Sequence[Instr]) -> bool:
    """Tell whether a cell is among the variables, which the library takes in an instruction of its own alone."""
    return any(type(part.arg) is not str for part in parts)


def _load_of(store: Instr) -> tuple[str, Any]:
    """Return the instruction, and its argument, that loads what was stored."""
    load = store.name.replace("STORE", "LOAD")
    return load, (False, store.arg) if load == "LOAD_GLOBAL" else store.arg


def _entry_calls(probes: Sequence[Probe], code: CodeType, following: Sequence[Any], resume: Instr) -> Iterator[Instr]:
    """Yield the calls for parameters, in their order, at the position of the body's first instruction.

    At the `def` line they would make a line event that the bare function doesn't make.
    """
    if not probes:
        return
    from bytecode import Instr
    from bytecode.instr import CellVar

    place = next((i.location for i in following if isinstance(i, Instr) and i.location and i.location.lineno), None)
    for probe in probes:
        variable = probe.site.variable
        if variable in code.co_cellvars:  # a nested function uses it
            yield from _call(probe.hook, "LOAD_DEREF", CellVar(variable), place or resume.location)
        else:
            yield from _call(probe.hook, "LOAD_FAST", variable, place or resume.location)


def _call(hook: Hook, load: str, variable: Any, location: Any) -> Iterator[Instr]:
    """Yield the call as that of a method, with the variable as its self: one push less than that of a function."""
    from bytecode import Instr

    yield Instr("LOAD_CONST", hook, location=location)
    yield Instr(load, variable, location=location)
    if facts.CALL_HAS_PRECALL:
        yield Instr("PRECALL", 0, location=location)
    yield Instr("CALL", 0, location=location)
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
    from .places import parameters

    checks = {
        "arguments": parameters(original) == parameters(rewritten)
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


def _out_of_reach(edited: Sequence[Any], rewritten: CodeType) -> str:
    """Return what overflowed silently: the library numbers variables anew, and the operands of fused ones are small."""
    names = {name for item in edited if getattr(item, "name", "") in facts.FUSED_OPCODES for name in item.arg}
    return "" if names <= {*rewritten.co_varnames[: facts.FUSED_REACH]} else "fused instructions"


def _lines(code: CodeType) -> list[int]:
    """Return the lines in the order of the code, each run of one line once."""
    lines = [line for _, _, line in code.co_lines() if line is not None]
    return [line for index, line in enumerate(lines) if index == 0 or line != lines[index - 1]]


def _handler_depths(code: CodeType) -> list[tuple[int, int]]:
    """Return, along the exception table, each handler's rank by position and its stack depth, repeats once."""
    from ..models.assigned import varints

    numbers = varints(code.co_exceptiontable)
    entries = list(zip(numbers[2::4], numbers[3::4], strict=True))
    rank = {target: index for index, target in enumerate(sorted({target for target, _ in entries}))}
    depths = [(rank[target], depth) for target, depth in entries]
    return [entry for index, entry in enumerate(depths) if index == 0 or entry != depths[index - 1]]
