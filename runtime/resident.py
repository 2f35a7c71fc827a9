"""How much memory this process holds right now."""

from __future__ import annotations

import os
import sys

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def resident_bytes() -> int:
    """Return the resident size of this process; where there is no /proc, the highest that it has been."""
    # Opened anew each time, at 5 us: a descriptor kept open would be the host's to close, and a fork's to mistake.
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:
            return int(file.read(64).split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return _highest_resident_bytes()


def _highest_resident_bytes() -> int:
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
