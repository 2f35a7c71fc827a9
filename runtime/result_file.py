"""A bounded log of results: one line of JSON for each invocation.

Each process writes files of its own, two by turns: when one is full, the other begins anew. So a folder may be shared
by many processes and machines, and holds a limited number of each one's latest.
"""

from __future__ import annotations

import errno
import json
import os
import threading

from ..models.result import RESULTS_SUFFIX, Result

MAX_BYTES = 2**19  # of one of the two


class ResultFile:
    """This process's log in a folder.

    Args:
        folder: Where; made when the first line is written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = os.path.abspath(folder)
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._name = os.urandom(6).hex()
        self._turn = 0
        self._size = 0
        self._lock = threading.RLock()  # a signal handler may end an invocation while a line is written

    def append(self, result: Result) -> None:
        """Write one line.

        Raises:
            OSError: If it can't be written; the next one is tried again.
        """
        line = json.dumps(result.to_json(), separators=(",", ":")).encode() + b"\n"
        if self._process != os.getpid():  # forked: the parent goes on with its own
            self._begin()
        with self._lock:
            fresh = os.O_TRUNC if self._size == 0 else 0
            if self._size + len(line) > MAX_BYTES:
                self._turn, self._size, fresh = 1 - self._turn, 0, os.O_TRUNC
            path = os.path.join(self._folder, f"{self._name}-{self._turn}{RESULTS_SUFFIX}")
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | fresh
            try:
                descriptor = os.open(path, flags, 0o666)
            except FileNotFoundError:
                os.makedirs(self._folder, exist_ok=True)
                descriptor = os.open(path, flags, 0o666)
            try:
                size = os.fstat(descriptor).st_size  # another than noted if the file was taken away and made anew
                if os.write(descriptor, line) < len(line):  # no room for more: a half line would spoil the next
                    os.ftruncate(descriptor, size)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
            finally:
                os.close(descriptor)
            self._size = size + len(line)
