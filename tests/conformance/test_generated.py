"""A few of the generated functions; 10,000 of them are a command."""

from __future__ import annotations

import sys

from tests.conformance.generated import run_examples


def test_generated_functions_armed_are_the_bare_ones_and_what_is_read_is_what_was_assigned() -> None:
    counts = run_examples(80)

    assert counts["examples"] >= 60  # the rest didn't compile
    assert counts["partly bare"] <= (16 if sys.version_info >= (3, 13) else 0)
    assert counts["values"] > 500
