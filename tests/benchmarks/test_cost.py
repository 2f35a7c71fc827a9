"""What the cost benchmark times, and what its raw seconds come to, from rounds small enough to work out by hand."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

import peakahead
from benchmarks import coldstart
from benchmarks.armed_functions import arithmetic, branch_never_taken, calls, containers, hit, sixty_lines
from benchmarks.overhead import ddtraced, figures, hits_table, short_figures, whole_table
from benchmarks.overhead.cases import cases
from benchmarks.overhead.figures import costs, ratios, spread
from benchmarks.overhead.mechanisms import MECHANISMS
from benchmarks.overhead.models import model_of, stored
from benchmarks.overhead.turns import WAYS, in_turn
from benchmarks.tables import ROOT
from examples.running_example import mainfunction
from peakahead.models.readings import Reading

NS = 1e-9
CASES = ("no-op", "a number", "a length", "an open file", "a product", "a running adjacent")
# What each case's formula comes to, worked out by hand: 1 + 2 x the reading; the file has 1,000 bytes.
GROWTH = {
    "a number": [15.0],
    "a length": [7.0],
    "an open file": [2_001.0],
    "a product": [127.0],
    "a running adjacent": [15.0, 29.0],
}
CALLED = [
    way for way in ("by hand", "injected", "ours", "sys.monitoring", "sys.settrace") if not MECHANISMS[way].missing()
]
# ddtrace stays in the process that has imported it, and not all that it does there can be undone.
WITH_DDTRACE = """
from benchmarks.overhead.cases import cases
from benchmarks.overhead.ddtraced import queued
from benchmarks.overhead.mechanisms import MECHANISMS

case = cases(None)["a number"]
said = []
with MECHANISMS["ddtrace injection"].start(case, said.append) as loop:
    loop(case.value, case.other, 10)
print(said)
for way in ("ddtrace log probe", "ddtrace snapshot probe"):
    for _ in range(2):
        with MECHANISMS[way].start(case, said.append) as loop:
            loop(case.value, case.other, 10)
            print(queued())
"""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[TextIOWrapper]:
    path = tmp_path / "read.dat"
    path.write_bytes(bytes(1_000))
    with path.open() as file:
        yield file


@pytest.mark.parametrize("name", GROWTH)
@pytest.mark.parametrize("way", CALLED)
def test_every_mechanism_does_the_same_work(way: str, name: str, file: TextIOWrapper) -> None:
    case = cases(file)[name]
    code = hit.__code__
    said: list[float] = []

    with MECHANISMS[way].start(case, said.append) as loop:
        loop(case.value, case.other, 10)

    assert said == GROWTH[name]
    assert hit.__code__ is code


@pytest.mark.parametrize("way", [way for way in CALLED if way != "ours"])
def test_every_mechanism_is_called_at_every_turn_after_the_assignment(way: str, file: TextIOWrapper) -> None:
    found: list[Any] = []
    case = cases(file)["a number"]
    noted = type(case)(case.value, case.model, lambda _said, _other: found.append)

    with MECHANISMS[way].start(noted, lambda _growth: None) as loop:
        found.clear()  # some find out where they are first
        loop(case.value, case.other, 10)

    assert found == [case.value] * 10


@pytest.mark.skipif(bool(ddtraced.missing()), reason="ddtrace isn't installed: it is among what the benchmarks need")
def test_ddtraces_mechanisms_are_called_at_every_turn_and_take_themselves_out() -> None:
    said = subprocess.run([sys.executable, "-c", WITH_DDTRACE], cwd=ROOT, capture_output=True, text=True, check=True)

    assert said.stdout.split("\n") == ["[15.0]", *["10"] * 4, ""]
    assert said.stderr == ""


@pytest.mark.parametrize("function", [arithmetic, calls, containers, branch_never_taken])
def test_a_function_without_hits_where_it_spends_its_time(function: Any) -> None:
    model = model_of(function, (Reading(stored(function, "settled"), (), "value", "sum"),))
    bare = function(1_000)

    with peakahead.predict_memory(model) as run:
        armed = function(1_000)
    peakahead.disarm(model)

    assert armed == bare
    assert len(run.forecasts) == (1 if function is branch_never_taken else 2)


def test_the_function_of_sixty_lines_is_one(tmp_path: Path) -> None:
    assert len(inspect.getsourcelines(sixty_lines)[0]) == 60
    (tmp_path / "a.csv").write_text("key,amount\nx,1\ny,4\nx,3\nx,none\n")
    (tmp_path / "b.txt").write_text("")
    totals = sixty_lines(str(tmp_path), "amount", 2.0)

    assert totals["x"] == 3.0
    assert totals["a.csv spread"] == 1.0
    assert (totals["skipped"], totals["failures"]) == (2.0, 1.0)


def rounds(bare: float, **ways: float) -> dict[str, list[float]]:
    """Return two rounds of seconds a turn: of nanoseconds a hit over the bare loop, and twice as many of each."""
    made = {"bare": bare, **{way.replace("_", " "): bare + over for way, over in ways.items()}}
    return {way: [NS * (bare + (x - bare) * factor) for factor in (1, 2)] for way, x in made.items()}


def results(**changes: Any) -> dict[str, Any]:
    hits: dict[str, Any] = {name: rounds(10, by_hand=50, injected=51, ours=300) for name in CASES}
    hits["no-op"] = {**rounds(10, by_hand=20, injected=20), "sys.settrace": [410 * NS, 810 * NS]}
    hits["an open file"] = rounds(10, by_hand=1_000, injected=1_000, ours=1_800, fstat=1_000)
    hits["a number"] |= {"ddtrace log probe": [30_010 * NS, 60_010 * NS]}
    whole = {"running example": ([2.0, 4.0], [2.02, 4.0]), "slow": ([1.0, 1.0], [1.03, 1.05])}
    return {
        "hits": {"seconds": hits, "missing": {"sys.monitoring": "not before Python 3.12"}},
        "without hits": {"calls": {"bare": [1.0, 2.0], "armed": [1.01, 2.0], "bare again": [1.0, 1.98]}},
        "whole functions": {
            name: {"seconds": {"bare": bare, "armed": armed, "bare again": bare}, "reads": ["n"], "hits": 3.0}
            for name, (bare, armed) in whole.items()
        },
        **changes,
    }


def test_a_cost_is_what_a_round_takes_over_its_own_bare_loop() -> None:
    seconds = {"bare": [10.0, 20.0, 12.0], "ours": [15.0, 40.0, 18.0]}

    assert costs(seconds, "ours") == [5.0, 20.0, 6.0]
    assert ratios([6.0, 9.0], [3.0, 2.0]) == [2.0, 4.5]
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 4.0)
    assert spread([7.0]) == (7.0, 7.0)


def test_figures_are_medians_of_ratios_within_rounds() -> None:
    found = figures(results())

    assert found["injected / by hand, a number; wanted 1.05 at most"] == "1.02 (1.02 to 1.02)"
    # 300 - 20 and 600 - 40 ns
    assert found["a number, read, folded and forecast, over a no-op; wanted 250 ns at most"] == "420 ns (350 to 490)"
    # 1,800 - 1.3 x 1,000 ns, and twice that
    assert found["an open file less 1.3 x os.fstat; wanted 400 ns at most"] == "750 ns (625 to 875)"
    assert found["sys.settrace / injected, a no-op that has the variable; wanted 15 at least"].startswith("20.0 ")
    assert not any("monitoring" in name for name in found)
    assert found["ddtrace log probe / ours, a number; wanted 30 at least"].startswith("100 ")
    assert found["armed / bare without hits, calls; wanted 1.005 at most"].startswith("1.0050 ")
    assert found["bare / bare, calls"].startswith("0.9950 ")
    assert found["armed / bare, median of 2 functions; wanted 1.01 at most"] == "1.022"
    assert found["armed / bare, highest of them; wanted 1.02 at most"] == "1.040, `slow`"


def test_what_a_user_wants_to_know_is_a_hit_and_the_running_example() -> None:
    found = short_figures(results())

    assert found["a hit on a number"] == "450 ns"
    assert found["armed / bare, running example"] == "1.005"
    assert len(found) == 4


def test_tables_have_a_column_for_each_mechanism_and_say_how_many_times_ours_it_costs() -> None:
    table = hits_table(results())

    assert table["a number"]["by hand"] == "75 ns, 0.17 x (0.17 to 0.17)"
    assert table["a number"]["ddtrace log probe"] == "45,000 ns, 100 x (100 to 100)"
    assert table["a number"]["ours"] == "450 ns (375 to 525)"
    assert {tuple(row) for row in table.values()} == {tuple(way for way in MECHANISMS if way != "bare")}
    assert whole_table(results())["`slow`"] == {
        "reads": "`n`",
        "hits": "3",
        "bare": "1,000.0 ms",
        "armed / bare": "1.040 (1.035 to 1.045)",
        "bare / bare": "1.000 (1.000 to 1.000)",
    }


def test_each_way_is_as_often_first_as_last() -> None:
    orders = [in_turn(number) for number in range(6)]

    for place in range(3):
        assert sorted(order[place] for order in orders) == sorted(WAYS * 2)


def test_a_cold_start_is_told_in_time_and_memory() -> None:
    ours = {"wall": [0.040, 0.044, 0.048], "processor": [0.030, 0.031, 0.032], "resident": [6 * 2**20] * 3}
    made = {
        "starts": {coldstart.OURS: ours},
        "modules": {coldstart.OURS: {"loaded": 120, "heavy": []}},
        "arming": {"wall": [[1.0, 1.0]], "processor": [[0.009, 0.004, 0.005, 0.006], [0.007, 0.001, 0.003, 0.005]]},
        "missing": {"ddtrace.auto": "ddtrace"},
    }

    found = coldstart.figures(made)

    assert found["import, load, arm, wall time; wanted 45 ms at most"] == "44.0 ms (42.0 to 46.0)"
    assert found["import, load, arm, resident memory; wanted 8 MiB at most"] == "6.0 MiB (6.0 to 6.0)"
    assert found["arming a function of 60 lines, the first; wanted 6 ms at most"] == "8.0 ms (7.5 to 8.5)"
    assert found["arming a function of 60 lines, later; wanted 6 ms at most"] == "4.0 ms (3.5 to 4.5)"
    assert coldstart.short_figures(made)[coldstart.OURS] == "44 ms, 6.0 MiB"
    assert coldstart.starts_table(made)[coldstart.OURS]["modules"] == "120"
    assert coldstart.starts_notes(made) == ["ddtrace.auto: ddtrace isn't installed."]


def test_a_start_is_measured_beyond_the_users_imports(tmp_path: Path) -> None:
    read = Reading(stored(mainfunction, "f"), (), "file_size", "adjacent")
    model_of(mainfunction, (read,)).save(tmp_path / "model.json")

    nothing, numpy = coldstart.measure("pass"), coldstart.measure("import numpy; kept = numpy.ones(2**22)")
    ours = coldstart.measure(coldstart.STARTS[coldstart.OURS].format(model=str(tmp_path / "model.json")))

    assert nothing.heavy == ours.heavy == []
    assert numpy.heavy == ["numpy"]
    assert nothing.resident < 2**20
    assert numpy.resident > 8 * 2**22
    assert 0 < nothing.processor < ours.processor
    assert nothing.modules < ours.modules < numpy.modules + ours.modules
