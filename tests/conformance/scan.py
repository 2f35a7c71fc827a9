"""Arms every store and every parameter of the standard library's code, and compares it with the original.

The comparison is by `dis`, which injection doesn't use. With the calls of hooks taken out, what is left must be the
original, instruction by instruction: operations, operands, where jumps lead, positions to the column, and which
handler guards what at which depth. Each call must read the variable just stored, at the store's own position and
under the store's own handler, and must stand after every store and nowhere else. The code's own tables must hold
what they held. Run as `python -m tests.conformance.scan [share]`.
"""

from __future__ import annotations

import bisect
import dis
import itertools
import json
import os
import random
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from types import CellType, CodeType, FunctionType
from typing import Any, NamedTuple

from peakahead.models.sites import FunctionRef, Site
from peakahead.runtime.inject import Probe, inject
from peakahead.runtime.locate import nested_codes

_SKIPPED_FOLDERS = {"site-packages", "__pycache__", "test", "tests"}
_STORES = {"STORE_FAST", "STORE_DEREF", "STORE_NAME", "STORE_GLOBAL"}
_JUMPS = {dis.opname[opcode] for opcode in (*dis.hasjrel, *dis.hasjabs)}
_FUSED = {
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST"),
    "LOAD_FAST_LOAD_FAST": ("LOAD_FAST", "LOAD_FAST"),
}
# What a call of a hook ends with, below the hook and the variable.
_CALLS = ["PRECALL", "CALL", "POP_TOP"] if sys.version_info < (3, 12) else ["CALL", "POP_TOP"]
_CALL_LENGTH = 2 + len(_CALLS)


def hook(_value: Any) -> None:
    """Stand for what breakpoints call; known by its identity."""


class Step(NamedTuple):
    """An instruction, told so that it means the same wherever it stands."""

    name: str
    operand: Any  # a jump's: the index of the instruction that it leads to
    position: Any
    handlers: tuple[Any, ...]  # the index of the handler's first instruction, its depth, and whether it keeps lasti


def steps_of(code: CodeType) -> list[Step]:
    """Return a code object's instructions, fused ones apart, without what only encodes (`EXTENDED_ARG`)."""
    found = [i for i in dis.get_instructions(code) if i.opname != "EXTENDED_ARG"]
    offsets = [i.offset for i in found]
    index_of: list[int] = []  # of each instruction, among those taken apart
    total = 0
    for instruction in found:
        index_of.append(total)
        total += 2 if instruction.opname in _FUSED else 1

    def index_at(offset: int) -> int:
        return index_of[bisect.bisect_left(offsets, offset)]

    guarded: list[tuple[int, int, Any]] = [
        (entry.start, entry.end, (index_at(entry.target), entry.depth, entry.lasti))
        for entry in dis._parse_exception_table(code)  # type: ignore[attr-defined]  # not in typeshed
    ]
    starts = [start for start, _, _ in guarded]
    steps: list[Step] = []
    for instruction in found:
        at = bisect.bisect_right(starts, instruction.offset) - 1
        handler = guarded[at][2] if at >= 0 and instruction.offset < guarded[at][1] else ()
        position = tuple(instruction.positions) if instruction.positions is not None else ()
        name = instruction.opname
        operand: Any = instruction.argval
        if name in _JUMPS:
            operand = index_at(operand)
        elif name == "LOAD_CONST" and operand is not hook:
            operand = _constant(operand)
        if name in _FUSED:
            both: tuple[str, str] = operand
            steps += [Step(part, one, position, handler) for part, one in zip(_FUSED[name], both, strict=True)]
        else:
            steps.append(Step(name, operand, position, handler))
    return steps


def _constant(constant: Any) -> Any:
    """Return what tells a constant from others that are equal to it, as 0.0 is to -0.0 and 1 to True."""
    if isinstance(constant, CodeType):
        return id(constant)
    if isinstance(constant, tuple):
        return tuple(map(_constant, constant))
    if isinstance(constant, frozenset):
        return frozenset(map(_constant, constant))
    return type(constant).__name__, repr(constant)


def probes_of(code: CodeType, steps: list[Step]) -> tuple[list[Probe], set[int]]:
    """Return a probe for each assignment and parameter, and after which instructions they must be called."""
    reference = FunctionRef("m", code.co_qualname)
    # What a comprehension gives back has the whole comprehension's position, as has what sets it aside.
    given_back = {(step.operand, step.position) for step in steps if step.name == "LOAD_FAST_AND_CLEAR"}
    sites: set[Site] = set()
    places: set[int] = set()
    for index, step in enumerate(steps):
        line = step.position[0] if step.position else None
        if step.name not in _STORES or line is None or (step.operand, step.position) in given_back:
            continue
        following, before = steps[index + 1], steps[index - 1]
        is_deleted = (following.name, following.operand) == (step.name.replace("STORE", "DELETE"), step.operand)
        if not is_deleted or before[:2] != ("LOAD_CONST", _constant(None)):  # as where the block of `except` ends
            sites.add(Site(reference, line - code.co_firstlineno, step.operand))
            places.add(index)
    n = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    parameters = [Site(reference, 0, name, True) for name in code.co_varnames[:n]]
    return [Probe(site, hook) for site in (*sorted(sites), *parameters)], places


def compare(code: CodeType, rewritten: CodeType, original: list[Step], places: set[int], parameters: int) -> int:
    """Compare rewritten code with its original; return how many calls it has.

    Raises:
        AssertionError: If it differs by more than the calls.
    """
    steps = steps_of(rewritten)
    kept = [True] * len(steps)
    calls: list[int] = []  # the first instruction of each
    for index, step in enumerate(steps):
        if step.name == "LOAD_CONST" and step.operand is hook:
            assert [step.name for step in steps[index + 2 : index + _CALL_LENGTH]] == _CALLS
            kept[index : index + _CALL_LENGTH] = [False] * _CALL_LENGTH
            calls.append(index)
    index_of = [0, *itertools.accumulate(kept)]
    left = [
        step._replace(
            operand=index_of[step.operand] if step.name in _JUMPS else step.operand,
            handlers=_renumbered(step.handlers, index_of),
        )
        for step, is_kept in zip(steps, kept, strict=True)
        if is_kept
    ]
    assert len(left) == len(original)
    for ours, theirs in zip(left, original, strict=True):
        assert ours == theirs or (ours.operand is theirs.operand and ours[2:] == theirs[2:]), (ours, theirs)
    called: set[int] = set()
    at_entry = 0
    for begin in calls:
        after = index_of[begin] - 1
        call = steps[begin : begin + _CALL_LENGTH]
        load = call[1]
        assert len({(step.position, step.handlers) for step in call}) == 1
        if original[after].name == "RESUME" and original[after].operand == 0:
            at_entry += 1
            assert load.operand in code.co_varnames
            continue
        called.add(after)
        assert load[:2] == (original[after].name.replace("STORE", "LOAD"), original[after].operand)
        assert call[0].position == original[after].position
        assert _renumbered(call[0].handlers, index_of) == original[after].handlers
    assert called == places
    assert at_entry == parameters
    _compare_tables(code, rewritten)
    return len(calls)


def _renumbered(handlers: tuple[Any, ...], index_of: list[int]) -> tuple[Any, ...]:
    return (index_of[handlers[0]], *handlers[1:]) if handlers else ()


def _compare_tables(code: CodeType, rewritten: CodeType) -> None:
    n = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)

    def docstring(code: CodeType) -> str | None:
        function = FunctionType(code, {}, closure=tuple(CellType() for _ in code.co_freevars))
        return function.__doc__

    def lines(code: CodeType) -> list[int]:
        return [key for key, _ in itertools.groupby(line for _, line in dis.findlinestarts(code) if line is not None)]

    assert lines(rewritten) == lines(code)
    assert rewritten.co_varnames[:n] == code.co_varnames[:n]
    for table in ("co_names", "co_varnames", "co_cellvars"):  # those of code that was optimised away may go
        assert set(getattr(rewritten, table)) <= set(getattr(code, table)), table
    constants = {_constant(constant) for constant in rewritten.co_consts if constant is not hook}
    assert constants <= {_constant(constant) for constant in code.co_consts}
    if not code.co_name.startswith("<gen"):  # whose functions nobody sees
        assert docstring(rewritten) == docstring(code)
    assert rewritten.co_freevars == code.co_freevars
    for count in ("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags", "co_name", "co_qualname",
                  "co_filename", "co_firstlineno"):  # fmt: skip
        assert getattr(rewritten, count) == getattr(code, count), count


def source_files() -> list[str]:
    """Return the standard library's files, in a fixed order."""
    found = []
    for folder, folders, files in os.walk(sysconfig.get_path("stdlib")):
        folders[:] = sorted(set(folders) - _SKIPPED_FOLDERS)
        found += [os.path.join(folder, name) for name in sorted(files) if name.endswith(".py")]
    return found


def codes_of(path: str) -> Iterator[CodeType]:
    """Yield every code object of a file; none if it isn't meant to compile, as some of the tests' aren't."""
    with open(path, "rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return
    yield from nested_codes(code)


def scan(share: float = 1.0, seed: int = 0) -> dict[str, Any]:
    """Arm and compare the code of a share of the standard library's files, chosen by a seed.

    Returns:
        Counts of files, code objects and calls, and what was wrong, one text for each code object.
    """
    files = source_files()
    if share < 1:
        files = random.Random(seed).sample(files, int(len(files) * share))
    counts: dict[str, Any] = {"files": len(files), "codes": 0, "calls": 0, "wrong": []}
    for path in files:
        for code in codes_of(path):
            counts["codes"] += 1
            try:
                counts["calls"] += armed_calls(code)
            except Exception as error:
                counts["wrong"].append(
                    f"{path}:{code.co_firstlineno} {code.co_qualname}: {type(error).__name__}: {error}"
                )
    return counts


def armed_calls(code: CodeType) -> int:
    """Arm all of a code object and compare it; return how many calls it has then."""
    original = steps_of(code)
    probes, places = probes_of(code, original)
    parameters = sum(probe.site.entry for probe in probes)
    return compare(code, inject(code, probes), original, places, parameters)


def main() -> int:
    """Scan, print the counts as JSON, and return 1 if anything was wrong."""
    counts = scan(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
    print(json.dumps({"python": sys.version.split()[0], **counts}, indent=1))
    return bool(counts["wrong"])


if __name__ == "__main__":
    raise SystemExit(main())
