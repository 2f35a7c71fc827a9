"""Writes a code object's table of positions anew, where `bytecode` wrote it wrong.

Of a column beyond 127 it makes a byte that readers of lines take for the beginning of another entry: from there on they
read wrong lines, while readers of positions, who know how long an entry is, still read right. The format is CPython's
own: Objects/locations.md.
"""

from __future__ import annotations

from itertools import groupby

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

_MOST_UNITS = 8  # of two bytes of code, that one entry covers
_LONG, _LINE_ALONE, _NOTHING = 14, 13, 15  # kinds of entries


def with_sound_lines(code: CodeType) -> CodeType:
    """Return the code with a table whose lines and positions agree; the same object if they do already."""
    end = max(end for _, end, _ in code.co_lines())
    return code if end == len(code.co_code) else code.replace(co_linetable=_table(code))


def _table(code: CodeType) -> bytes:
    table = bytearray()
    line = code.co_firstlineno
    for position, run in groupby(code.co_positions()):
        units = sum(1 for _ in run)
        while units > 0:
            line = _put(table, min(units, _MOST_UNITS), position, line)
            units -= _MOST_UNITS
    return bytes(table)


def _put(table: bytearray, units: int, position: tuple[int | None, ...], before: int) -> int:
    """Append an entry, and return the line that the next one counts from."""
    line, end_line, column, end_column = position
    if line is None:
        table.append(0x80 | _NOTHING << 3 | units - 1)
        return before
    if end_line is None or column is None or end_column is None:
        table.append(0x80 | _LINE_ALONE << 3 | units - 1)
        table += _varint(_zigzag(line - before))
    else:
        table.append(0x80 | _LONG << 3 | units - 1)
        for number in (_zigzag(line - before), end_line - line, column + 1, end_column + 1):
            table += _varint(number)
    return line


def _zigzag(number: int) -> int:
    return -number << 1 | 1 if number < 0 else number << 1


def _varint(number: int) -> bytes:
    """Return a number in pieces of six bits, the lowest first; all but the last are marked."""
    pieces = bytearray()
    while number >= 64:
        pieces.append(0x40 | number & 63)
        number >>= 6
    pieces.append(number)
    return bytes(pieces)
