"""The accuracy benchmark's cases: what they cover, and that their invocations can be made and run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.accuracy.case import DRIVERS, FAMILIES, GROUPS, Case
from benchmarks.accuracy.cases import THEMES, all_cases, missing
from benchmarks.tables import ROOT
from peakahead.learner.child import call_to_end

CASES = all_cases()
FEW = {"train": 2, "unseen": 2}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_case_makes_its_invocations_anew_for_each_group_and_the_same_each_time(
    case: Case, tmp_path: Path, stack: ExitStack
) -> None:
    made = case.invocations(tmp_path / "first", stack, FEW)
    again = case.invocations(tmp_path / "second", stack, FEW)

    assert [len(calls) for calls in made.values()] == [2, 2]
    trained, unseen = made["train"], made["unseen"]
    if "constant" not in case.drivers:
        assert {case.oracle(*call.args) for call in trained} != {case.oracle(*call.args) for call in unseen}
    for group, calls in made.items():
        for call, same in zip(calls, again[group], strict=True):
            assert case.oracle(*call.args) == case.oracle(*same.args)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_function_runs_as_it_is_invoked(case: Case, tmp_path: Path, stack: ExitStack) -> None:
    made = case.invocations(tmp_path, stack, {"train": 3, "unseen": 1})

    smallest = min(made["train"], key=lambda call: case.oracle(*call.args))

    assert call_to_end(case.function, smallest.args, {}) is not None


def test_larger_invocations_are_larger(tmp_path: Path, stack: ExitStack) -> None:
    for case in CASES.values():
        if case.name in {"heat_map", "nearest_neighbours", "handle_order", "simulate_prices"}:
            made = case.invocations(tmp_path / case.name, stack, {"train": 10, "larger": 5})
            trained, larger = ([case.oracle(*call.args) for call in made[group]] for group in made)
            assert min(larger) > max(trained)


def test_published_payloads_are_split_without_overlap() -> None:
    published = [case for case in CASES.values() if case.payloads]
    for case in published:
        made = case.invocations(Path(), ExitStack(), GROUPS)
        trained, unseen = ({call.args[0] for call in made[group]} for group in ("train", "unseen"))
        assert (len(trained), len(unseen), made["larger"]) == (30, 20, [])
        assert trained | unseen == set(case.payloads)


@pytest.mark.skipif(bool(missing()), reason="themes whose library isn't installed cover some")
def test_every_driver_and_every_family_is_covered() -> None:
    assert {driver for case in CASES.values() for driver in case.drivers} == set(DRIVERS)
    assert {family for case in CASES.values() for family in case.families} == set(FAMILIES)
    assert len(CASES) >= 24
    assert sum(case.published_r2 is not None for case in CASES.values()) == 4


def test_a_theme_without_its_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(THEMES, "kernels", ("igraph", "no_such_library"))

    assert "no_such_library" in missing()["kernels"]
    assert "pagerank" not in all_cases()
    assert "parse_logs" in all_cases()


def test_a_process_that_measures_a_function_imports_nothing_else_of_the_benchmark() -> None:
    script = "import sys; import benchmarks.accuracy.functions.text; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert not {"numpy", "sklearn", "peakahead", "benchmarks.accuracy.case"} & set(loaded.stdout.split())
    assert find_spec("numpy") is not None  # else the test could not fail
