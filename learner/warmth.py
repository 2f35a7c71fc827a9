"""What the invocations of one process leave behind for those after them.

The traces of a process are each measured from where it stood when they began. So what the first invocation touches
for good, pages of libraries above all, is in its own growth alone, though in a cold process every one would need it;
and what the allocator had freed, and kept, the next one uses without growing. A model speaks of a cold process: what
a warm one had in advance is added to what was measured.

With d(k) for how far above the process's first invocation its k-th one began, and e(k) for the least of d(k), d(k + 1),
and so on to the last:

- d(k) - e(k) the process gave back later. It was the allocator's free memory, and the invocation's to use.
- e(k) stayed for good: e(k + 1) - e(k) is what the k-th one left. What one leaves that is no larger than others before
  it, in the median, is what a cache gathers, and is no other's need. The rest is pages, the more of them the larger
  the invocation. So one is given what the same function's invocations had left, up to the first that was no smaller,
  and a share of what that one left. Where that was the first of all, it is given all that it left, or what another
  process's first one left that was no smaller either, if that is less.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, zip_longest
from statistics import median

from ..models.sites import FunctionRef
from .origin import Origin

_HIDING_BYTES = 2**20  # less of free memory hides nothing worth leaving out a trace for
_KNOWN_PEAK = ("ok", "raised")
_FEWEST_STEPS = 4  # that tell what a cache gathers


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

    Where the first invocation of a process isn't among them, and they don't say what it held before that, it is taken
    to have left what those of the other processes did.

    Args:
        origins: All that is known of the processes; other functions' invocations may be among them.
        target: The function.
    """
    processes: dict[str, list[int]] = {}
    for index, origin in enumerate(origins):
        if origin.process and origin.baseline_bytes:  # what didn't get so far as to be measured has none
            processes.setdefault(origin.process, []).append(index)
    for indexes in processes.values():
        indexes.sort(key=lambda index: origins[index].place)
    told: list[list[int]] = []
    untold: list[list[int]] = []
    for indexes in processes.values():
        first = origins[indexes[0]]
        (told if first.place == 0 or first.cold_bytes else untold).append(indexes)
    found = [_Process.of([origins[index] for index in indexes], target) for indexes in told]
    gathered = _usual([step for process in found for step in process.later_steps()], _FEWEST_STEPS)
    first_steps = [max(0, process.steps[process.first] - gathered) for process in found if process.has_later]
    usual = _usual(first_steps) + gathered
    by_environment: dict[str, list[tuple[float, int]]] = {}
    for process in found:
        if process.has_later and process.needs[process.first] < math.inf:
            need, step = process.needs[process.first], process.steps[process.first]
            by_environment.setdefault(process.environment, []).append((need, max(0, step - gathered)))
    firsts = {environment: _Firsts(pairs) for environment, pairs in by_environment.items()}
    found += [_Process.of([origins[index] for index in indexes], target, usual) for indexes in untold]
    result = [COLD] * len(origins)
    for number, (indexes, process) in enumerate(zip([*told, *untold], found, strict=True)):
        is_known = number < len(told) or bool(first_steps)
        held = process.warmths(gathered, firsts.get(process.environment, _Firsts([])), is_known)
        for index, warmth in zip(indexes, held[-len(indexes) :], strict=True):
            result[index] = warmth
    return result


def _usual(values: Sequence[int], fewest: int = 1) -> int:
    return int(median(values)) if len(values) >= fewest else 0


class _Firsts:
    """What the first invocations of processes left.

    Args:
        pairs: What each needed, and what it left.
    """

    def __init__(self, pairs: Sequence[tuple[float, int]]) -> None:
        ordered = sorted(pairs)
        self._needs = [need for need, _ in ordered]
        self._least = list(accumulate((left for _, left in reversed(ordered)), min))[::-1]

    def least(self, need: float, otherwise: int) -> int:
        """Return the least that one of at least this need left, or something else if that is less."""
        place = bisect_left(self._needs, need)
        return min(otherwise, self._least[place]) if place < len(self._least) else otherwise


class _Process:
    """The invocations of one process, in order.

    Args:
        origins: The invocations; the first is None if it isn't known.
        target: The function.
        first_bytes: Where the first one began.

    Attributes:
        own: Which are the target's.
        apart: Which have others after them that aren't there, or aren't there themselves.
        environment: What it ran on.
        first: The place of the target's first one.
        free: What the process had freed and still held when each began.
        steps: What each left for good, but for the last, of which nothing tells it.
        needs: What each needed, without what it left.
        largest: The largest need of the target's up to each.
    """

    def __init__(self, origins: Sequence[Origin | None], target: FunctionRef, first_bytes: int) -> None:
        self.own = [origin is None or origin.target == target for origin in origins]
        self.first = self.own.index(True) if True in self.own else len(origins)
        known = next(origin for origin in origins if origin is not None)
        self.environment = f"{known.python} {known.platform} {known.allocator}"
        above = [max(0, origin.baseline_bytes - first_bytes) if origin is not None else 0 for origin in origins]
        stays = [0, *list(accumulate(reversed(above[1:]), min))[::-1]]
        self.steps = [after - before for before, after in pairwise(stays)]
        self.free = [held - stayed for held, stayed in zip(above, stays, strict=True)]
        # After one that isn't there, which may have been of any size, nothing is known to be left by smaller ones.
        self.apart = [
            one is None or (following is not None and following.place > one.place + 1)
            for one, following in zip_longest(origins, origins[1:])
        ]
        self.needs = [
            origin.peak_bytes + free - step if origin is not None and origin.status in _KNOWN_PEAK else math.inf
            for origin, free, step in zip(origins, self.free, [*self.steps, 0], strict=True)
        ]
        limits = [
            math.inf if apart else need if own else -math.inf
            for need, own, apart in zip(self.needs, self.own, self.apart, strict=True)
        ]
        self.largest = list(accumulate(limits, max))

    @classmethod
    def of(cls, origins: Sequence[Origin], target: FunctionRef, left_bytes: int = 0) -> _Process:
        """Return a process; where its first invocation isn't there, and nothing tells of it, that left so much."""
        first = origins[0]
        if first.place == 0:
            return cls(origins, target, first.baseline_bytes)
        lowest = min(origin.baseline_bytes for origin in origins)
        return cls([None, *origins], target, first.cold_bytes or lowest - left_bytes)

    @property
    def has_later(self) -> bool:
        """True if something tells what the target's first one left."""
        return self.first < len(self.steps)

    def later_steps(self) -> list[int]:
        """Return what those of the target left that weren't larger than all before: what a cache gathers."""
        return [
            step
            for k, step in enumerate(self.steps)
            if k > self.first and self.own[k] and not self.apart[k] and self.needs[k] <= self.largest[k - 1]
        ]

    def warmths(self, gathered_bytes: int, firsts: _Firsts, is_known: bool) -> list[Warmth]:
        """Return the warmth of each.

        Args:
            gathered_bytes: What a cache gathers at each.
            firsts: What those of such processes left.
            is_known: Whether it is known what the first one left.
        """
        own_steps = (
            max(0, step - gathered_bytes) if own else 0 for step, own in zip(self.steps, self.own, strict=False)
        )
        left = [0, *accumulate(own_steps)]
        return [
            Warmth(0, free) if k <= self.first else Warmth(self._kept(k, left, firsts), free, False, is_known)
            for k, free in enumerate(self.free)
        ]

    def _kept(self, place: int, left: Sequence[int], firsts: _Firsts) -> int:
        """Return how much of what was left an invocation of this one's size would have left by itself."""
        need = self.needs[place]
        no_smaller = bisect_left(self.largest, need, 0, place) if need < math.inf else 0
        if no_smaller <= self.first:
            return firsts.least(need, left[self.first + 1])
        if no_smaller == place:
            return left[place]
        below, above = self.largest[no_smaller - 1], self.largest[no_smaller]
        share = (need - below) / (above - below) if below < need and above < math.inf else 0.0
        return left[no_smaller] + int(share * (left[no_smaller + 1] - left[no_smaller]))
