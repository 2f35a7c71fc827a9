"""Which variables a piece of code stores: after which instruction, and on the way from one line event to the next.

Where every instruction can be followed, a store is done when the one after it is about to run, unless that was
come to by another way. A line event says only that a line is about to run. Whether the line before it stored its
variable depends on the way taken: the `for` line stores its target on every turn but not on the last. So the way
is searched in the code's own control flow, from the instruction of the last event to that of this one.
Each code object is decoded once; the decoding makes no object an instruction, since it runs inside the invocation
that is being measured.
"""

from __future__ import annotations

import dis
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass
from types import CodeType

from ..models.assigned import giving_back, sets_aside

_NAME_STORES = {"STORE_NAME", "STORE_GLOBAL"}
_LOCAL_STORES = {"STORE_FAST", "STORE_DEREF"}
_FUSED_STORES = {"STORE_FAST_LOAD_FAST": (4,), "STORE_FAST_STORE_FAST": (4, 0)}  # shifts of the stored indexes
_STOPS = {"RETURN_VALUE", "RETURN_CONST", "RETURN_GENERATOR", "RAISE_VARARGS", "RERAISE"}
_JUMPS = {"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"}
# What may follow a store without using anything: the rest of an unpacking or a chain, the way back of a loop.
_IDLE = {*_NAME_STORES, *_LOCAL_STORES, *_JUMPS, "STORE_FAST_STORE_FAST", "COPY", "SWAP", "POP_TOP", "NOP"}
_CACHE = 0  # also in the instructions as they were compiled, as room for the specialising interpreter
_EXTENDED_ARG = dis.opmap["EXTENDED_ARG"]
_RESUME = dis.opmap["RESUME"]
_YIELD_VALUE = dis.opmap["YIELD_VALUE"]

_RESUME_KIND = 3  # the low bits of RESUME's argument tell where it resumes: 0 is the function's start

Store = tuple[str, int]  # variable, line


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a store is first seen done.

    Attributes:
        stored_at: The offset of the instruction that stores.
        offset: That of the next one.
        stores: What it stores.
        shared: Whether other ways lead to the next one, on which nothing is stored.
    """

    stored_at: int
    offset: int
    stores: tuple[Store, ...]
    shared: bool


class CodeStores:
    """The stores of one code object, by instruction offsets.

    Attributes:
        entries: Offsets of the RESUME instructions that begin a call; the others resume a generator.
        suspensions: Offsets of the instructions that suspend a generator or a coroutine.
        busy_lines: Lines that go on after they stored a variable, as comprehensions and other loops on one line do:
            the next line event comes when what was stored has been used.
    """

    def __init__(self, code: CodeType) -> None:
        self.entries: set[int] = set()
        self.suspensions: set[int] = set()
        self._stores: dict[int, tuple[Store, ...]] = {}
        self._next: dict[int, tuple[int, ...]] = {}
        self.busy_lines: set[int] = set()
        self._decode(code)
        self._find_busy_lines(code.co_code)

    def _decode(self, code: CodeType) -> None:
        slots = [*code.co_varnames, *(n for n in code.co_cellvars if n not in code.co_varnames), *code.co_freevars]
        raw = code.co_code
        starts = [i for i in range(0, len(raw), 2) if raw[i] != _CACHE]
        line_at = self._line_of = {
            offset: line for start, end, line in code.co_lines() if line is not None for offset in range(start, end, 2)
        }
        extended = 0
        deleting, stored_at = ("", 0), 0
        for index, offset in enumerate(starts):
            opcode, argument = raw[offset], raw[offset + 1] | extended
            after = starts[index + 1] if index + 1 < len(starts) else len(raw)
            if opcode == _EXTENDED_ARG:
                extended = argument << 8
                self._next[offset] = (after,)
                continue
            extended = 0
            name = dis.opname[opcode]
            self._next[offset] = _successors(name, opcode, argument, after)
            if (name, argument) == deleting:  # as the name in `except ... as name` is when its block ends
                self._stores.pop(stored_at, None)
            deleting, stored_at = (name.replace("STORE", "DELETE"), argument), offset
            names: tuple[str, ...] = ()
            if name in _LOCAL_STORES:
                names = (slots[argument],)
            elif name in _NAME_STORES:
                names = (code.co_names[argument],)
            elif name in _FUSED_STORES:
                names = tuple(slots[(argument >> shift) & 15] for shift in _FUSED_STORES[name])
            elif opcode == _RESUME and argument & _RESUME_KIND == 0:
                self.entries.add(offset)
            elif opcode == _YIELD_VALUE:
                self.suspensions.add(offset)
            line = line_at.get(offset)
            if names and line is not None:
                self._stores[offset] = tuple((stored, line) for stored in names)
        if any(sets_aside(raw[offset]) for offset in starts):
            given_back = giving_back(_steps(raw, starts), code.co_exceptiontable)
            for offset in {offset for offset, _ in given_back} & self._stores.keys():
                stored = enumerate(self._stores[offset])
                self._stores[offset] = tuple(store for which, store in stored if (offset, which) not in given_back)

    def _find_busy_lines(self, raw: bytes) -> None:
        for offset, stores in self._stores.items():
            line = self._line_of[offset]
            after = self._next[offset]
            passed: set[int] = set()
            while after and after[0] not in passed and dis.opname[raw[after[0]]] in _IDLE:
                passed.add(after[0])  # `while True: pass` leads back to itself
                after = self._next[after[0]]
            if stores and any(self._line_of.get(successor) == line for successor in after):
                self.busy_lines.add(line)

    def landings(self) -> list[Landing]:
        """Return where each store is first seen done."""
        arrivals = Counter(successor for ways in self._next.values() for successor in ways)
        return [
            Landing(offset, following, stores, arrivals[following] > 1)
            for offset, stores in self._stores.items()
            for following in self._next[offset]
            if stores
        ]

    @property
    def all(self) -> set[Store]:
        """Every store of the code."""
        return {store for stores in self._stores.values() for store in stores}

    def between(self, before: int, after: int, busy_lines: Set[int]) -> tuple[Store, ...]:
        """Return what is stored from the instruction at `before` up to that at `after`, by the shortest way there.

        Args:
            before: The offset of the one instruction.
            after: That of the other.
            busy_lines: The lines that are followed instruction by instruction.
        """
        if before not in self._next:
            return ()
        if self._line_of.get(before) in busy_lines:  # every instruction makes an event, and a line's first two
            return self._stores.get(before, ()) if after in self._next[before] else ()
        arrivals = {after}
        if self._line_of.get(before) == self._line_of.get(after):
            # Within a line only a jump back makes an event: what counts is the way around, not the first arrival.
            arrivals = {offset for offset, ways in self._next.items() if after in ways and offset > after} or arrivals
        if before in arrivals:
            return self._stores.get(before, ())
        way = self._way(before, arrivals)
        stores = [store for offset in way for store in self._stores.get(offset, ())]
        return tuple(dict.fromkeys(stores))

    def _way(self, before: int, arrivals: set[int]) -> list[int]:
        """Return the offsets of the shortest way from one instruction to any of some others, the last one left out."""
        came_from: dict[int, int] = {}
        level = [before]
        while level:
            deeper: list[int] = []
            for offset in level:
                for successor in self._next[offset]:
                    if successor not in came_from:
                        came_from[successor] = offset
                        deeper.append(successor)
            reached = next((offset for offset in deeper if offset in arrivals), None)
            if reached is not None:
                way = [came_from[reached]]
                while way[-1] != before:
                    way.append(came_from[way[-1]])
                return way[::-1]
            level = deeper
        return []

    def reachable(self, offset: int) -> set[Store]:
        """Return every store that the code can still come to from an instruction, unless an exception is raised."""
        seen = {offset}
        queue = [offset]
        found: set[Store] = set()
        while queue:
            at = queue.pop()
            found.update(self._stores.get(at, ()))
            for successor in self._next.get(at, ()):
                if successor not in seen:
                    seen.add(successor)
                    queue.append(successor)
        return found


def _steps(raw: bytes, starts: list[int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield of each instruction the offset, opcode, argument, and the offset that it jumps to or -1."""
    extended = 0
    for offset, after in zip(starts, [*starts[1:], len(raw)], strict=True):
        opcode, argument = raw[offset], raw[offset + 1] | extended
        extended = argument << 8 if opcode == _EXTENDED_ARG else 0
        ways = _successors(dis.opname[opcode], opcode, argument, after)
        yield offset, opcode, argument, ways[-1] if opcode in dis.hasjrel else -1


def _successors(name: str, opcode: int, argument: int, after: int) -> tuple[int, ...]:
    """Return where an instruction leads; the code's last one leads nowhere but where it jumps to."""
    following = () if name in _STOPS else (after,)
    if opcode not in dis.hasjrel:
        return following
    distance = -argument * 2 if "BACKWARD" in name else argument * 2
    target = after + distance
    return (target,) if name in _JUMPS else (*following, target)
