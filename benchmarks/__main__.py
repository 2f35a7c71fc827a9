"""`python -m benchmarks [NAME ...]`: runs benchmarks, stores their results, rewrites the tables."""

from __future__ import annotations

import sys

from . import accuracy, coldstart, overhead, scale, tracing
from .store import save
from .tables import BENCHMARKS, write_tables

_RUNS = {
    "accuracy": accuracy.run,
    "tracing": tracing.run,
    "overhead": overhead.run,
    "coldstart": coldstart.run,
    "scale": scale.run,
}


def main(names: list[str]) -> None:
    unknown = set(names) - {*_RUNS, "tables"}
    if unknown:
        sys.exit(
            f"unknown: {', '.join(sorted(unknown))}; choose among {', '.join(_RUNS)}, or tables to rewrite them only"
        )
    for name in names or _RUNS:
        if name == "tables":
            continue
        results = _RUNS[name]()
        save(name, results)
        print(f"\r{name}")
        for what, figure in BENCHMARKS[name](results).items():
            print(f"  {what}: {figure}")
    write_tables()


if __name__ == "__main__":
    main(sys.argv[1:])
