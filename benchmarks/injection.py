"""What injection makes of all of the standard library's code, and of functions generated at random.

Every code object of the standard library is armed at every store and parameter and compared with its original to the
column; generated functions run bare and armed, and what breakpoints read is compared with what an instrumented copy of
the source saw. How: `tests/conformance/scan.py` and `generated.py`.
"""

from __future__ import annotations

import os
from time import perf_counter
from typing import Any

from tests.conformance.generated import run_examples
from tests.conformance.scan import scan

EXAMPLES = int(os.environ.get("EXAMPLES", "10000"))


def run() -> dict[str, Any]:
    """Scan, and check generated functions; raises AssertionError at the first function that differs."""
    began = perf_counter()
    scanned = scan()
    between = perf_counter()
    generated = run_examples(EXAMPLES)
    ended = perf_counter()
    return {
        "scan": {**scanned, "duration_s": round(between - began, 1)},
        "generated": {**generated, "duration_s": round(ended - between, 1)},
    }


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    scanned, generated = results["scan"], results["generated"]
    return {
        "code objects of the standard library, armed at every store": f"{scanned['codes']:,}",
        "calls put into them": f"{scanned['calls']:,}",
        "of them not as the original but for the calls": f"{len(scanned['wrong'])}",
        "generated functions, armed as bare": f"{generated['examples']:,}",
        "of them with code that `bytecode` can't read, left bare": f"{generated['partly bare']:,}",
        "values read by breakpoints, each as it was assigned": f"{generated['values']:,}",
    }
