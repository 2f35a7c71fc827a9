"""The command line as a person types it, in real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = """
def helper(n):
    return bytearray(n * 10)

def work(n, *, times=1):
    for _ in range(times):
        made = helper(n)
    return len(made)

def fails(n):
    raise RuntimeError("out of order")

def constant(n):
    return len(bytearray(20_000_000))

def prepare():
    import json
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "app.py").write_text(PROGRAM)
    with open(folder / "calls.jsonl", "w") as file:
        for n in range(100_000, 2_600_000, 100_000):
            print(json.dumps([n]) if n % 200_000 else json.dumps({"n": n}), file=file)
    return folder


def peakahead(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "peakahead", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    done = peakahead(
        folder, "learn", "app:work", "-i", "calls.jsonl", "-o", "model.json", "-j", "2", "--before", "app:prepare"
    )
    assert "written to model.json" in done.stdout
    assert "n at the entry of" in done.stdout
    return folder / "model.json"


def test_show_prints_the_summary_and_the_json(folder: Path, model: Path) -> None:
    said = peakahead(folder, "show", "model.json").stdout
    assert "peakahead model of app:work" in said
    assert "trained on 25 invocations" in said
    assert json.loads(peakahead(folder, "show", "model.json", "--json").stdout) == json.loads(model.read_text())


def test_run_compares_forecast_and_measured_peak(folder: Path, model: Path) -> None:
    said = peakahead(folder, "run", "model.json", "app:work", "--args", "[2222222]", "--json").stdout
    record = json.loads(said)

    assert record["status"] == "ok"
    assert record["measured_bytes"] == pytest.approx(22_222_220, rel=0.02)
    assert record["forecasts"][-1]["growth_bytes"] == pytest.approx(record["measured_bytes"], rel=0.05)
    table = peakahead(folder, "run", "model.json", "app:work", "-i", "calls.jsonl").stdout
    assert table.count("MiB") >= 50
    assert "n=200000" in table


def test_run_refuses_above_the_limit(folder: Path, model: Path) -> None:
    record = json.loads(
        peakahead(folder, "run", "model.json", "app:work", "--args", "[9000000]", "--limit", "60MiB", "--json").stdout
    )

    assert record["status"] == "refused"
    assert "above limit=60.0 MiB" in record["detail"]
    assert record["measured_bytes"] < 10_000_000


def test_bench_prints_medians_ratios_and_the_cost_of_a_hit(folder: Path, model: Path) -> None:
    said = peakahead(folder, "bench", "model.json", "app:work", "--args", "[1000000]", "--repeats", "3").stdout

    for part in ("bare", "armed", "traced", "a hit of n at the entry of", "1.000", " ns"):
        assert part in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["learn", "app", "-i", "calls.jsonl"], "'app' names no function: write module:function"),
        (["learn", "nowhere:f", "-i", "calls.jsonl"], "the module nowhere can't be imported"),
        (["learn", "app:nothing", "-i", "calls.jsonl"], "app has no nothing"),
        (["learn", "app:__name__", "-i", "calls.jsonl"], "is a str, not a function"),
        (["learn", "builtins:len", "-i", "calls.jsonl"], "len is implemented in C"),
        (["learn", "app:work", "-i", "none.jsonl"], "none.jsonl can't be read"),
        (["learn", "app:fails", "-i", "calls.jsonl"], "all 25 invocations failed, the first raised (RuntimeError: out"),
        (["learn", "app:work", "-i", "calls.jsonl", "--coverage", "0.99"], "25 measured invocations are too few"),
        (["learn", "app:work", "-i", "calls.jsonl", "--meter", "x"], "meter='x' is unknown"),
        (["learn", "app:work", "-i", "calls.jsonl", "-o", "no/such/model.json"], "can't be written"),
        (["show", "none.json"], "none.json can't be read"),
        (["show", "calls.jsonl"], "not a whole JSON file"),
        (["run", "none.json", "app:work"], "none.json can't be read"),
        (["show"], "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(folder: Path, arguments: list[str], message: str) -> None:
    done = peakahead(folder, *arguments, code=2)

    (line,) = [line for line in done.stderr.splitlines() if message in line]
    assert line.startswith(("error:", "Error:"))
    assert not (folder / "no").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--args", "{"], "--args is no invocation"),
        (["--args", "[1, 2, 3]"], "invocation 1 doesn't fit work"),
        (["--limit", "lots"], "'lots' is not a size"),
    ],
)
def test_bad_input_of_run(folder: Path, model: Path, arguments: list[str], message: str) -> None:
    assert message in peakahead(folder, "run", "model.json", "app:work", *arguments, code=2).stderr


@pytest.fixture(scope="module")
def recorded(folder: Path) -> Path:
    """Leave traces of two functions in two folders, and a module beside whose `work` is another than the one here."""
    script = (
        "import sys, peakahead, app\n"
        "if __name__ == '__main__':\n"
        "    for folder, name in (('one', 'work'), ('two', 'work'), ('both', 'work'), ('both', 'constant')):\n"
        "        function = getattr(app, name)\n"
        "        sizes = range(100_000, 1_100_000, 100_000) if folder != 'both' else [1_000_000, 2_000_000]\n"
        "        peakahead.learn(function, [(n,) for n in sizes], traces=folder, coverage=0.5, repeats=0, jobs=2)\n"
    )
    (folder / "records.py").write_text(script)
    subprocess.run([sys.executable, "records.py"], cwd=folder, check=True, capture_output=True)
    changed = folder / "changed"
    changed.mkdir()
    (changed / "app.py").write_text(PROGRAM.replace("made = helper(n)", "made = helper(n + 1)"))
    return folder


def test_learn_reads_traces_of_several_folders(recorded: Path) -> None:
    done = peakahead(recorded, "learn", "--traces", "one", "-t", "two", "-o", "traced.json")

    assert "trained on 20 invocations" in done.stdout
    assert "n at the entry of" in done.stdout
    assert "written to traced.json" in done.stdout
    named = peakahead(recorded, "learn", "app:work", "-t", "one", "-t", "two", "-t", "both", "-o", "named.json")
    assert "trained on 22 invocations" in named.stdout
    assert not named.stderr


def test_learn_from_traces_asks_what_the_function_is_now(recorded: Path) -> None:
    changed = recorded / "changed"

    said = peakahead(changed, "learn", "app:work", "--traces", "../one", "--coverage", "0.9", code=2).stderr
    assert "all 10 traces of app:work are of another version of it (source " in said
    elsewhere = recorded / "elsewhere"
    elsewhere.mkdir()
    done = peakahead(elsewhere, "learn", "app:work", "--traces", "../one", "--coverage", "0.9")
    assert "warning: the module app can't be imported (ModuleNotFoundError: No module named 'app')" in done.stderr
    assert "the version that most traces are of is taken" in done.stderr
    assert "trained on 10 invocations" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --invocations, to run the function, or --traces, recorded where it ran"),
        (["app:work"], "give either --invocations, to run the function, or --traces"),
        (["app:work", "-i", "calls.jsonl", "-t", "one"], "give either --invocations, to run the function, or --traces"),
        (["-i", "calls.jsonl"], "--invocations calls a function: name it"),
        (
            ["-t", "one", "--timeout", "3"],
            "--timeout says how to run invocations, and traces are of some that have run",
        ),
        (["-t", "one", "--package", "app"], "--package says how to run invocations"),
        (["-t", "none"], "none isn't there: give the folder that the traces were recorded into"),
        (["app", "-t", "one"], "'app' names no function: write module:function"),
        (
            ["-t", "both"],
            "both holds no traces of one function alone, only of app:constant, app:work: name one of them",
        ),
        (["app:fails", "-t", "one"], "one holds no traces of app:fails, only of app:work"),
        (["-t", "one"], "10 measured invocations are too few for coverage=0.95"),
    ],
)
def test_bad_input_of_learning_from_traces(recorded: Path, arguments: list[str], message: str) -> None:
    said = peakahead(recorded, "learn", *arguments, "-o", "bad.json", code=2).stderr

    (line,) = [line for line in said.splitlines() if message in line]
    assert line.startswith("error:")
    assert not (recorded / "none").exists()
    assert not (recorded / "bad.json").exists()


def test_a_broken_line_is_named_and_the_rest_is_learned(folder: Path) -> None:
    lines = (folder / "calls.jsonl").read_text().splitlines()
    (folder / "broken.jsonl").write_text("\n".join([*lines[:3], '{"n": ', *lines[3:]]))

    done = peakahead(folder, "learn", "app:work", "-i", "broken.jsonl", "-o", "broken.json")

    assert "broken.jsonl, line 4: " in done.stderr
    assert "trained on 25 invocations" in done.stdout


def test_a_model_that_nothing_explains_says_so(folder: Path) -> None:
    done = peakahead(folder, "learn", "app:constant", "-i", "calls.jsonl", "-o", "constant.json")

    assert "No variable explains the growth" in done.stdout


def test_the_command_line_without_its_extra_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['click'] = None; sys.argv = ['peakahead']; from peakahead.__main__ import main; main()"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("peakahead: the command line needs click: install its extra")


def test_help_lists_the_commands() -> None:
    said = peakahead(ROOT, "--help").stdout
    for command in ("demo", "learn", "show", "plot", "run", "bench", "prepare", "watch"):
        assert command in said


def test_the_demo_does_the_whole_job(tmp_path: Path) -> None:
    said = peakahead(tmp_path, "demo", "--keep", "kept").stdout

    assert (tmp_path / "kept" / "model.json").exists()
    for part in ("adjacent file_size(", "unseen/000", "larger/003", "above limit=", "armed", "traced"):
        assert part in said
    assert "\nmeasured growth: " in said
