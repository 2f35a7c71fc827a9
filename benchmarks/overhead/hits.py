"""Times hits: every mechanism on every kind of hit, taking turns."""

from __future__ import annotations

import gc
import sys
import tempfile
from pathlib import Path
from time import thread_time
from typing import Any

from .cases import Case, cases
from .mechanisms import MECHANISMS, Mechanism

ROUNDS = 41
_FILE_BYTES = 1_000_000


def run() -> dict[str, Any]:
    """Return the seconds a turn of the loop, of each mechanism in each round, by case; and what couldn't be timed.

    It is this thread's processor time: what others do on the machine, or in this process, is not the mechanism's.
    """
    missing = {name: why for name, mechanism in MECHANISMS.items() if (why := mechanism.missing())}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "read.dat"
        path.write_bytes(bytes(_FILE_BYTES))
        with path.open() as file:
            known = cases(file)
            seconds: dict[str, dict[str, list[float]]] = {name: {} for name in known}
            for number in range(ROUNDS):
                for name, case in known.items():
                    for way, mechanism in _in_turn(number):
                        if way not in missing and mechanism.fits(case):
                            seconds[name].setdefault(way, []).append(_time(mechanism, case))
                print(f"\rhits: round {number + 1} of {ROUNDS}", end="", file=sys.stderr)
    return {"seconds": seconds, "missing": missing}


def _in_turn(number: int) -> list[tuple[str, Mechanism]]:
    """Return the mechanisms in an order that changes with each round."""
    ordered = list(MECHANISMS.items())
    start = number % len(ordered)
    turned = ordered[start:] + ordered[:start]
    return turned if number % 2 else turned[::-1]


def _time(mechanism: Mechanism, case: Case) -> float:
    with mechanism.start(case, lambda _growth: None) as loop:
        loop(case.value, case.other, max(20, mechanism.hits // 50))  # the interpreter adapts the code to what it runs
        gc.disable()  # a collection in one mechanism's turn would be of others' objects
        try:
            began = thread_time()
            loop(case.value, case.other, mechanism.hits)
            return round((thread_time() - began) / mechanism.hits, 13)
        finally:
            gc.enable()
