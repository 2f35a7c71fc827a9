"""Reading logs that are damaged, half written, copied, of other versions, and of clocks that step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from peakahead.learner.result_log import ResultLog
from peakahead.models.errors import InvalidOption
from peakahead.models.result import Result
from tests.results import result, write

LINE = json.dumps(result().to_json())


def stages(log: ResultLog) -> list[int]:
    return [one.stage for _, one in sorted(log.read(), key=lambda placed: placed[0])]


def test_folders_of_many_machines_and_those_below_are_merged_each_file_once(tmp_path: Path) -> None:
    for k, place in enumerate(("a/one-0.results", "a/below/two-0.results", "b/three-1.results")):
        write(tmp_path / place, [result(stage=k, ended_at=float(k))])
    write(tmp_path / "a" / "trace.json", [result()])
    (tmp_path / "again").symlink_to(tmp_path / "a")

    log = ResultLog([str(tmp_path / name) for name in ("b", "a", "again", "a/below")])

    assert stages(log) == [0, 1, 2]
    assert (len(log.files), log.lines, list(log.notes())) == (3, 3, [])


def test_a_damaged_line_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    without = {name: value for name, value in result().to_json().items() if name != "coverage"}
    lines = ["{", "[1, 2]", "\x00\x00", json.dumps(without), "[" * 50_000, '{"function": NaN}', "", "  "]
    file = write(tmp_path / "x-0.results", [result(stage=0, ended_at=0.0)])
    file.write_text(file.read_text() + "\n".join(lines) + "\n" + json.dumps(result(stage=7).to_json()) + "\n")
    (tmp_path / "y-0.results").write_bytes(b"\xff\xfe\n" + b"x" * 3_000_000 + b"\n" + LINE.encode() + b"\n")

    log = ResultLog([str(tmp_path)])

    assert stages(log) == [0, 7, 1]
    assert log.damaged[0] == f"{file}, line 2 isn't JSON"
    assert log.damaged[1] == f"{file}, line 3 should be an object"
    assert log.damaged[3] == f"{file}, line 5.coverage should be a number"
    assert [text.partition(", line ")[2][0] for text in log.damaged[:6]] == list("234567")
    (note,) = log.notes()
    assert note.startswith(f"{len(log.damaged)} left out as unreadable: {log.damaged[0]}; ")
    assert note.endswith(f" and {len(log.damaged) - 3} more")


def test_a_line_that_is_being_written_isnt_damaged(tmp_path: Path) -> None:
    file = tmp_path / "x-0.results"
    whole = LINE + "\n"
    for length in range(1, len(LINE), 50):
        file.write_text(whole + LINE.replace("work", "play")[:length])
        log = ResultLog([str(tmp_path)])
        assert len(stages(log)) == 1
        assert (log.lines, log.damaged, log.unfinished) == (1, [], [f"{file}, line 2"])
    file.write_text(whole + LINE.replace("work", "play"))  # but for the line's end
    assert len(stages(ResultLog([str(tmp_path)]))) == 2


def test_what_a_newer_version_adds_is_ignored(tmp_path: Path) -> None:
    newer = {**result(stage=3).to_json(), "version": 9, "more": {"a": [1]}}
    (tmp_path / "x-0.results").write_text(json.dumps(newer) + "\n")

    assert stages(ResultLog([str(tmp_path)])) == [3]


def test_copies_are_counted_once(tmp_path: Path) -> None:
    made = [result(ended_at=float(k)) for k in range(5)]
    write(tmp_path / "now" / "x-0.results", made)
    write(tmp_path / "backup" / "x-0.results", made[:3])

    log = ResultLog([str(tmp_path)])

    assert len(stages(log)) == 5
    assert list(log.notes()) == ["3 lines are copies of others, and counted once"]


def test_a_clock_that_is_set_back_loses_nothing_and_no_order(tmp_path: Path) -> None:
    stepped = [100.0, 200.0, 900.0, 150.0, 300.0, 950.0]
    file = write(tmp_path / "a-0.results", [result(stage=k, ended_at=at) for k, at in enumerate(stepped)])
    write(tmp_path / "b-0.results", [result(stage=10 + k, ended_at=at) for k, at in enumerate([150.0, 901.0])])

    log = ResultLog([str(tmp_path)])

    assert stages(log) == [0, 10, 1, 2, 3, 4, 11, 5]
    assert list(log.notes()) == [f"the clock was set back in {file}: the order of their lines is kept"]


def test_a_file_that_cant_be_read_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a-0.results", [result()])
    (tmp_path / "gone-0.results").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b-0.results").touch()

    log = ResultLog([str(tmp_path)])

    assert len(stages(log)) == 1
    assert log.damaged == [f"{tmp_path}/gone-0.results can't be read (No such file or directory)"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", r"none doesn't exist: give the folder that predict_memory\(\.\.\., results=folder\) writes to"),
        ("file", "file is a file: give the folder"),
        ("empty", r"empty holds no files \*\.results: give the folder"),
    ],
)
def test_where_there_is_nothing_to_read_it_says_so(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    write(tmp_path / "good" / "a-0.results", [result()])
    with pytest.raises(InvalidOption, match=message):
        ResultLog([str(tmp_path / "good"), str(tmp_path / name)] if name != "empty" else [str(tmp_path / name)])


def test_every_result_keeps_what_was_written(tmp_path: Path) -> None:
    made = [result(failed="X"), result(measured_peak_bytes=None, measured_growth_bytes=None)]
    write(tmp_path / "a-0.results", made)
    found: list[Result] = [one for _, one in ResultLog([str(tmp_path)]).read()]
    assert found == made
