"""Takes the memory that Python's own allocator holds for reuse away from an invocation, and gives it to the system.

Small objects live in pools of 16 KiB, and a pool that is free again stays with the process as long as anything lives in
its arena. An invocation that fills such pools doesn't grow, however much it needs. So before it every free pool is
filled with blocks of ours, whose pages are given back to the system; afterwards the blocks are freed. It is all done by
`PyMem_Malloc`, `PyMem_Free`, and by letting the system forget pages that only our blocks lie in.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
import sys
import sysconfig
from typing import Any

_POOL_BYTES = 2**14
_HEAD_BYTES = 48  # of a pool, before its blocks
_BLOCK_BYTES = 512  # the largest that pools are made for
_BLOCKS = (_POOL_BYTES - _HEAD_BYTES) // _BLOCK_BYTES  # of one pool
_MOST_BLOCKS = 2**19  # 256 MiB
_ENOUGH_FRESH = 2**20 // _POOL_BYTES  # an arena's: after as many in a row that nobody used there are no others
_PAGE = mmap.PAGESIZE
_FORGET = getattr(mmap, "MADV_DONTNEED", -1)


class TakenPools:
    """All free pools of this process, from here until `release`."""

    def __init__(self) -> None:
        self._n = 0
        self._calls = _calls()
        if self._calls is None:
            return
        self._memory = mmap.mmap(-1, _MOST_BLOCKS * 8)  # taken up as far as it is used
        self._blocks = (ctypes.c_size_t * _MOST_BLOCKS).from_buffer(self._memory)
        try:
            self._take()
        except BaseException:
            self.release()
            raise

    def _take(self) -> None:
        allocate, _, is_held, forget = self._calls
        blocks, n_of = self._blocks, dict[int, int]()
        held = (ctypes.c_ubyte * 1)()
        held_at = ctypes.addressof(held)
        n_fresh = 0
        while self._n < _MOST_BLOCKS and n_fresh < _ENOUGH_FRESH:
            block = allocate(_BLOCK_BYTES)
            if not block:
                break
            blocks[self._n] = block
            self._n += 1
            place = block % _POOL_BYTES
            if (place - _HEAD_BYTES) % _BLOCK_BYTES:  # another allocator's, or another version's layout
                return
            pool = block - place
            if pool in n_of:
                n_of[pool] += 1
                continue
            n_of[pool] = 1
            is_held(pool + _POOL_BYTES - _PAGE, _PAGE, held_at)
            n_fresh = 0 if held[0] & 1 else n_fresh + 1
        for pool, n in n_of.items():
            if n == _BLOCKS:
                forget(pool + _PAGE, _POOL_BYTES - _PAGE, _FORGET)

    def release(self) -> None:
        """Give the pools back to Python."""
        if self._calls is not None:
            free, blocks = self._calls[1], self._blocks
            while self._n:
                self._n -= 1
                free(blocks[self._n])


@functools.cache
def _calls() -> Any:
    """Return what allocates, frees, tells whether pages are held, and forgets them; None where pools are unknown."""
    is_ours = os.environ.get("PYTHONMALLOC", "default") in ("", "default", "pymalloc") and not sys.flags.dev_mode
    if not is_ours or _FORGET < 0 or _PAGE * 4 != _POOL_BYTES or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return None
    try:
        system = ctypes.PyDLL(None)  # not `ctypes.pythonapi`, whose functions the host may use as it likes
        allocate, free = system.PyMem_Malloc, system.PyMem_Free
        is_held, forget = system.mincore, system.madvise
    except (AttributeError, OSError, TypeError):
        return None
    allocate.restype, allocate.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    free.restype, free.argtypes = None, [ctypes.c_void_p]
    is_held.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    forget.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return allocate, free, is_held, forget
