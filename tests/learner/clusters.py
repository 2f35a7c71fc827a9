"""What tests of training on other processes ask of them, and of what they learned."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from peakahead.models.model import BreakpointModel

MIB = 2**20


def assert_same(one: BreakpointModel, other: BreakpointModel) -> None:
    """Check that two models look at the same places for the same readings, and say the same within pages' noise."""
    assert [stage.site for stage in one.stages] == [stage.site for stage in other.stages]
    assert [stage.readings for stage in one.stages] == [stage.readings for stage in other.stages]
    assert one.fingerprints == other.fingerprints
    assert one.training.invocations == other.training.invocations
    for stage, twin in zip(one.stages, other.stages, strict=True):
        assert [term.factors for term in stage.formula.terms] == [term.factors for term in twin.formula.terms]
        for term, same in zip(stage.formula.terms, twin.formula.terms, strict=True):
            assert term.coefficient == pytest.approx(same.coefficient, rel=0.02)
        assert stage.formula.intercept == pytest.approx(twin.formula.intercept, abs=0.5 * MIB)
        assert stage.error == pytest.approx(twin.error, abs=0.02)


def children(parent: int) -> list[int]:
    """Return the processes that a process has started and that still run."""
    found = []
    for name in os.listdir("/proc"):
        try:
            stat = Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(stat[1]) == parent and stat[0] != "Z":
            found.append(int(name))
    return found


def command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


def started_by(starter: int) -> list[int]:
    """Return the servers among them."""
    return [pid for pid in children(starter) if any("peakahead.learner.child" in word for word in command(pid))]


def state(pid: int) -> str:
    """Return a process's state, such as "S", "T" or "Z"; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


def wait_until(holds: Callable[[], object], seconds: float = 20.0) -> bool:
    """Wait until something holds; return whether it does."""
    until = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < until:
        time.sleep(0.02)
    return bool(held)
