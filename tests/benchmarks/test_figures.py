"""What results come to, from rows small enough to work out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import r2_score

from benchmarks import store
from benchmarks.accuracy.figures import METHODS, Group, figures, functions_table, group, lead, methods_table
from benchmarks.tables import table

MIB = 2**20


def case(**changes: Any) -> dict[str, Any]:
    """Return a case whose every method forecasts 110 MiB, bound 120, for peaks of 100 and 125 MiB; larger 200."""
    said = [110 * MIB, 120 * MIB] * len(METHODS)
    rows = [[name, peak * MIB, 1, *said] for name, peak in (("unseen", 100), ("unseen", 125), ("larger", 200))]
    stages = [{"reads": [], "lead": 1.0}, {"reads": ["n"], "lead": 0.8}]
    columns = ["group", "peak", "stage", *(f"{method} {what}" for method in METHODS for what in ("forecast", "bound"))]
    made = {"rows": rows, "columns": columns, "stages": stages, "drives": "n", "drivers": [], "published_r2": None}
    return {**made, "noise": 0.01, **changes}


def test_errors_coverage_and_overallocation_are_those_worked_out_by_hand() -> None:
    unseen = group(case(), "ours", "unseen")

    assert unseen is not None
    assert unseen.errors == pytest.approx([0.10, 0.12])
    assert unseen.covered == [True, False]
    assert unseen.overallocation == pytest.approx(240 / 225)
    assert lead(case()) == 0.8


def test_errors_of_small_peaks_are_relative_to_2_mib() -> None:
    assert Group([MIB / 2], [MIB], [MIB]).errors == [0.25]


def test_r2_is_scikit_learns() -> None:
    peaks, forecasts = [3.0, 7.0, 4.0, 12.0], [3.5, 6.0, 5.0, 10.0]

    assert Group(peaks, forecasts, forecasts).r2 == pytest.approx(r2_score(peaks, forecasts))


def test_the_figures_count_functions_that_are_far_off_late_or_without_a_model() -> None:
    cases = {"one": case(), "two": case(drivers=["constant"], published_r2=0.5), "three": {"failure": "no trace"}}

    found = figures({"cases": cases, "missing": {"images": ["PIL"]}})

    assert found["functions"] == "2"
    assert found["functions without a model"] == "three"
    assert found["not run, as a library isn't installed"] == "images"
    assert found["median over functions of the median error, unseen; wanted 2.5% at most"] == "11.0%"
    assert found["functions with a median error above 12%, unseen; wanted none"] == "0"
    assert found["functions with a median error above 20%, larger; wanted none"] == "2"
    assert found["peaks at or below the bound, unseen"] == "50%"
    assert found["functions with a lead of 90% at least"] == "0%"
    assert found["stages of `two`, which nothing drives; wanted 1"] == "2"


def test_the_tables_have_a_row_a_method_and_a_row_a_function() -> None:
    results = {"cases": {"one": case(), "without larger": case(rows=case()["rows"][:2])}, "missing": {}}

    methods, functions = methods_table(results), functions_table(results)

    assert len(methods) == 2 + len(METHODS)
    assert [line.split("|")[1].strip() for line in functions[2:]] == ["`one`", "`without larger`"]
    assert functions_table({"cases": {"one": case(note="as published")}, "missing": {}})[-1] == "`one`: as published."
    assert len({line.count("|") for line in methods}) == len({line.count("|") for line in functions}) == 1


def test_a_list_of_numbers_takes_one_line_of_the_stored_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(store, "RESULTS", tmp_path)
    results = {"rows": [["unseen", 1, 2.5], ["a [b", 3]], "empty": [], "text": "x,\n y"}

    store.save("made", results)

    text = next(iter(tmp_path.glob("*"))).read_text()
    assert '[ "unseen", 1, 2.5 ]' in text
    assert json.loads(text)["results"] == results


def test_a_table_of_results_that_are_not_there_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(store, "RESULTS", tmp_path)

    assert table(["accuracy_methods"]) == "Not measured yet."
