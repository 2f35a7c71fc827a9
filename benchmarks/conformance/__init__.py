"""Proof against what we did not write: other people's tests, with a breakpoint after every assignment.

`suites.py` says whose tests; `child.py` runs one suite in an interpreter of its own, bare or armed; `arm.py` rewrites
what a suite imports; `run.py` compares the two, test by test; `expected.py` lists the tests that must differ, and why.
"""
