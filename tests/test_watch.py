"""`peakahead watch` on what really armed functions in real processes leave, while they run and afterwards."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

import peakahead
from peakahead.models.model import BreakpointModel
from tests.programs import targets
from tests.results import MIB, peakahead_watch, result, watched, write
from tests.runtime.models import stored, watching

APP = """
def work(n, width=100):
    count = n * 1
    rows = [bytes(width) for _ in range(count)]
    return len(rows)
"""
# A server that is armed once and forks a child for each request.
SERVER = """
import os, random, sys
import app, peakahead

folder, width, seed, n = sys.argv[1], *map(int, sys.argv[2:])
model = peakahead.load("model.json")
peakahead.arm(model, strict=True)
work = peakahead.predict_memory(model, results=folder)(app.work)
draw = random.Random(seed)
for _ in range(n):
    count = draw.randint(40_000, 180_000)
    child = os.fork()
    if child == 0:
        assert work(count, width) == count
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an application, its model, and what two versions of production left there."""
    folder = tmp_path_factory.mktemp("production")
    (folder / "app.py").write_text(APP)
    (folder / "server.py").write_text(SERVER)
    (folder / "calls.jsonl").write_text("".join(f"[{n}]\n" for n in range(10_000, 200_001, 10_000)))
    command = [sys.executable, "-m", "peakahead", "learn", "app:work", "-i", "calls.jsonl", "--repeats", "0"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    for width, log in ((100, "as trained"), (300, "wider rows")):
        servers = [
            subprocess.Popen([sys.executable, "server.py", log, str(width), str(seed), "8"], cwd=folder)
            for seed in range(3)
        ]
        assert [server.wait() for server in servers] == [0, 0, 0]
    return folder


def test_a_function_that_needs_what_it_was_trained_to_need_is_fine(folder: Path) -> None:
    found = watched(folder / "as trained", "app:work")

    assert found["verdict"] == "fine"
    assert (found["invocations"], found["counted"], found["left_out"], found["needed"]) == (24, 24, {}, 20)
    lines = [json.loads(file.read_text()) for file in (folder / "as trained").iterdir()]  # one result each
    errors = [
        abs(one["peak_bytes"] - one["measured_peak_bytes"]) / max(one["measured_growth_bytes"], 2 * MIB)
        for one in lines
    ]
    assert found["median_error"] == pytest.approx(median(errors))
    assert found["tests"]["errors"] == {"trials": 24, "events": 0, "p_value": 1.0, "level": 0.001, "rejected": False}
    assert len(list((folder / "as trained").iterdir())) == 24  # each child wrote a file of its own
    said = peakahead_watch(folder / "as trained", "--check").stdout
    assert "│ app:work" in said
    assert f"app:work ({found['model']}): fine\n" in said


def test_one_whose_inputs_are_of_another_kind_is_to_be_learned_again(folder: Path) -> None:
    found = watched(folder / "wider rows", "app:work")

    assert found["verdict"] == "learn again"
    assert found["tests"]["bound"]["events"] == found["tests"]["errors"]["events"] == found["above_bound"] == 24
    assert found["median_error"] > 0.4
    assert [found["tests"][name]["rejected"] for name in ("bound", "errors")] == [True, True]
    said = peakahead_watch(folder / "wider rows", "--check", code=1).stdout
    assert "learn again: 24 of 24 needed more than the upper bound, which 5.0% may; beyond chance since 20" in said
    assert "24 of 24 forecasts are off by more than 10.0%, which half may; beyond chance since 20" in said
    peakahead_watch(folder / "wider rows")  # and without --check it is no failure


def test_folders_are_merged_and_a_change_is_seen_in_what_was_well(folder: Path) -> None:
    said = peakahead_watch(folder / "as trained", folder / "wider rows", "--check", "--json", code=1).stdout
    (found,) = json.loads(said)["functions"]
    assert (found["invocations"], found["verdict"]) == (48, "learn again")
    assert json.loads(peakahead_watch(folder, "--json").stdout)["functions"] == [found]


def test_invocations_at_once_cant_be_told_apart(folder: Path, tmp_path: Path) -> None:
    script = (
        "import app, peakahead, sys\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from threading import Barrier\n"
        "barrier = Barrier(3)\n"
        "model = peakahead.load('model.json')\n"
        "@peakahead.predict_memory(model, results=sys.argv[1])\n"
        "def handle(n):\n"
        "    barrier.wait()\n"
        "    app.work(n)\n"
        "    barrier.wait()\n"
        "with ThreadPoolExecutor(3) as pool:\n"
        "    list(pool.map(handle, [20_000] * 3))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=folder, check=True)

    said = peakahead_watch(tmp_path).stdout
    assert re.search(r"│ app:work +│ +3 │ 3 overlapped │", said)
    assert "too few to tell: 20 more are needed that run alone" in said


@pytest.fixture
def work() -> Iterator[BreakpointModel]:
    model = watching(targets.work, stored(targets.work, "size", "size = "))
    yield model
    peakahead.disarm(model)


def test_a_log_is_read_while_it_is_written(tmp_path: Path) -> None:
    script = (
        "import sys, peakahead\n"
        "from tests.programs import targets\n"
        "from tests.runtime.models import stored, watching\n"
        "model = watching(targets.work, stored(targets.work, 'size', 'size = '))\n"
        "work = peakahead.predict_memory(model, results=sys.argv[1])(targets.work)\n"
        "for n in range(600):\n"
        "    work(n)\n"
        "    if n == 9: print('begun', flush=True)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "begun\n"
        seen = watched(tmp_path, "tests.programs.targets:work")["invocations"]
    finally:
        for writer in writers:
            writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0]
    assert 20 <= seen <= 1_200
    assert watched(tmp_path, "tests.programs.targets:work")["invocations"] == 1_200


def test_this_process_is_watched_too(work: BreakpointModel, tmp_path: Path) -> None:
    for n in range(3):
        with peakahead.predict_memory(work, results=tmp_path):
            targets.work(n)
    found = watched(tmp_path, "tests.programs.targets:work")
    assert found["invocations"] == 3
    assert found["verdict"] == "too few to tell"
    assert abs(found["last_at"] - time.time()) < 60


def days_ago(days: float) -> float:
    return time.time() - days * 86_400


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("7d", 2),
        ("90m", 1),
        ("1.5 d", 1),
        ("2w", 3),
        (time.strftime("%Y-%m-%d", time.localtime(days_ago(3))), 2),
        (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(days_ago(11))) + "+00:00", 3),
    ],
)
def test_since(tmp_path: Path, since: str, expected: int) -> None:
    write(tmp_path / "a-0.results", [result(ended_at=days_ago(days), stage=1) for days in (10, 2, 0)])
    (found,) = json.loads(peakahead_watch(tmp_path, "--since", since, "--json").stdout)["functions"]
    assert found["invocations"] == expected


def test_damaged_lines_are_told_of_and_the_others_judged(tmp_path: Path) -> None:
    file = write(tmp_path / "a-0.results", [result(ended_at=float(k)) for k in range(25)])
    with open(file, "a") as opened:
        opened.write('{"function": "app:work"}\n{"function"')
    done = peakahead_watch(tmp_path, "--check")
    shown = done.stderr.replace("\n", " ")
    assert f"warning: 1 left out as unreadable: {file}, line 26." in shown
    assert f"1 not yet written to the end, and left out: {file}, line 27" in shown
    assert "app:work (0123456789ab): fine" in done.stdout
    files = json.loads(peakahead_watch(tmp_path, "--json").stdout)["files"]
    assert (files["lines"], len(files["damaged"]), files["unfinished"]) == (26, 1, [f"{file}, line 27"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none"], "none doesn't exist: give the folder that predict_memory(..., results=folder) writes to"),
        (["empty"], "empty holds no files *.results: give the folder"),
        (["junk"], "junk holds no result that can be read, in 1 files"),
        (["good", "--function", "app:play"], "good holds no results of app:play, only of app:work"),
        (["good", "--since", "1d"], "good holds no results since 1d, but 1 older ones: ask for an earlier time"),
        (["good", "--since", "yesterday"], "--since 'yesterday' is no time: write 90m, 12h, 7d or 2w, or a date"),
        ([], "Missing argument 'FOLDER...'"),
    ],
)
def test_bad_input_is_one_error_and_exit_code_2(
    tmp_path: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    write(tmp_path / "good" / "a-0.results", [result()])
    write(tmp_path / "junk" / "a-0.results", []).write_text("junk\n")
    done = peakahead_watch(*arguments, "--check", code=2)
    (line,) = [line for line in done.stderr.splitlines() if message in line]
    assert line.startswith(("error:", "Error:"))
    assert done.stdout == ""


def test_what_a_hostile_file_names_is_shown_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "a-0.results", [result(function="app:[red]\x1b[31mwork", model="[/]")])
    said = peakahead_watch(tmp_path).stdout
    assert "\x1b" not in said
    assert "app:[red]\\x1b[31mwork ([/]): too few to tell: 19 more" in said
    peakahead_watch(tmp_path, "--function", "app:other", code=2)


def test_it_needs_no_numpy(tmp_path: Path) -> None:
    write(tmp_path / "a-0.results", [result(ended_at=float(k), measured_growth_bytes=MIB) for k in range(20)])
    script = (
        "import sys; sys.modules['numpy'] = sys.modules['scipy'] = sys.modules['sklearn'] = None\n"
        f"sys.argv = ['peakahead', 'watch', {str(tmp_path)!r}]\n"
        "from peakahead.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert "fine" in done.stdout
