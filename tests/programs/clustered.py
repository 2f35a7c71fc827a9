"""Functions that tell on which process of a cluster they ran."""

from __future__ import annotations

import os
import signal
import time
from typing import Any


def starter() -> int:
    """Return the process that started the server that this process was forked from."""
    with open(f"/proc/{os.getppid()}/stat") as file:
        return int(file.read().rsplit(")", 1)[1].split()[1])


def leaves_a_mark(size: int, folder: str) -> int:
    made = bytearray(size)
    with open(os.path.join(folder, f"{starter()}-{size}-{os.getpid()}"), "w"):
        time.sleep(0.2)
    return len(made)


def ends_its_worker(size: int, fatal: int) -> int:
    made = bytearray(size)
    time.sleep(0.1)
    if size == fatal:
        os.kill(starter(), signal.SIGKILL)
        time.sleep(60)
    return len(made)


def sums(array: Any) -> float:
    doubled = array + array
    return float(doubled.sum())


def hangs(mark: str) -> None:
    with open(mark, "w") as file:
        file.write(f"{os.getpid()} {os.getppid()}")
    time.sleep(600)
