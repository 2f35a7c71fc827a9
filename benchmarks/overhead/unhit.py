"""Times armed functions whose breakpoint isn't hit where they spend their time: bare and armed, taking turns."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from time import thread_time
from types import FunctionType

import peakahead
from peakahead.models.readings import Reading

from .functions import arithmetic, branch_never_taken, calls, containers
from .models import model_of, stored

ROUNDS = 61
_TURNS: dict[str, tuple[Callable[[int], int], int]] = {
    "arithmetic": (arithmetic, 300_000),
    "calls": (calls, 400_000),
    "containers": (containers, 100_000),
    "a branch never taken": (branch_never_taken, 500_000),
}


def run() -> dict[str, dict[str, list[float]]]:
    """Return the processor seconds of whole runs, bare and armed, by function.

    Each round makes both code objects anew, since where one happens to lie in memory and how the interpreter happens
    to adapt it would else count for all rounds; and each goes first by turns.
    """
    seconds: dict[str, dict[str, list[float]]] = {name: {"bare": [], "armed": []} for name in _TURNS}
    for number in range(ROUNDS):
        for name, (function, turns) in _TURNS.items():
            for way in ("bare", "armed") if number % 2 else ("armed", "bare"):
                seconds[name][way].append(_bare(function, turns) if way == "bare" else _armed(function, turns))
        print(f"\rwithout hits: round {number + 1} of {ROUNDS}", end="", file=sys.stderr)
    return seconds


def _bare(function: Callable[[int], int], turns: int) -> float:
    return _time(FunctionType(function.__code__.replace(), function.__globals__), turns)


def _armed(function: Callable[[int], int], turns: int) -> float:
    model = model_of(function, (Reading(stored(function, "settled"), (), "value", "max"),))
    peakahead.arm(model, strict=True)
    try:
        with peakahead.predict_memory(model):
            return _time(function, turns)
    finally:
        peakahead.disarm(model)


def _time(function: Callable[[int], int], turns: int) -> float:
    function(1_000)
    gc.disable()
    try:
        began = thread_time()
        function(turns)
        return thread_time() - began
    finally:
        gc.enable()
