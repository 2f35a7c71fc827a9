"""`python -m benchmarks.fuzz [SECONDS [FOLDER]]`: fuzzes, stores the result, rewrites the tables.

FOLDER gets the files that did what they shouldn't; there are none, it is to be hoped.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ..store import save
from ..tables import write_tables
from .run import SECONDS, figures, run


def main(seconds: str = str(SECONDS), kept: str = ".") -> None:
    results = run(int(seconds), Path(kept))
    save("fuzz", results)
    for what, figure in figures(results).items():
        print(f"  {what}: {figure}")
    write_tables()
    if results["findings"]:
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
