"""`python -m benchmarks.conformance [SUITE ...]`: all suites, stored and with the tables rewritten; or some, printed.

Ends with an error if a test differs that isn't listed, a listed one doesn't differ, or a process dies.
"""

from __future__ import annotations

import sys

from ..store import save
from ..tables import write_tables
from .figures import figures, problems, shortfalls
from .run import run_all
from .suites import all_suites

WORKERS = 2


def main(names: list[str]) -> None:
    suites = {suite.name.removeprefix("test.test_"): suite for suite in all_suites()}
    unknown = set(names) - suites.keys()
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; choose among {', '.join(suites)}")
    results = run_all([suites[name] for name in names or suites], WORKERS)
    for what, figure in figures(results).items():
        print(f"{what}: {figure}")
    found = list(problems(results))
    if not names:
        save("conformance", results)
        write_tables()
        found += shortfalls(results)
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main(sys.argv[1:])
