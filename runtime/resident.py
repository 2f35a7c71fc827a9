"""How much memory this process holds right now.

The file is kept open, since opening it costs 40 us where the caches are cold, and reading it 10. The descriptor is
the host's to close and to reuse: so before each reading it is checked to be still the very file, and a forked child,
for which it would tell of the parent, opens its own.
"""

from __future__ import annotations

import os

from ..models.guard import is_from_signal_handler

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_FILE = "/proc/self/statm"

_descriptor = -1
_identity = (0, 0)


def resident_bytes() -> int:
    """Return the resident size of this process; where there is no /proc, the highest that it has been."""
    try:
        status = os.fstat(_descriptor)
        if (status.st_dev, status.st_ino) == _identity:
            return int(os.pread(_descriptor, 64, 0).split()[1]) * _PAGE
    except (OSError, IndexError, ValueError) as error:  # not yet opened, or closed by the host
        if is_from_signal_handler(error):
            raise
    try:
        return _read_anew()
    except (OSError, IndexError, ValueError) as error:
        if is_from_signal_handler(error):
            raise
        from ..models.high_water import highest_ever_bytes

        return highest_ever_bytes()


def _read_anew() -> int:
    global _descriptor, _identity
    descriptor = os.open(_FILE, os.O_RDONLY | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    _descriptor, _identity = descriptor, (status.st_dev, status.st_ino)
    return int(os.pread(descriptor, 64, 0).split()[1]) * _PAGE


def _forget() -> None:
    """In a forked child: close the parent's file, if the descriptor is still that."""
    global _descriptor, _identity
    try:
        status = os.fstat(_descriptor)
        if (status.st_dev, status.st_ino) == _identity:
            os.close(_descriptor)
    except OSError:
        pass
    _descriptor, _identity = -1, (0, 0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
