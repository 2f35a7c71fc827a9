"""`python -m benchmarks [NAME ...]`: runs benchmarks, stores their results, rewrites the tables.

`python -m benchmarks accuracy FUNCTION ...` measures those functions only, and keeps what is stored of the others.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from . import aws_lambda, cloud_functions, coldstart, injection, overhead, running_example, scale, tracing, warm
from .accuracy import run as accuracy
from .accuracy.cases import all_cases
from .store import PYTHON, load_all, save
from .tables import BENCHMARKS, write_tables

_RUNS = {
    "running_example": running_example.run,
    "accuracy": accuracy.run,
    "tracing": tracing.run,
    "overhead": overhead.run,
    "coldstart": coldstart.run,
    "scale": scale.run,
    "warm": warm.run,
    "aws_lambda": aws_lambda.run,
    "cloud_functions": cloud_functions.run,
    "injection": injection.run,
}
_ASKED_FOR = {"injection"}  # no measurement: `make conformance` runs it


def main(names: list[str]) -> None:
    functions = [name for name in names[1:] if name in all_cases()] if names[:1] == ["accuracy"] else []
    names = [name for name in names if name not in functions]
    unknown = set(names) - {*_RUNS, "tables"}
    if unknown:
        sys.exit(
            f"unknown: {', '.join(sorted(unknown))}; choose among {', '.join(_RUNS)}, or tables to rewrite them only; "
            f"after accuracy also among {', '.join(all_cases())}"
        )
    runs = {**_RUNS, "accuracy": functools.partial(_accuracy, functions)}
    for name in names or sorted(runs.keys() - _ASKED_FOR, key=list(runs).index):
        if name == "tables":
            continue
        results = runs[name]()
        save(name, results)
        print(f"\r{name}")
        for what, figure in BENCHMARKS[name](results).items():
            print(f"  {what}: {figure}")
    write_tables()


def _accuracy(functions: list[str]) -> dict[str, Any]:
    stored = load_all("accuracy").get(PYTHON, {}).get("results")
    return accuracy.run(functions, stored, functools.partial(save, "accuracy"))


if __name__ == "__main__":
    main(sys.argv[1:])
