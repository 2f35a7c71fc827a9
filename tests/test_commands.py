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
