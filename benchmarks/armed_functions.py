"""What is timed: loops whose only work is to be hit, functions whose breakpoint isn't hit, and one of sixty lines."""

# `note` is put among a copy's globals; an assignment is what is hit, and `pass` the line after it.
# ruff: noqa: F821, F841, PIE790

from __future__ import annotations

import csv
import os
from typing import Any


def hit(value: Any, other: Any, n: int) -> None:
    before = other
    for _ in range(n):
        found = value
        pass  # what works by lines sees `found` here


def hit_by_hand(value: Any, other: Any, n: int) -> None:
    before = other
    for _ in range(n):
        found = value
        note(found)  # type: ignore[name-defined]
        pass


def arithmetic(n: int) -> int:
    settled = n
    total = 0
    for i in range(n):
        tripled = i * 3
        if tripled % 7 > 3:
            total += tripled
        else:
            total -= i
    return total


def _squared(x: int) -> int:
    return x * x


def calls(n: int) -> int:
    settled = n
    total = 0
    for i in range(n):
        total += _squared(i)
    return total


def containers(n: int) -> int:
    settled = n
    counts: dict[str, int] = {}
    names = []
    for i in range(n):
        name = str(i % 100)
        counts[name] = counts.get(name, 0) + 1
        names.append(name)
    return len(names)


def branch_never_taken(n: int) -> int:
    total = 0
    for i in range(n):
        if i < 0:
            settled = i
            total += settled
        try:
            total += i & 3
        except OverflowError:
            total = 0
    return total


def sixty_lines(folder: str, wanted: str, least: float = 0.0) -> dict[str, float]:
    """Sum a column of a folder's CSV files by another, as many a batch job does."""
    totals: dict[str, float] = {}
    failures: list[str] = []
    skipped = 0
    n_rows = 0
    paths = sorted(os.listdir(folder))
    for name in paths:
        path = os.path.join(folder, name)
        if not name.endswith(".csv"):
            skipped += 1
            continue
        try:
            file = open(path, newline="")  # noqa: SIM115 - closed below, as in many a script
        except OSError as error:
            failures.append(f"{name}: {error}")
            continue
        with file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                failures.append(f"{name}: empty")
                continue
            rows = list(csv.DictReader(file))
        columns = list(rows[0]) if rows else []
        n_rows += len(rows)
        if wanted not in columns:
            failures.append(f"{name}: no column {wanted}")
            continue
        amounts = []
        for number, row in enumerate(rows):
            try:
                amount = float(row[wanted])
            except (TypeError, ValueError):
                failures.append(f"{name}, row {number}: no number")
                continue
            if amount < least:
                skipped += 1
                continue
            amounts.append(amount)
            key = row.get("key") or "none"
            before = totals.get(key, 0.0)
            totals[key] = before + amount
        if not amounts:
            failures.append(f"{name}: nothing of at least {least}")
            continue
        largest = max(amounts)
        smallest = min(amounts)
        spread = largest - smallest
        mean = sum(amounts) / len(amounts)
        deviations = [abs(amount - mean) for amount in amounts]
        totals[f"{name} largest"] = largest
        totals[f"{name} spread"] = spread
        totals[f"{name} deviation"] = sum(deviations) / len(deviations)
        for key in sorted(totals):
            if totals[key] <= 0.0:
                del totals[key]
    totals["skipped"] = float(skipped)
    totals["rows"] = float(n_rows)
    totals["failures"] = float(len(failures))
    return totals
