"""The kernel's mark of how high this process's resident size has stood, and how to set it back."""

from __future__ import annotations

import os
import sys

_STATUS = "/proc/self/status"
_RESET = "/proc/self/clear_refs"


def high_water_bytes() -> int:
    """Return the highest resident size of this process since the mark was last set back, or since it began."""
    try:
        descriptor = os.open(_STATUS, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return parse_high_water(os.read(descriptor, 4096))
        finally:
            os.close(descriptor)
    except (OSError, ValueError):  # not Linux, or a sandbox that doesn't tell
        return highest_ever_bytes()


def parse_high_water(status: bytes) -> int:
    """Return the mark in the text of `/proc/self/status`, in bytes.

    Raises:
        ValueError: If it isn't there.
    """
    at = status.index(b"VmHWM:") + 6
    return int(status[at : status.index(b"kB", at)]) * 1024


def highest_ever_bytes() -> int:
    """Return the highest resident size by `getrusage`, 0 if unknown; an exec'd process inherits its parent's."""
    try:
        import resource  # here, since loading the contract loads nothing of the kind
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def reset_high_water() -> bool:
    """Set the mark back to the present resident size; return False where it can't be."""
    try:
        descriptor = os.open(_RESET, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, b"5")
        finally:
            os.close(descriptor)
    except OSError:
        return False
    return True
