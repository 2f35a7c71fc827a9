"""Learning real functions, in real processes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import joblib
import pytest

import peakahead
from peakahead.learner.invocations import read_invocations
from peakahead.models.errors import InvalidInvocation, InvalidOption, InvalidTarget, TrainingFailed
from tests.programs import functions

MIB = 2**20
SIZES = [(n,) for n in range(200_000, 4_200_000, 200_000)]


def test_the_running_example_is_learned_before_its_file_is_read(tmp_path: Path) -> None:
    generator = random.Random(5)
    calls = []
    for folder in range(20):
        paths = []
        for index in range(generator.randint(2, 5)):
            paths.append(str(tmp_path / f"{folder}-{index}.dat"))
            Path(paths[-1]).write_text(("x" * 59 + "\n") * int(10 ** generator.uniform(3.8, 5.2)))
        calls.append((paths,))

    model = peakahead.learn(functions.readlines, calls, jobs=2)

    stage = model.stages[-1]
    assert stage.site.variable in {"paths", "path", "f"}
    assert stage.lead >= 0.95
    assert [str(reading).startswith("largest two adjacent file_size") for reading in stage.readings] == [True]
    assert stage.error < 0.05


def test_a_number_worked_out_inside_is_found() -> None:
    model = peakahead.learn(functions.block, SIZES)

    stage = model.stages[-1]
    (term,) = stage.formula.terms
    assert stage.site.variable in {"n", "size"}
    assert term.coefficient == pytest.approx({"n": 8.0, "size": 1.0}[stage.site.variable], rel=0.05)
    assert stage.error < 0.05
    assert model.training.invocations == len(SIZES)


def test_a_loop_that_keeps_what_it_makes_grows_with_the_sum() -> None:
    generator = random.Random(2)
    calls = [
        ({"sizes": [generator.randint(100_000, 3_000_000) for _ in range(generator.randint(1, 9))]},) for _ in range(24)
    ]

    stage = peakahead.learn(functions.keeps, calls).stages[-1]

    assert [str(reading) for reading in stage.readings] == ["sum of size"]
    assert stage.error < 0.05


def test_a_product_of_two_arguments_is_found() -> None:
    generator = random.Random(3)
    calls = [(generator.randint(200, 3000), generator.randint(200, 3000)) for _ in range(24)]

    stage = peakahead.learn(functions.product, calls, before=None).stages[-1]

    assert {str(reading) for reading in stage.readings} == {"rows", "columns"}
    assert stage.site.entry
    (term,) = stage.formula.terms
    assert term.coefficient == pytest.approx(8.0, rel=0.05)


def test_a_method_reads_its_object() -> None:
    boxes = [functions.Box(n * MIB) for n in range(1, 21)]

    model = peakahead.learn(functions.Box.fill, [(box,) for box in boxes])

    assert [str(reading) for reading in model.stages[-1].readings] == ["self.size"]
    assert model.target.qualname == "Box.fill"


def test_a_constant_function_gets_no_breakpoint_and_says_so() -> None:
    model = peakahead.learn(functions.constant, SIZES)

    assert len(model.stages) == 1
    assert model.breakpoint.is_start
    assert "No variable explains the growth" in str(model)
    assert model.stages[0].formula.intercept == pytest.approx(30_000_000, rel=0.02)
    assert model.stages[0].error < 0.01


@pytest.mark.parametrize(
    "options", [{"isolation": "spawn"}, {"meter": "heap"}, {"isolation": "spawn", "meter": "heap"}]
)
def test_every_isolation_and_meter_learns_it(options: dict[str, Any]) -> None:
    model = peakahead.learn(functions.block, SIZES[:19], jobs=2, **options)

    assert model.stages[-1].error < 0.05
    assert (model.training.isolation, model.training.meter) == (
        options.get("isolation", "forkserver"),
        options.get("meter", "rss"),
    )


def test_the_number_of_jobs_changes_nothing_but_the_time() -> None:
    one, two = (peakahead.learn(functions.block, SIZES, jobs=jobs) for jobs in (1, 2))
    with joblib.parallel_config(backend="loky", n_jobs=2):
        three = peakahead.learn(functions.block, SIZES, jobs=2)

    assert one.breakpoint == two.breakpoint == three.breakpoint
    assert one.stages[-1].formula.terms[0].coefficient == pytest.approx(
        two.stages[-1].formula.terms[0].coefficient, rel=0.02
    )


def test_failed_invocations_are_counted_and_the_rest_is_learned() -> None:
    seen: list[peakahead.Progress] = []

    model = peakahead.learn(functions.sometimes, [(n * 100_001,) for n in range(1, 26)], progress=seen.append)

    assert model.training.failures == {"raised": 5}
    assert model.training.invocations == 20
    assert "left out: 5 raised" in str(model)
    assert [state.done for state in seen] == list(range(1, 26))
    assert seen[-1].failed == 5


def test_when_all_fail_the_first_failure_is_told() -> None:
    with pytest.raises(
        TrainingFailed, match=r"all 20 invocations failed, the first raised \(ValueError: no room for 2"
    ):
        peakahead.learn(functions.raises, SIZES[:20])


def test_too_few_invocations_for_the_coverage_say_how_many_are_missing() -> None:
    with pytest.raises(TrainingFailed, match=r"12 measured .* takes 19: give 7 more, or ask for coverage=0\.92"):
        peakahead.learn(functions.block, SIZES[:12])
    with pytest.raises(
        TrainingFailed, match=r"4 of 20 invocations failed, one raised \(KeyError: 'five'\); 16 measured"
    ):
        peakahead.learn(functions.sometimes, [(n * 100_001,) for n in range(1, 21)])
    assert peakahead.learn(functions.block, SIZES[:12], coverage=0.9).stages[-1].bound.coverage == 0.9


def no_source() -> Any:
    namespace: dict[str, Any] = {}
    exec("def made(n): return n", namespace)
    return namespace["made"]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (len, "len is implemented in C"),
        (functions.Box, "Box is a class"),
        (3, "3 is not callable"),
        (no_source(), "made has no source"),
    ],
)
def test_what_cannot_be_learned_says_why(function: Any, message: str) -> None:
    with pytest.raises(InvalidTarget, match=message) as caught:
        peakahead.learn(function, SIZES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ([(1,), (1, 2)], r"invocation 2 doesn't fit block\(.*: too many positional arguments"),
        ([{"m": 1}], r"invocation 1 doesn't fit block\(.*: missing a required argument: 'n'"),
        ([7], "invocation 1 is a int: give a tuple"),
        (["ab"], "invocation 1 is a str: give a tuple"),
    ],
)
def test_invocations_that_do_not_fit_are_named(calls: list[Any], message: str) -> None:
    with pytest.raises(InvalidInvocation, match=message):
        peakahead.learn(functions.block, calls)


def test_a_function_that_cannot_travel_is_named() -> None:
    lock = threading.Lock()

    def locked(n: int) -> bytes:
        with lock:
            return bytes(n)

    with pytest.raises(InvalidTarget, match=r"locked.* can't be sent to a child process \(cannot pickle"):
        peakahead.learn(locked, [(n,) for n in range(20)])


def test_an_argument_that_cannot_travel_is_named(tmp_path: Path) -> None:
    with open(tmp_path / "open", "w") as file, pytest.raises(InvalidInvocation, match="invocation 1 can't be sent"):
        peakahead.learn(functions.block, [(file,)] * 20)


@pytest.mark.parametrize(
    "options", [{"coverage": 1.0}, {"isolation": "vm"}, {"meter": "psutil"}, {"timeout": -1}, {"jobs": 0}]
)
def test_an_option_out_of_range_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match=next(iter(options))):
        peakahead.learn(functions.block, SIZES, **options)


def test_a_function_of_a_script_is_learned(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import peakahead\n"
        "def helper(n):\n"
        "    return bytearray(n)\n"
        "def work(n):\n"
        "    made = helper(n * 2)\n"
        "    return len(made)\n"
        "if __name__ == '__main__':\n"
        "    model = peakahead.learn(work, [(n,) for n in range(1_000_000, 21_000_000, 1_000_000)])\n"
        "    print(model.target, model.breakpoint, model.stages[-1].error < 0.05)\n"
        "    print(model)\n"
    )

    said = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout

    first, _, shown = said.partition("\n")
    assert first == "__main__:work n at the entry of work True", shown


def test_invocations_are_read_from_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text('[1, "a"]\n\n{"n": 2}\n{"args": [3], "kwargs": {"k": 4}}\n{broken\n7\n[5]\n')

    found, complaints = read_invocations(path)

    assert [(i.args, dict(i.kwargs)) for i in found] == [((1, "a"), {}), ((), {"n": 2}), ((3,), {"k": 4}), ((5,), {})]
    assert [os.path.basename(complaint).split(":")[0] for complaint in complaints] == [
        "calls.jsonl, line 5",
        "calls.jsonl, line 6",
    ]


def test_a_file_without_invocations_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text("\n")
    with pytest.raises(InvalidInvocation, match="has no invocation in it"):
        read_invocations(path)
    with pytest.raises(InvalidInvocation, match="can't be read"):
        read_invocations(tmp_path / "none.jsonl")
