"""A twentieth of the scan over the standard library; the whole of it is a command."""

from __future__ import annotations

from tests.conformance.scan import scan


def test_a_twentieth_of_the_standard_library_is_armed_and_is_the_same_but_for_the_calls() -> None:
    counts = scan(share=0.05)

    assert not counts["wrong"]
    assert counts["codes"] > 500
    assert counts["calls"] > 2_500
