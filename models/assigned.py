"""Which stores of a comprehension's variable assign it, and which give the outer variable back.

Since Python 3.12 a comprehension runs in its function's frame: it sets the outer variables of its own variables'
names aside on the stack (`LOAD_FAST_AND_CLEAR`), and stores them back when it ends, which may be no value at all.
So the stack is followed through the code, with what was set aside marked on it: a store of what is marked gives
back. The compiler moves such stores about, and the same names are assigned elsewhere, so that neither what stands
before a store nor its name would tell.
"""

from __future__ import annotations

from opcode import HAVE_ARGUMENT, opmap, stack_effect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Instructions = Iterable[tuple[int, int, int, int]]  # offset, opcode, argument, offset of what it jumps to or -1
    _Stack = tuple[bool, ...]  # whether each value on it was set aside

_SETS_ASIDE = opmap.get("LOAD_FAST_AND_CLEAR", -1)
_SWAP = opmap["SWAP"]
_STORES_TWO = opmap.get("STORE_FAST_STORE_FAST", -1)
_STORES_AND_LOADS = opmap.get("STORE_FAST_LOAD_FAST", -1)
_STORES = {opmap["STORE_FAST"], _STORES_TWO, _STORES_AND_LOADS}
_ENDS = {
    opmap[name]
    for name in ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "JUMP_FORWARD", "JUMP_BACKWARD",
                 "JUMP_BACKWARD_NO_INTERRUPT")  # that the next instruction doesn't follow
    if name in opmap
}  # fmt: skip


def sets_aside(opcode: int) -> bool:
    """Tell whether an instruction sets an outer variable aside for a comprehension."""
    return opcode == _SETS_ASIDE


def giving_back(instructions: Instructions, exception_table: bytes) -> set[tuple[int, int]]:
    """Return the stores that give back: the instruction's offset, and which of its stores if it does two (0 or 1)."""
    code = list(instructions)
    index_at = {offset: index for index, (offset, *_) in enumerate(code)}
    numbers = varints(exception_table)
    handlers = [
        (2 * start, 2 * (start + length), index_at[2 * target], depth >> 1, 1 + (depth & 1))
        for start, length, target, depth in zip(*[iter(numbers)] * 4, strict=True)
    ]
    stacks: list[_Stack | None] = [None] * len(code)
    stacks[0] = ()
    found: set[tuple[int, int]] = set()
    waiting = [0]
    while waiting:
        index = waiting.pop()
        offset, opcode, argument, target = code[index]
        stack = stacks[index]
        assert stack is not None
        ways: list[tuple[int, _Stack]] = []
        for start, end, handler, depth, pushed in handlers:
            if start <= offset < end:
                ways.append((handler, stack[:depth] + (False,) * pushed))
        if opcode == _SETS_ASIDE:
            after = (*stack, True)
        elif opcode == _SWAP:
            swapped = list(stack)
            swapped[-1], swapped[-argument] = swapped[-argument], swapped[-1]
            after = tuple(swapped)
        else:
            if opcode in _STORES:
                found.update((offset, which) for which in range(1 + (opcode == _STORES_TWO)) if stack[-1 - which])
            after = _moved(stack, opcode, argument, False)
        if target >= 0:
            ways.append((index_at[target], _moved(stack, opcode, argument, True)))
        if opcode not in _ENDS and index + 1 < len(code):
            ways.append((index + 1, after))
        for way, arriving in ways:
            if stacks[way] is None:
                stacks[way] = arriving
                waiting.append(way)
    return found


def _moved(stack: _Stack, opcode: int, argument: int, jump: bool) -> _Stack:
    if opcode == _STORES_AND_LOADS:
        return (*stack[:-1], False)
    effect = stack_effect(opcode, argument if opcode >= HAVE_ARGUMENT else None, jump=jump)
    return stack[:effect] if effect < 0 else stack + (False,) * effect


def varints(table: bytes) -> list[int]:
    """Return the numbers of an exception table, four an entry: start, length, target, and depth with a flag.

    Start, length and target count units of two bytes of code; see Objects/exception_handling_notes.txt of CPython.
    """
    found: list[int] = []
    value = 0
    for byte in table:
        value = value << 6 | (byte & 63)
        if not byte & 64:  # the last of this number
            found.append(value)
            value = 0
    return found
