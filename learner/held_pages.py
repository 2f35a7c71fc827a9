"""Hands down to a forked child what its server has mapped of files.

A fork copies the table of pages of memory that was written to, and leaves out pages of files, libraries' code mostly: a
child maps each anew when it touches it, which would count as its invocation's growth. A process that was exec'd, as
production's are, has mapped them before its first invocation. So it is told once which ones the server holds, and each
child touches them before it is measured.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_AROUND_BYTES = 2**16  # what the kernel maps around a page that is touched, at a multiple of it
_PRESENT, _OF_FILE = 1 << 63, 1 << 61  # in a page's entry of /proc/PID/pagemap
_ENTRY_BYTES = _ADDRESS_BYTES = 8
_SPAN_BYTES = 2**27  # of memory, whose entries are read at a time
_READ_BYTES = 2**12


class HeldPages:
    """What this process holds of files, for the children that it forks; nothing where the system doesn't tell."""

    def __init__(self) -> None:
        self._addresses = -1
        with contextlib.suppress(AttributeError, OSError):  # not Linux
            self._addresses = os.memfd_create("peakahead", os.MFD_CLOEXEC)
            pid = os.fork()  # since what this process allocates and frees, its children would reuse
            if pid == 0:
                with contextlib.suppress(BaseException):
                    _tell(os.getppid(), self._addresses)
                os._exit(0)
            os.waitpid(pid, 0)

    def touch(self) -> None:
        """Map the same in this process, a child: to read a byte maps what is around it, too."""
        if self._addresses < 0:
            return
        with contextlib.suppress(OSError), open("/proc/self/mem", "rb", buffering=0) as memory:
            place = 0
            while found := os.pread(self._addresses, _READ_BYTES, place):
                place += len(found)
                for address in memoryview(found).cast("Q"):
                    with contextlib.suppress(OSError):  # it isn't mapped any more
                        os.pread(memory.fileno(), 1, address)


def _tell(pid: int, descriptor: int) -> None:
    """Write an address of each piece that a process holds of files, in this machine's byte order."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/pagemap", "rb", buffering=0) as table:
        for line in maps:
            span, access, _, _, inode, *_ = line.split()
            if access.startswith("r") and inode != "0":
                first, end = (int(number, 16) for number in span.split("-"))
                pieces = {address // _AROUND_BYTES: address for address in _held(table.fileno(), first, end)}
                told = (address.to_bytes(_ADDRESS_BYTES, sys.byteorder) for address in pieces.values())
                os.write(descriptor, b"".join(told))


def _held(table: int, first: int, end: int) -> Iterator[int]:
    """Yield the addresses of pages of a file, from the first on, that are mapped."""
    for start in range(first, end, _SPAN_BYTES):
        n_pages = (min(end, start + _SPAN_BYTES) - start) // _PAGE_BYTES
        entries = os.pread(table, n_pages * _ENTRY_BYTES, start // _PAGE_BYTES * _ENTRY_BYTES)
        for number, entry in enumerate(memoryview(entries).cast("Q")):
            if entry & _PRESENT and entry & _OF_FILE:
                yield start + number * _PAGE_BYTES
