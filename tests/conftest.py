"""What every test must leave as it found it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from peakahead.learner.facts import HAS_INSTRUCTION_EVENTS, monitoring
from peakahead.runtime import arming


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a trace function behind, or a function armed."""
    before = sys.gettrace()
    yield
    assert sys.gettrace() is before, "a trace function was left behind"
    assert threading.gettrace() is None, "a trace function for new threads was left behind"
    tools = {number: monitoring.get_tool(number) for number in range(6)} if HAS_INSTRUCTION_EVENTS else {}
    assert "peakahead" not in tools.values(), "a monitoring tool was left behind"
    armed = [str(state.model.target) for state in arming._armed.values()]
    arming._armed.clear()
    assert not armed, f"left armed: {armed}"
    assert not arming._roots, f"rewritten code was left behind: {arming._roots}"
