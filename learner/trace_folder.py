"""A folder of trace files: one file an invocation, written whole or not at all, read one after the other.

Invocations that failed and those that were measured untraced have a file too, with no hits in it; so a folder says
all that there is to learn from. Nothing in a file is executed when it is read.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from ..models.errors import InvalidTrace
from ..models.file import write_whole
from .origin import Origin, read_origin, with_origin

SUFFIX = ".trace"
_HEAD_BYTES = 2**16  # an origin takes less


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A trace file and where it comes from."""

    path: str
    origin: Origin


class TraceFolder:
    """The trace files in a folder.

    Args:
        path: The folder.
        make: Make it if it isn't there, to write to; a folder to read must be there.

    Raises:
        InvalidTrace: If there is no such folder, and it isn't to be made, or can't be.
    """

    def __init__(self, path: str | os.PathLike[str], *, make: bool = True) -> None:
        self.path = os.fspath(path)
        if not make:
            if not os.path.isdir(self.path):
                what = "is a file" if os.path.exists(self.path) else "isn't there"
                raise InvalidTrace(f"{self.path} {what}: give the folder that the traces were recorded into")
            return
        try:
            os.makedirs(self.path, exist_ok=True)
        except OSError as error:
            raise InvalidTrace(
                f"{self.path} can't be made ({error.strerror}): give a folder that you may write to"
            ) from error

    def write(self, content: bytes, origin: Origin) -> None:
        """Write one invocation's file.

        Raises:
            InvalidTrace: If it can't be written.
        """
        self.write_as(f"{origin.invocation}-{uuid.uuid4().hex[:12]}{SUFFIX}", with_origin(content, origin))

    def write_as(self, name: str, content: bytes | Iterable[bytes], lasting: bool = True) -> None:
        """Write a file of this name, over the one that has it, if there is one.

        Args:
            name: The file's name.
            content: All of it, or its pieces.
            lasting: Whether to wait until the disk has it.

        Raises:
            InvalidTrace: If it can't be written.
        """
        path = os.path.join(self.path, name)
        try:
            write_whole(path, content, lasting)
        except OSError as error:
            raise InvalidTrace(
                f"{path} can't be written ({error.strerror}): free some space, or give another folder"
            ) from error

    def files(self, prefix: str = "") -> tuple[list[TraceFile], list[str]]:
        """Return the trace files in the order of their names, and a complaint for each that can't be read.

        Args:
            prefix: What their names begin with.

        Raises:
            InvalidTrace: If the folder can't be listed.
        """
        found, complaints = [], []
        try:
            names = sorted(os.listdir(self.path))
        except OSError as error:
            raise InvalidTrace(
                f"{self.path} can't be read ({error.strerror}): give a folder that you may read"
            ) from error
        for name in names:
            if not name.endswith(SUFFIX) or not name.startswith(prefix) or name.startswith("."):
                continue
            path = os.path.join(self.path, name)
            try:
                with open(path, "rb") as file:
                    found.append(TraceFile(path, read_origin(file.read(_HEAD_BYTES))))
            except OSError as error:
                complaints.append(f"{name}: it can't be read ({error.strerror})")
            except InvalidTrace as error:
                complaints.append(f"{name}: {error}")
        return found, complaints
