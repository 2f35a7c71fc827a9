"""Code that was rewritten beforehand: fresh interpreters arm with it as without it, and only where it fits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import peakahead
from peakahead.models.model import BreakpointModel
from peakahead.models.sites import FunctionRef, Site
from tests.programs import targets
from tests.runtime.models import line_of, stored, watching

ROOT = Path(__file__).parents[2]
WORK = """
import sys
import peakahead
from tests.programs import targets
model = peakahead.load({path!r})
assert peakahead.arm(model, strict=True, prepared={path!r})
with peakahead.predict_memory(model) as run:
    {call}
print([forecast.growth_bytes for forecast in run.forecasts], "bytecode" in sys.modules)
"""


@pytest.fixture
def model(tmp_path: Path) -> Iterator[tuple[BreakpointModel, str]]:
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    path = tmp_path / "model.json"
    watched.save(path)
    yield watched, str(path)
    peakahead.disarm(watched)


def said_by(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_fresh_process_arms_without_bytecode(model: tuple[BreakpointModel, str]) -> None:
    watched, path = model
    written = peakahead.prepare(watched, path)

    assert written == path.replace(".json", f".{sys.implementation.cache_tag}.prepared")
    script = WORK.format(path=path, call="assert targets.work(21) == 43")
    assert said_by(script) == "[1000, 42] False"


def test_nested_functions_are_found_in_it_and_where_they_live(tmp_path: Path) -> None:
    code = targets.outer(1).__code__
    site = Site(FunctionRef(targets.__name__, code.co_qualname), line_of(targets.outer, "product = ") - 1, "product")
    watched = watching(targets.outer, site, code=code)
    path = str(tmp_path / "model.json")
    watched.save(path)
    peakahead.prepare(watched, path)
    before, parent = targets.outer(10), targets.outer.__code__

    assert peakahead.arm(watched, strict=True, prepared=path)
    with peakahead.predict_memory(watched) as run:
        assert before(2) == 20
        assert targets.outer(100)(2) == 200
    peakahead.disarm(watched)

    assert [forecast.growth_bytes for forecast in run.forecasts] == [1_000, 20, 200]
    assert targets.outer.__code__ is parent
    assert before.__code__ is code


def test_what_is_prepared_is_what_arming_writes(model: tuple[BreakpointModel, str]) -> None:
    watched, path = model
    peakahead.prepare(watched, path)
    codes = []
    for prepared in (None, path):
        peakahead.arm(watched, strict=True, prepared=prepared)
        codes.append(targets.work.__code__)
        peakahead.disarm(watched)

    rewritten, prepared_code = codes
    assert rewritten.co_code == prepared_code.co_code
    assert list(rewritten.co_positions()) == list(prepared_code.co_positions())
    assert rewritten.co_exceptiontable == prepared_code.co_exceptiontable
    assert len(rewritten.co_consts) == len(prepared_code.co_consts)


MOVED = """
import traceback
import peakahead
import moved
model = peakahead.load("model.json")
assert peakahead.arm(model, strict=True, prepared="model.json")
try:
    moved.divide(1)
except ZeroDivisionError as error:
    print(*((frame.filename, frame.lineno, frame.line) for frame in traceback.extract_tb(error.__traceback__)[1:]))
"""


def test_tracebacks_tell_of_the_file_that_runs_not_of_the_one_that_was_prepared(tmp_path: Path) -> None:
    source = "def divide(by):\n    less = [by - 1 for _ in 'a'][0]\n    return (lambda: 1 / less)()\n"
    built, deployed = tmp_path / "built", tmp_path / "deployed"
    for folder, text in ((built, source), (deployed, f"# This comment came later.\n\n{source}")):
        folder.mkdir()
        (folder / "moved.py").write_text(text)

    def run(folder: Path, script: str) -> str:
        command = [sys.executable, "-W", "error", "-c", script]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    make = (
        "import peakahead, sys; sys.path[:0] = [{root!r}]; import moved; from tests.runtime.models import *;"
        "watching(moved.divide, stored(moved.divide, 'less', 'less = ')).save('model.json');"
        "peakahead.prepare(peakahead.load('model.json'), 'model.json')"
    )
    run(built, make.format(root=str(ROOT)))
    for file in built.glob("model.*"):
        (deployed / file.name).write_bytes(file.read_bytes())
    (built / "moved.py").unlink()

    path = str(deployed / "moved.py")
    frames = [(path, 5, "return (lambda: 1 / less)()")] * 2
    assert run(deployed, MOVED) == " ".join(map(str, frames))


def another_model() -> BreakpointModel:
    return watching(targets.loop, stored(targets.loop, "total", "total += "))


def _spoil(path: str, how: str) -> None:
    content = Path(path).read_bytes()
    match how:
        case "gone":
            Path(path).unlink()
        case "cut short":
            Path(path).write_bytes(content[:-1])
        case "of another Python":
            Path(path).write_bytes(content.replace(content[21:25], b"\0\0\r\n", 1))
        case "of another model":
            other = another_model()
            peakahead.prepare(other, path.replace(f".{sys.implementation.cache_tag}.prepared", ".json"))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("gone", r"can't be read \(No such file or directory\): prepare the model again"),
        ("cut short", "isn't whole: prepare the model again, with `peakahead prepare`"),
        ("of another Python", "is of another Python, or another peakahead"),
        ("of another model", "is of another model"),
    ],
)
def test_where_it_does_not_fit_it_is_said_and_done_without(
    model: tuple[BreakpointModel, str], how: str, message: str
) -> None:
    watched, path = model
    _spoil(peakahead.prepare(watched, path), how)

    with pytest.warns(peakahead.ArmingWarning, match=message):
        assert peakahead.arm(watched, strict=True, prepared=path)
    with peakahead.predict_memory(watched) as run:
        targets.work(21)
    assert run.forecast.growth_bytes == 42


def test_another_model_in_the_function_takes_the_long_way(model: tuple[BreakpointModel, str]) -> None:
    watched, path = model
    peakahead.prepare(watched, path)
    other = watching(targets.work, stored(targets.work, "size", "size = "))
    peakahead.arm(other, strict=True)

    assert peakahead.arm(watched, strict=True, prepared=path)
    with peakahead.predict_memory(watched) as run, peakahead.predict_memory(other) as other_run:
        targets.work(4)
    assert run.forecast.growth_bytes == other_run.forecast.growth_bytes == 8
    peakahead.disarm(other)


def test_what_cannot_be_armed_cannot_be_prepared(tmp_path: Path) -> None:
    nobody = watching(targets.work, Site(FunctionRef(targets.__name__, "work"), 99, "size"))
    with pytest.raises(peakahead.ArmingError, match="no assignment of size at line 100"):
        peakahead.prepare(nobody, tmp_path / "model.json")
    fine = watching(targets.work, stored(targets.work, "size", "size = "))
    with pytest.raises(peakahead.ArmingError, match="can't be written: No such file or directory; prepare the model"):
        peakahead.prepare(fine, tmp_path / "nowhere" / "model.json")
