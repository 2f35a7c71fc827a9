"""What the invocations of one process leave behind for those after them.

The traces of a process are each measured from where it stood when they began. So what the first invocation touches
for good, pages of libraries above all, is in its own growth alone, though in a cold process every one would need it;
and what the allocator had freed, and kept, the next one uses without growing. A model speaks of a cold process: what
a warm one had in advance is added to what was measured.

With d(k) for how far above the process's first invocation its k-th one began, and e(k) for the least of d(k), d(k + 1),
and so on to the last:

- d(k) - e(k) the process gave back later. It was the allocator's free memory, and the invocation's to use.
- e(k) stayed for good. Of that an invocation gets what the same function's invocations had left, up to the first that
  was no smaller, and what the first of all left at least: a larger one's pages aren't its own need, nor is what a
  cache has gathered since. What another function's left isn't, either.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from statistics import median

from ..models.sites import FunctionRef
from .origin import Origin

_HIDING_BYTES = 2**20  # less of free memory hides nothing worth leaving out a trace for
_KNOWN_PEAK = ("ok", "raised")


@dataclass(frozen=True, slots=True)
class Warmth:
    """What a process held in advance of what one invocation needs.

    Attributes:
        kept_bytes: What invocations before it had left for good.
        free_bytes: What the process had freed and still held.
        is_first: True of a process's first invocation, and of one that had a process of its own.
        is_known: False if there is nothing that tells what the first one left.
    """

    kept_bytes: int = 0
    free_bytes: int = 0
    is_first: bool = True
    is_known: bool = True

    @property
    def shift_bytes(self) -> int:
        """What to add to the growth that was measured."""
        return self.kept_bytes + self.free_bytes

    def hides(self, peak_bytes: int) -> bool:
        """Tell whether more of the invocation's need was hidden in free memory than could be seen."""
        return self.free_bytes > max(_HIDING_BYTES, peak_bytes)


COLD = Warmth()


def warmths(origins: Sequence[Origin], target: FunctionRef) -> list[Warmth]:
    """Return what each invocation of a function found in its process, of shape (n_origins,).

    Where the first invocation of a process isn't among them, it is taken to have left what those of the other
    processes did.

    Args:
        origins: All that is known of the processes; other functions' invocations may be among them.
        target: The function.
    """
    processes: dict[str, list[int]] = {}
    for index, origin in enumerate(origins):
        if origin.process:
            processes.setdefault(origin.process, []).append(index)
    found = [COLD] * len(origins)
    left: list[int] = []
    headless: list[list[int]] = []
    for indexes in processes.values():
        indexes.sort(key=lambda index: origins[index].place)
        if origins[indexes[0]].place:
            headless.append(indexes)
            continue
        process = _Process.of([origins[index] for index in indexes], origins[indexes[0]].baseline_bytes, target)
        for place, index in enumerate(indexes):
            found[index] = process.warmth(place)
        if process.first + 1 < len(indexes):
            left.append(process.left[process.first + 1])
    usual = int(median(left)) if left else 0
    for indexes in headless:
        baseline = min(origins[index].baseline_bytes for index in indexes) - usual
        process = _Process.of([None, *(origins[index] for index in indexes)], baseline, target)
        for place, index in enumerate(indexes, 1):
            found[index] = replace(process.warmth(place), is_known=bool(left))
    return found


@dataclass(frozen=True, slots=True)
class _Process:
    """The invocations of one process, in order; the first may be unknown.

    Attributes:
        first: The place of the target's first one.
        free: What the process had freed and still held when each began.
        left: What the target's invocations before each had left for good.
        needs: What each needed, but for what the first one left.
        largest: The largest need of the target's up to each.
    """

    first: int
    free: list[int]
    left: list[int]
    needs: list[float]
    largest: list[float]

    @classmethod
    def of(cls, origins: Sequence[Origin | None], first_bytes: int, target: FunctionRef) -> _Process:
        own = [origin is None or origin.target == target for origin in origins]
        first = own.index(True) if True in own else len(own)
        above = [max(0, origin.baseline_bytes - first_bytes) if origin is not None else 0 for origin in origins]
        stays = [0, *list(accumulate(reversed(above[1:]), min))[::-1]]
        steps = [after - before for before, after in pairwise(stays)]
        left = [0, *accumulate(step if is_own else 0 for step, is_own in zip(steps, own, strict=False))]
        free = [held - stayed for held, stayed in zip(above, stays, strict=True)]
        needs, limits = [], []
        for k, origin in enumerate(origins):
            need = math.inf
            if origin is not None and origin.status in _KNOWN_PEAK:
                need = origin.peak_bytes + free[k] - (steps[k] if k == first and k < len(steps) else 0)
            following = origins[k + 1] if k + 1 < len(origins) else None
            # One that isn't there may have been of any size.
            is_apart = following is not None and (origin is None or following.place > origin.place + 1)
            needs.append(need)
            limits.append(math.inf if is_apart else need if own[k] else -math.inf)
        return cls(first, free, left, needs, list(accumulate(limits, max)))

    def warmth(self, place: int) -> Warmth:
        if place <= self.first:
            return Warmth(0, self.free[place])
        need = self.needs[place]
        smaller_until = bisect_left(self.largest, need, 0, place) if need < math.inf else 0
        return Warmth(self.left[max(self.first + 1, smaller_until)], self.free[place], False)
