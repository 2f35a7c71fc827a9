"""What stored results come to: the problems, and the figures of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

WANTED_TESTS = 9_900
WANTED_HITS = 99_000_000
WANTED_MODULES = 30


def problems(results: dict[str, Any]) -> Iterator[str]:
    """Yield everything that isn't as it must be."""
    for name, suite in results["suites"].items():
        if not suite["runs bare"]:
            yield f"{name}: no bare run came to its end: {suite['died']['bare']}"
        if suite["died"]["armed"]:
            yield f"{name}: the armed process ended: {suite['died']['armed']}"
        for row in suite["differing"]:
            if not row["reason"]:
                yield f"{row['test']}: {row['bare']} bare, {row['armed']} armed, and isn't listed: {row['said']}"
        for test in suite["outdated"]:
            yield f"{test} is listed as differing, and doesn't differ"
    for row in results["refused"]:
        if not row["reason"]:
            yield f"{row['code']} was refused, and isn't listed: {row['said']}"


def shortfalls(results: dict[str, Any]) -> Iterator[str]:
    """Yield what a run of all suites has to reach and doesn't."""
    for what, found, wanted in (
        ("tests", _total(results, "tests"), WANTED_TESTS),
        ("hits", _total(results, "hits"), WANTED_HITS),
        ("modules of the standard library", _modules(results), WANTED_MODULES),
    ):
        if found < wanted:
            yield f"{found:,} {what}, {wanted:,} wanted"


def _total(results: dict[str, Any], what: str) -> int:
    return sum(suite[what] for suite in results["suites"].values())


def _modules(results: dict[str, Any]) -> int:
    packages = tuple(f"{name}/" for name in results["suites"] if not name.startswith("test."))
    return sum(path != "tests" and not path.startswith(packages) for path in results["hits"])


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    suites = results["suites"]
    differing = {
        row["test"].split(" (")[0]: bool(row["reason"]) for suite in suites.values() for row in suite["differing"]
    }
    left_out = sum(len(suite["flaky"]) for suite in suites.values())
    is_package = {name: not name.startswith("test.") for name in suites}
    outcomes: dict[str, int] = {}
    for suite in suites.values():
        for outcome, count in suite["outcomes"].items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
    hung = ", ".join(str(sum(bool(suite["hung"][way]) for suite in suites.values())) for way in ("bare", "armed"))
    died = sum(bool(suite["died"]["armed"]) for suite in suites.values())
    return {
        "suites of CPython, of packages": f"{len(suites) - sum(is_package.values())}, {sum(is_package.values())}",
        "functions and other code with breakpoints": f"{results['codes']:,} in {results['files']:,} source files",
        "modules of the standard library with hits": f"{_modules(results):,}",
        "breakpoints": f"{results['breakpoints']:,}",
        "code that couldn't be armed": f"{len(results['refused'])}",
        "hits": f"{_total(results, 'hits') / 1e6:,.0f} million",
        "tests with the outcome that they have bare": f"{_total(results, 'tests'):,}",
        "of these passed": f"{outcomes.get('passed', 0):,}",
        "of these in packages": f"{sum(suite['tests'] for name, suite in suites.items() if is_package[name]):,}",
        "tests that must differ, see below": f"{sum(differing.values())}",
        "other tests that differ": f"{len(differing) - sum(differing.values())}",
        "armed processes that died": f"{died}",
        "runs that didn't end in time, bare and armed, and were run once more": hung,
        "tests left out, since they differ bare, or skip themselves by the clock": f"{left_out}",
        "duration of the armed runs": f"{sum(s['duration_s'][-1] for s in suites.values()) / 60:.0f} min",
    }


def differing_table(stored: dict[str, dict[str, Any]]) -> list[str]:
    """Return the table of the tests that differ, of all Pythons."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for python, result in stored.items():
        for suite in result["results"]["suites"].values():
            for row in suite["differing"]:
                frameless = "as bare" if row["same without a frame"] else "differs"
                key = (row["test"].split(" (")[0], frameless, row["reason"] or "not listed")
                if python not in found.setdefault(key, []):  # a test's subtests are one
                    found[key].append(python)
    head = ["| test | Python | with a hook that has no frame | why it differs |", "| --- | --- | --- | --- |"]
    rows = [
        f"| `{test}` | {', '.join(pythons)} | {frameless} | {why} |"
        for (test, frameless, why), pythons in sorted(found.items())
    ]
    return [*head, *rows]
