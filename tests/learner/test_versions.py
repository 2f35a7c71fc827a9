"""Traces of more than one version of the code, of many machines, and of several folders."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import peakahead
from peakahead.learner.target import reference
from peakahead.models.errors import InvalidOption, InvalidTarget, InvalidTrace, TrainingFailed
from peakahead.models.fingerprints import Fingerprint, source_digest
from peakahead.models.sites import FunctionRef
from tests.learner.written import HELPER, NEWER, SOURCE, TARGET, write


def notes(model: peakahead.BreakpointModel) -> str:
    """Return what a person is told of the training."""
    shown = str(model)
    assert all(note in shown for note in model.training.notes)
    return " ".join(model.training.notes)


def test_the_version_of_most_traces_is_learned_and_the_others_are_named(tmp_path: Path) -> None:
    for number in range(25):
        write(tmp_path, number)
    for number in range(25, 30):
        write(tmp_path, number, source=NEWER, peak_bytes=1)

    model = peakahead.fit(tmp_path)

    assert model.training.invocations == 25
    assert model.training.failures == {"of another version": 5}
    assert "left out: 5 of another version" in str(model)
    assert "Set aside: 5 traces of another version of app:handle (source bbbbbbbb…)." in notes(model)
    assert [one.source for one in model.fingerprints] == [SOURCE]
    assert model.stages[-1].formula.terms[0].coefficient == pytest.approx(2.0, rel=0.01)


@pytest.mark.parametrize(("last", "right"), [(NEWER, NEWER), (SOURCE, SOURCE)])
def test_of_two_with_equally_many_it_is_the_last_by_name(tmp_path: Path, last: str, right: str) -> None:
    first = SOURCE if last == NEWER else NEWER
    for number in range(40):
        write(tmp_path, number, source=first if number < 20 else last)

    assert {one.source for one in peakahead.fit(tmp_path).fingerprints} == {right}


def test_a_helper_of_another_version_sets_a_trace_aside(tmp_path: Path) -> None:
    for number in range(30):
        helpers = {HELPER: NEWER if number % 10 == 3 else SOURCE} if number % 2 else None
        write(tmp_path, number, helpers=helpers)
    for number in range(30, 32):
        write(tmp_path, number, source=NEWER, helpers={HELPER: NEWER})

    model = peakahead.fit(tmp_path)

    assert (
        "Set aside: 2 traces of another version of app:handle (source bbbbbbbb…), 3 where app:load differs."
        in notes(model)
    )
    assert model.training.failures == {"of another version": 5}
    assert model.training.invocations == 27


def test_functions_that_share_a_name_are_no_versions_of_each_other(tmp_path: Path) -> None:
    names = ("<lambda>", "handle.<locals>.<lambda>", "_", "handle.<locals>.<genexpr>")
    for number in range(20):
        write(tmp_path, number, helpers={FunctionRef("app", name): f"{number:032}" for name in names})

    assert peakahead.fit(tmp_path).training.failures == {}


APP = """
def decorate(function):
    return function

@decorate
def handle(size):
    made = bytearray(size * 2)
    return len(made)

def load(path):
    return path
"""


def importing(folder: Path, source: str = APP) -> Callable[..., Any]:
    """Return the function of a module `app` that is imported from a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(source)
    spec = importlib.util.spec_from_file_location("app", folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["app"] = module
    spec.loader.exec_module(module)
    function: Callable[..., Any] = module.handle
    return function


@pytest.fixture
def handle(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    yield importing(tmp_path / "now")
    sys.modules.pop("app", None)


def digest(function: Any) -> str:
    return source_digest(function.__code__)


def test_the_present_code_says_which_version_is_right(tmp_path: Path, handle: Any) -> None:
    folder = tmp_path / "traces"
    for number in range(20):
        write(folder, number, source=digest(handle), helpers={HELPER: digest(sys.modules["app"].load)})
    for number in range(20, 60):
        write(folder, number)
    for number in range(60, 100):
        write(folder, number, source=digest(handle), helpers={HELPER: SOURCE})

    model = peakahead.fit(folder, function=handle)

    assert model.training.invocations == 20
    assert notes(model).startswith(
        "Set aside: 40 traces of another version of app:handle (source aaaaaaaa…), 40 where app:load differs."
    )
    assert peakahead.fit(folder, function="app:handle").training.invocations == 40


def test_when_all_are_of_another_version_than_the_present_code_it_says_so(tmp_path: Path, handle: Any) -> None:
    for number in range(20):
        write(tmp_path / "traces", number)
        write(tmp_path / "helpers", number, source=digest(handle), helpers={HELPER: SOURCE})

    with pytest.raises(
        TrainingFailed,
        match=r"all 20 traces of app:handle are of another version of it \(source aaaaaaaa…\) than the code",
    ):
        peakahead.fit(tmp_path / "traces", function=handle)
    with pytest.raises(TrainingFailed, match=r"all 20 traces .* in which app:load differs: record the present code"):
        peakahead.fit(tmp_path / "helpers", function=handle)


def test_another_decorator_on_the_same_code_is_no_other_version(tmp_path: Path, handle: Any) -> None:
    recorded = importing(tmp_path / "then", APP.replace("@decorate", "@(lambda function: decorate(function))"))
    assert digest(recorded) != digest(handle)
    assert reference(recorded) == TARGET  # type: ignore[arg-type]  # a plain function
    codes = Fingerprint.of(TARGET, recorded.__code__).code  # type: ignore[attr-defined]  # likewise
    for number in range(20):
        write(tmp_path / "traces", number, source=digest(recorded), codes=codes)

    assert peakahead.fit(tmp_path / "traces", function=handle).training.invocations == 20


def test_a_function_without_source_is_refused(tmp_path: Path) -> None:
    write(tmp_path, 1)
    with pytest.raises(InvalidTarget, match="len is implemented in C"):
        peakahead.fit(tmp_path, function=len)


def test_meters_are_not_mixed(tmp_path: Path) -> None:
    for number in range(25):
        write(tmp_path, number, meter="heap" if number % 5 == 0 else "rss")

    model = peakahead.fit(tmp_path)

    assert (model.training.meter, model.training.invocations) == ("rss", 20)
    assert model.training.failures == {"of another meter": 5}
    assert "Set aside: 5 measured by heap, which isn't mixed with rss." in notes(model)


def test_machines_are_merged_and_their_differences_named(tmp_path: Path) -> None:
    for number in range(30):
        python, tag = ("3.11.7", "cpython-311") if number < 12 else ("3.12.1", "cpython-312")
        folder = tmp_path / ("one" if number % 2 else "two")
        write(folder, number, name=f"{number // 2:06}", python=python, codes={tag: tag[-1] * 32})

    model = peakahead.fit([tmp_path / "one", str(tmp_path / "two")])
    other_order = peakahead.fit(tmp_path / name for name in ("two", "one"))

    assert model.training.invocations == 30
    assert model.training.python == "3.12.1"
    assert notes(model) == "Learned from several Pythons: 18 of 3.12.1, 12 of 3.11.7."
    assert model.fingerprints[0].code == {"cpython-311": "1" * 32, "cpython-312": "2" * 32}
    assert other_order.to_json() == model.to_json()


def test_an_invocation_in_two_folders_counts_once(tmp_path: Path) -> None:
    for number in range(20):
        kept = write(tmp_path / "one", number, process="p", place=number, name=f"p-{number}")
        (tmp_path / "two").mkdir(exist_ok=True)
        if number < 5:  # copied while it ran
            write(tmp_path / "two", number, process="p", place=number, name=f"p-{number}", status="unfinished")
        elif number < 10:
            (tmp_path / "two" / kept.name).write_bytes(kept.read_bytes())
        elif number < 12:  # copied in part
            (tmp_path / "two" / kept.name).write_bytes(kept.read_bytes()[:-20])
    write(tmp_path / "one", 21, name="learned")
    (tmp_path / "two" / "learned.trace").write_bytes((tmp_path / "one" / "learned.trace").read_bytes())

    for folders in (["one", "two"], ["two", "one"]):
        model = peakahead.fit([tmp_path / folder for folder in folders])

        assert model.training.invocations == 21
        assert model.training.failures == {}
        assert "Counted once: 13 of which there was a second file." in notes(model)


def test_each_file_is_read_once_after_its_head(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path, number, source=SOURCE if number else NEWER)
    counts = (
        "import collections, sys\n"
        "opened = collections.Counter()\n"
        "sys.addaudithook(lambda event, args: opened.update([args[0]]) if event == 'open' else None)\n"
        "import peakahead\n"
        "peakahead.fit(sys.argv[1])\n"
        "print(*sorted(count for path, count in opened.items() if str(path).endswith('.trace')))\n"
    )

    said = subprocess.run([sys.executable, "-c", counts, tmp_path], capture_output=True, text=True, check=True).stdout

    assert said.split() == ["1", *["2"] * 19]


def test_failures_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    statuses = ["ok"] * 20 + ["raised"] * 3 + ["unfinished"] * 2 + ["overlapped"] * 4 + ["killed"]
    for number, status in enumerate(statuses):
        write(tmp_path, number, status=status)
    (tmp_path / "other.trace").write_bytes(b"something else")

    model = peakahead.fit(tmp_path)

    assert model.training.failures == {"killed": 1, "overlapped": 4, "raised": 3, "unfinished": 2, "unreadable": 1}
    assert "left out: 1 killed, 4 overlapped, 3 raised, 2 unfinished, 1 unreadable" in str(model)


def test_what_is_left_out_is_told_where_the_rest_is_too_little(tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path, number, source=SOURCE if number < 18 else NEWER, status="ok" if number % 9 else "raised")

    with pytest.raises(TrainingFailed) as caught:
        peakahead.fit(tmp_path)

    assert str(caught.value).startswith(
        "2 of 18 invocations failed, one raised (); set aside: 12 traces of another version of app:handle "
        "(source bbbbbbbb…); 16 measured invocations are too few for coverage=0.95, which takes 19"
    )


def test_a_folder_to_read_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    for name, message in (("none", "none isn't there"), ("file", "file is a file")):
        with pytest.raises(InvalidTrace, match=f"{message}: give the folder that the traces were recorded into"):
            peakahead.fit(tmp_path / name)
    assert not (tmp_path / "none").exists()
    with pytest.raises(InvalidOption, match="empty holds no traces that can be read: record some"):
        peakahead.fit(tmp_path / "empty")
    with pytest.raises(InvalidOption, match="traces names no folder"):
        peakahead.fit([])


def test_of_several_functions_one_must_be_named(tmp_path: Path) -> None:
    for number in range(40):
        write(tmp_path, number, target=TARGET if number % 2 else HELPER)

    with pytest.raises(
        InvalidOption, match="holds no traces of one function alone, only of app:handle, app:load: name one"
    ):
        peakahead.fit(tmp_path)
    with pytest.raises(InvalidOption, match="holds no traces of app:other, only of app:handle, app:load: name one"):
        peakahead.fit(tmp_path, function="app:other")
    assert peakahead.fit(tmp_path, function="app:load").target == HELPER
