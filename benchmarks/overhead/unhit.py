"""Times armed functions whose breakpoint is not hit where they spend their time, beside bare ones and bare again."""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable
from time import thread_time
from types import CodeType, FunctionType

import peakahead
from peakahead.models.readings import Reading

from ..armed_functions import arithmetic, branch_never_taken, calls, containers
from .models import model_of, stored
from .turns import WAYS, in_turn

ROUNDS = 151
_TURNS: dict[str, tuple[Callable[[int], int], int]] = {
    "arithmetic": (arithmetic, 80_000),
    "calls": (calls, 80_000),
    "containers": (containers, 30_000),
    "a branch never taken": (branch_never_taken, 100_000),
}


def run() -> dict[str, dict[str, list[float]]]:
    """Return this thread's processor seconds, bare, armed and bare again, by function: two runs of each a round.

    Each round makes its code objects anew and keeps those of the rounds before, since where one happens to lie in
    memory, and how the interpreter happens to adapt it, would else count for all rounds. It goes through the ways
    there and back, so that a machine that gets slower meanwhile makes none of them slow.
    """
    seconds: dict[str, dict[str, list[float]]] = {name: {way: [] for way in WAYS} for name in _TURNS}
    kept: list[object] = []
    for number in range(ROUNDS):
        for name, (function, turns) in _TURNS.items():
            ways = in_turn(number)
            codes = {}
            for way in ways:
                kept.append(bytes(random.randrange(4_000)))
                codes[way] = _armed_code(function) if way == "armed" else function.__code__.replace()
            kept.append(codes)
            spent = dict.fromkeys(WAYS, 0.0)
            for way in (*ways, *ways[::-1]):
                spent[way] += _time(function, codes[way], turns)
            for way in WAYS:
                seconds[name][way].append(round(spent[way], 8))
        print(f"\rwithout hits: round {number + 1} of {ROUNDS}", end="", file=sys.stderr)
    return seconds


def _armed_code(function: Callable[[int], int]) -> CodeType:
    """Return the code that the function runs when it is armed."""
    model = model_of(function, (Reading(stored(function, "settled"), (), "value", "max"),))
    peakahead.arm(model, strict=True)
    code: CodeType = function.__code__  # type: ignore[attr-defined]  # a plain function
    peakahead.disarm(model)
    return code


def _time(function: Callable[[int], int], code: CodeType, turns: int) -> float:
    timed = FunctionType(code, function.__globals__)  # type: ignore[attr-defined]  # as above
    timed(1_000)
    gc.disable()
    try:
        began = thread_time()
        timed(turns)
        return thread_time() - began
    finally:
        gc.enable()
