"""What an invocation's memory is measured with, inside the child that runs it.

A meter's `start` resets the high-water mark and returns where the process stands; `high_water` is the highest
it has stood since. Both in bytes. `interval_s` is how long to wait before asking again is worth its price:
the kernel maps well under 1 MiB in 20 us.
"""

from __future__ import annotations

import os
import tracemalloc
from typing import Protocol

from ..models.errors import InvalidOption
from ..models.high_water import highest_ever_bytes, parse_high_water, reset_high_water

METERS = ("rss", "heap")


class Meter(Protocol):
    interval_s: float

    def start(self) -> int: ...

    def high_water(self) -> int: ...


def make_meter(name: str, forked: bool) -> Meter:
    """Return a meter by name: `rss`, or `heap` for tracemalloc.

    Args:
        name: One of METERS.
        forked: True in a forked child, False in a fresh interpreter, which inherits its parent's `ru_maxrss`.

    Raises:
        InvalidOption: If there is no such meter.
    """
    if name == "heap":
        return HeapMeter()
    if name != "rss":
        raise InvalidOption(f"meter={name!r} is unknown: choose one of {', '.join(METERS)}")
    if forked or not os.path.exists("/proc/self/status"):
        return RssMeter()
    return StatusMeter()


class RssMeter:
    """The resident size's high-water mark by `getrusage`: exact, catches spikes between two lines, 0.8 us a call.

    Only a forked child's mark is its own. Where the mark can't be reset it still starts at the fork.
    """

    interval_s = 20e-6

    def start(self) -> int:
        reset_high_water()
        return self.high_water()

    def high_water(self) -> int:
        return highest_ever_bytes()


class StatusMeter:
    """The same mark by `VmHWM` of `/proc/self/status`, which the reset does clear in a process that was exec'd."""

    interval_s = 400e-6  # rendering the status costs the kernel some 20 us

    def __init__(self) -> None:
        self._descriptor = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)

    def start(self) -> int:
        reset_high_water()
        return self.high_water()

    def high_water(self) -> int:
        return parse_high_water(os.pread(self._descriptor, 4096, 0))


class HeapMeter:
    """The peak of tracemalloc: blocks that Python's allocators handed out, for functions too small for pages."""

    interval_s = 1e-6

    def start(self) -> int:
        if not tracemalloc.is_tracing():
            tracemalloc.start(1)
        tracemalloc.reset_peak()
        return tracemalloc.get_traced_memory()[0]

    def high_water(self) -> int:
        return tracemalloc.get_traced_memory()[1]
