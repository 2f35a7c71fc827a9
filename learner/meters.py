"""What an invocation's memory is measured with, inside the child that runs it.

A meter's `start` resets the high-water mark and returns where the process stands; `high_water` is the highest
it has stood since. Both in bytes. `interval_s` is how long to wait before asking again is worth its price:
the kernel maps well under 1 MiB in 20 us.
"""

from __future__ import annotations

import os
import resource
import threading
import tracemalloc
from typing import Protocol

from ..models.errors import InvalidOption
from ..models.high_water import highest_ever_bytes, parse_high_water, reset_high_water
from .descriptors import OwnDescriptor

METERS = ("rss", "heap")
_PAGE_BYTES = resource.getpagesize()


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

    def close(self) -> None:
        """Nothing is held open."""

    def high_water(self) -> int:
        return highest_ever_bytes()


class StatusMeter:
    """The same mark by `VmHWM` of `/proc/self/status`, which the reset does clear in a process that was exec'd."""

    interval_s = 400e-6  # rendering the status costs the kernel some 20 us

    def __init__(self) -> None:
        self._file = OwnDescriptor(os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC))

    def start(self) -> int:
        reset_high_water()
        return self.high_water()

    def close(self) -> None:
        self._file.close()

    def high_water(self) -> int:
        return parse_high_water(os.pread(self._file.number, 4096, 0))


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


class SampledMeter:
    """Looks now and then how much the process holds, where the mark can't be reset, as in some sandboxes.

    What rises above the mark that the process had reached before is exact all the same; of what stays below it, a
    spike that is shorter than the time between two looks may be missed.
    """

    interval_s = 100e-6
    _LOOK_EVERY_S = 2e-3

    def __init__(self) -> None:
        self._highest = self._mark = 0
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        self._mark = highest_ever_bytes()
        self._highest = now = resident_bytes()
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="peakahead meter", daemon=True)
            self._thread.start()
        return now

    def high_water(self) -> int:
        mark = highest_ever_bytes()
        self._highest = max(self._highest, resident_bytes(), mark if mark > self._mark else 0)
        return self._highest

    def close(self) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(self._LOOK_EVERY_S):
            self._highest = max(self._highest, resident_bytes())


class OwnGrowth:
    """What one invocation does to a process's memory: not what happens while it is paused.

    Args:
        meter: What measures the process.
    """

    def __init__(self, meter: Meter) -> None:
        self.interval_s = meter.interval_s
        self._meter = meter
        self._highest = self._others = self._left_at = 0

    def start(self) -> int:
        self._highest = self._meter.start()
        return self._highest

    def high_water(self) -> int:
        self._highest = max(self._highest, self._meter.high_water() - self._others)
        return self._highest

    def pause(self) -> None:
        self.high_water()
        self._left_at = self._meter.start()

    def resume(self) -> None:
        self._others += self._meter.start() - self._left_at


def process_meter() -> RssMeter | StatusMeter | SampledMeter:
    """Return what measures this process, which nobody forked for it, and that serves other invocations too.

    Raises:
        OSError: If the system doesn't tell what a process holds.
    """
    if not reset_high_water():
        resident_bytes()
        return SampledMeter()
    exact, status = RssMeter(), StatusMeter()
    # A process that was exec'd inherits its parent's mark by `getrusage`: where that is higher, no reset clears it.
    if exact.high_water() <= status.high_water():
        status.close()
        return exact
    return status


def resident_bytes() -> int:
    """Return what the process holds now; raises OSError where there is no /proc."""
    with open("/proc/self/statm", "rb", buffering=0) as file:
        return int(file.read().split()[1]) * _PAGE_BYTES
