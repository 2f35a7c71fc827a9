"""The tests that must differ, one by one, and why.

Each looks at what a breakpoint is made of: instructions and constants, how deep a call may go, who is called. A test
that is listed here and comes out the same is reported, so that no line outlives its reason.
"""

from __future__ import annotations

DIFFERING: dict[str, dict[str, str]] = {}


def reason(test: str) -> str:
    """Return why a test must differ, or nothing."""
    return next((tests[test] for tests in DIFFERING.values() if test in tests), "")


# The code that stays bare, by its file and name, and why.
REFUSED: dict[str, str] = {}
