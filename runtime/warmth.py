"""What a warm process can't reuse of the memory that earlier invocations freed.

A cold process rises to what it held plus the growth. A warm one holds more, of which an invocation can reuse some: all,
where the same blocks are asked for again; little, where they lie scattered, or above the size from which the C library
maps each block anew. How much stays out of reach depends on the allocators and on what ran before, and can't be asked
of them. But it shows: where an invocation took the process above what it held when it began, and its peak was
measured, the peak tells by how much it passed the cold one. That is what later ones are expected to pass it by, and
never more than what the process holds above the cold one.
"""

from __future__ import annotations

_LATEST = 20  # invocations that are told from: what a process keeps changes with what it serves
_RISE_BYTES = 2**18  # above the present size; less is within the kernel's own counting


class Warmth:
    """What the invocations of one process have shown; sizes are in bytes.

    Attributes:
        expected_bytes: The median of what they passed the cold peak by.
        most_bytes: The most.
    """

    __slots__ = ("_passed", "expected_bytes", "most_bytes")

    def __init__(self) -> None:
        self.expected_bytes = 0
        self.most_bytes = 0
        self._passed: list[int] = []

    def learn(self, cold_peak_bytes: int, baseline_bytes: int, entry_bytes: int, measured_bytes: int) -> None:
        """Take what one invocation showed.

        Args:
            cold_peak_bytes: What a cold process was expected to rise to.
            baseline_bytes: What this one held cold.
            entry_bytes: What it held when the invocation began.
            measured_bytes: What it rose to.
        """
        if measured_bytes <= entry_bytes + _RISE_BYTES:
            return  # what it held was enough, which doesn't tell how much of it
        passed = min(measured_bytes - cold_peak_bytes, entry_bytes - baseline_bytes)
        latest = [*self._passed, passed if passed > 0 else 0][-_LATEST:]
        self._passed = latest
        in_order = sorted(latest)
        self.expected_bytes, self.most_bytes = in_order[len(latest) // 2], in_order[-1]
