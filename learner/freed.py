"""Gives the system the memory that the C library holds for reuse.

An invocation that reuses what earlier ones freed would seem to need less than it does. glibc's `malloc_trim` gives back
the free blocks of every arena, but of the space at an arena's end only the main one's; threads have arenas of their
own, whose ends keep up to twice the largest block ever freed. So the end of this thread's arena is filled with blocks,
of which all but the last are freed: then they are no longer its end, and are given back like others. That takes only
`malloc`, `free` and one bit beside a block, which tells whose it is; and nothing is done where `malloc` isn't glibc's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_ARENA_BYTES = 2**26  # the mappings that other arenas than the main one are made of, and their alignment
_BLOCK_BYTES = 2**16  # less than anything that is mapped alone
_MOST_BLOCKS = _ARENA_BYTES // _BLOCK_BYTES
_WORD_BYTES = 8
_OF_OTHER_ARENA, _MAPPED = 4, 2  # in the word before a block


def give_back_freed() -> None:
    """Give back what was freed, by any thread so far as can be, and all of this one's."""
    give_back = _how()
    if give_back is not None:
        give_back()


@functools.cache
def _how() -> Callable[[], None] | None:
    try:
        import ctypes

        slow, quick, glibc = ctypes.CDLL(None), ctypes.PyDLL(None), ctypes.PyDLL("libc.so.6")
        trim: Any = slow.malloc_trim  # others may run meanwhile
        malloc, free, mincore = quick.malloc, quick.free, quick.mincore
        if ctypes.sizeof(ctypes.c_void_p) != _WORD_BYTES or _address(ctypes, malloc) != _address(ctypes, glibc.malloc):
            return lambda: trim(0)
    except (ImportError, AttributeError, OSError, TypeError):  # not glibc
        return None
    malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    free.restype, free.argtypes = None, [ctypes.c_void_p]
    mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    page = _page_bytes()
    blocks = ctypes.c_void_p * _MOST_BLOCKS  # made beforehand: a list would grow in the midst of them
    word_at, held_in = ctypes.c_size_t.from_address, ctypes.c_ubyte * (_ARENA_BYTES // page)

    def give_back() -> None:
        trim(0)
        first = malloc(_BLOCK_BYTES - _WORD_BYTES)
        if not first:
            return
        if word_at(first - _WORD_BYTES).value & (_OF_OTHER_ARENA | _MAPPED) == _OF_OTHER_ARENA:
            _fill(first)
            trim(0)
        free(first)

    def _fill(last: int) -> None:
        """Fill an arena's end up to its last page that is held, and free all of that but the block at the very end."""
        start = last - last % _ARENA_BYTES
        held, filled = held_in(), blocks()
        if mincore(start, _ARENA_BYTES, ctypes.addressof(held)):
            return
        end = start + (bytes(held).rfind(1) + 1) * page
        n = 0
        while n < _MOST_BLOCKS and start <= last < end - _BLOCK_BYTES:
            last = malloc(_BLOCK_BYTES - _WORD_BYTES) or 0
            filled[n] = last
            n += 1
        guard = malloc(_BLOCK_BYTES - _WORD_BYTES)
        for place in range(n):
            free(filled[place])
        trim(0)
        free(guard)

    return give_back


def _address(ctypes: Any, function: Any) -> Any:
    return ctypes.cast(function, ctypes.c_void_p).value


def _page_bytes() -> int:
    import resource

    return resource.getpagesize()
