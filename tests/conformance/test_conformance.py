"""A small part of `make conformance`, whose whole is in `benchmarks/conformance`: CPython's tests, bare and armed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.conformance.figures import problems
from benchmarks.conformance.run import Ran, compare, read_report, run_all
from benchmarks.conformance.suites import cpython_suites

SUITES = {f"test.test_{name}" for name in ("exceptions", "generators", "heapq", "shlex", "textwrap")}
ARMED = {"heapq.py", "shlex.py", "textwrap.py", *(f"{name.removeprefix('test.')}.py" for name in SUITES)}


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    suites = [suite for suite in cpython_suites() if suite.name in SUITES]
    return run_all(suites, workers=1, is_armed=lambda path: Path(path).name in ARMED)


def test_cpython_s_tests_come_out_armed_as_they_do_bare(results: dict[str, Any]) -> None:
    assert list(problems(results)) == []
    assert {name: suite["flaky"] for name, suite in results["suites"].items()} == {name: [] for name in SUITES}
    assert sum(suite["outcomes"]["passed"] for suite in results["suites"].values()) > 250


def test_the_breakpoints_are_hit(results: dict[str, Any]) -> None:
    assert results["breakpoints"] > 2_000
    assert {"heapq.py", "shlex.py", "textwrap.py", "tests"} == results["hits"].keys()
    assert sum(results["hits"].values()) > 1_000_000


def reported(folder: Path, *rows: tuple[Any, ...]) -> Ran:
    path = folder / "report"
    path.write_text("".join(f"{row!r}\n" for row in rows))
    return read_report(path, "exit code -11", b"Segmentation fault")


def test_a_test_that_differs_and_a_process_that_dies_are_problems(tmp_path: Path) -> None:
    passed = ("outcome", "m.T.test_a", "passed", "")
    bare = reported(tmp_path, passed, ("outcome", "m.T.test_b", "passed", ""), ("done",))
    armed = reported(tmp_path, passed, ("started", "m.T.test_b"))

    found = list(problems({"suites": {"m": compare([bare, bare], armed)}, "refused": []}))

    assert found == [
        "m: the armed process ended: exit code -11 in m.T.test_b: Segmentation fault",
        "m.T.test_b: passed bare, absent armed, and isn't listed: ",
    ]


def test_a_test_that_differs_bare_says_nothing(tmp_path: Path) -> None:
    passed, failed = (reported(tmp_path, ("outcome", "m.T.test_a", o, ""), ("done",)) for o in ("passed", "failed"))

    compared = compare([passed, failed], failed)

    assert (compared["flaky"], compared["differing"], compared["tests"]) == (["m.T.test_a"], [], 0)


@pytest.mark.parametrize(("came_out", "n_left_out"), [("passed", 1), ("failed", 0)])
def test_a_test_that_skips_itself_by_the_clock_says_nothing(tmp_path: Path, came_out: str, n_left_out: int) -> None:
    test = "test.test_int.IntStrDigitLimitsTests.test_denial_of_service_prevented_int_to_str"
    bare, armed = (reported(tmp_path, ("outcome", test, o, ""), ("done",)) for o in ("skipped", came_out))

    compared = compare([bare, bare], armed)

    assert (len(compared["flaky"]), len(compared["differing"])) == (n_left_out, 1 - n_left_out)
