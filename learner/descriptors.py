"""Descriptors held open in a process that isn't ours: it may close them, and give their numbers to other files."""

from __future__ import annotations

import os


def identity(descriptor: int) -> tuple[int, int]:
    """Return which file a descriptor is of."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return -1, -1
    return status.st_dev, status.st_ino


class OwnDescriptor:
    """A descriptor, and the file that it was opened for."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._identity = identity(number)

    @property
    def is_own(self) -> bool:
        """Whether it is still of that file."""
        return identity(self.number) == self._identity

    def close(self) -> None:
        """Close it, unless it is another file's by now."""
        if self.is_own:
            os.close(self.number)
        self.number = -1
