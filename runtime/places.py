"""Where in a code object breakpoints go: decoded from its bytes, as they are.

A place is told by the number of an instruction among those of the code, `EXTENDED_ARG` and the room for the
specialising interpreter not counted, and by which part of it if it does two things.
"""

from __future__ import annotations

import opcode

from ..models.assigned import giving_back, sets_aside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType

    from ..models.sites import Site
    from .inject import Probe

    Place = tuple[int, int]  # an instruction's number, and which part of it

_CACHE = 0
_EXTENDED_ARG, _RESUME, _LOAD_CONST = (opcode.opmap[name] for name in ("EXTENDED_ARG", "RESUME", "LOAD_CONST"))
_JUMPS = frozenset(opcode.hasjrel)  # all of them, since 3.11
_BACKWARD = frozenset(op for op in opcode.hasjrel if "BACKWARD" in opcode.opname[op])
_LOCALS = {opcode.opmap["STORE_FAST"], opcode.opmap["STORE_DEREF"]}
_NAMES = {opcode.opmap["STORE_NAME"], opcode.opmap["STORE_GLOBAL"]}
_DELETES = {op: opcode.opmap[opcode.opname[op].replace("STORE", "DELETE")] for op in _LOCALS | _NAMES}
# Which halves of the argument, four bits each, an instruction that does two things stores to.
_FUSED = {
    opcode.opmap[name]: shifts
    for name, shifts in {"STORE_FAST_STORE_FAST": (4, 0), "STORE_FAST_LOAD_FAST": (4,)}.items()
    if name in opcode.opmap
}
_CO_VARARGS, _CO_VARKEYWORDS = 4, 8


class Places:
    """Where a code object's probes go.

    Attributes:
        entry: The number of the instruction after which the parameters' probes go.
        at_entry: Those probes, in the parameters' order.
        after: By place, the probes that go after its store.
        missing: The sites that the code hasn't got.
        n_instructions: How many there are.
    """

    def __init__(self, code: CodeType, probes: Sequence[Probe]) -> None:
        self.entry = -1
        self.at_entry = [probe for name in parameters(code) for probe in probes if _is_entry(probe.site, name)]
        self.after: dict[Place, list[Probe]] = {}
        self.missing = {probe.site for probe in probes} - {probe.site for probe in self.at_entry}
        wanted: dict[tuple[str, int], list[Probe]] = {}
        for probe in probes:
            if not probe.site.entry:
                line = code.co_firstlineno + probe.site.line
                wanted.setdefault((probe.site.variable, line), []).append(probe)
        instructions = _decoded(code)
        self.n_instructions = len(instructions)
        self._find(code, instructions, wanted)

    def _find(
        self, code: CodeType, instructions: list[tuple[int, int, int, int]], wanted: dict[tuple[str, int], list[Probe]]
    ) -> None:
        slots = (*code.co_varnames, *(n for n in code.co_cellvars if n not in code.co_varnames), *code.co_freevars)
        lines = {start: line for start, _, line in code.co_lines()}
        given_back = (
            giving_back(instructions, code.co_exceptiontable)
            if any(sets_aside(op) for _, op, _, _ in instructions)
            else set()
        )
        line: int | None = None
        for number, (offset, op, argument, _) in enumerate(instructions):
            line = lines.get(offset, line)
            if op == _RESUME and self.entry < 0:
                self.entry = number
            if line is None:
                continue
            for part, variable in enumerate(_stored(code, op, argument, slots)):
                probes = wanted.get((variable, line))
                if probes is None or (offset, part) in given_back:
                    continue
                self.missing.difference_update([probe.site for probe in probes])
                if not _is_cleared(code, instructions[number - 1], op, argument, instructions[number + 1]):
                    self.after[number, part] = probes


def _is_cleared(
    code: CodeType, before: tuple[int, int, int, int], op: int, argument: int, after: tuple[int, int, int, int]
) -> bool:
    """Tell whether a store is one of None before a deletion, as where the block of an `except ... as` ends."""
    return after[1:3] == (_DELETES.get(op), argument) and before[1] == _LOAD_CONST and code.co_consts[before[2]] is None


def parameters(code: CodeType) -> tuple[str, ...]:
    """Return the names of a code object's parameters; another variable has no value yet when it is entered."""
    flags = code.co_flags
    n = code.co_argcount + code.co_kwonlyargcount + bool(flags & _CO_VARARGS) + bool(flags & _CO_VARKEYWORDS)
    return code.co_varnames[:n]


def _is_entry(site: Site, name: str) -> bool:
    return site.entry and site.variable == name


def _stored(code: CodeType, op: int, argument: int, slots: tuple[str, ...]) -> tuple[str, ...]:
    """Return the variables that an instruction stores, in order."""
    if op in _LOCALS:
        return (slots[argument],)
    if op in _NAMES:
        return (code.co_names[argument],)
    if op in _FUSED:
        return tuple([slots[argument >> shift & 15] for shift in _FUSED[op]])
    return ()


def _decoded(code: CodeType) -> list[tuple[int, int, int, int]]:
    """Return of each instruction the offset, opcode, argument, and the offset that it jumps to or -1."""
    raw = code.co_code
    found: list[list[int]] = []
    extended, began = 0, -1
    for offset in range(0, len(raw), 2):
        op = raw[offset]
        if op == _CACHE:
            continue
        if began < 0:
            began = offset  # with its prefixes: that's where jumps and lines lead
        argument = extended | raw[offset + 1]
        if op == _EXTENDED_ARG:
            extended = argument << 8
        else:
            found.append([began, op, argument, -1])
            extended, began = 0, -1
    ends = [row[0] for row in found[1:]] + [len(raw)]
    for row, end in zip(found, ends, strict=True):
        if row[1] in _JUMPS:
            row[3] = end + (-2 * row[2] if row[1] in _BACKWARD else 2 * row[2])
    return [(offset, op, argument, target) for offset, op, argument, target in found]
