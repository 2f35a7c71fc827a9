"""The bounded log of results on real files: full disks, folders that come and go, forks and threads."""

from __future__ import annotations

import json
import os
import resource
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from peakahead.models.fields import Fields
from peakahead.models.result import Result
from peakahead.runtime.result_file import MAX_BYTES, ResultFile
from tests.results import result

LENGTH = len(json.dumps(result().to_json(), separators=(",", ":"))) + 1


def read(path: Path) -> list[Result]:
    """Return the results of a file, each line of which must be whole."""
    text = path.read_text()
    assert not text or text.endswith("\n")
    return [Result.from_json(Fields(json.loads(line), path.name)) for line in text.splitlines()]


def all_of(folder: Path) -> list[Result]:
    return [one for path in sorted(folder.glob("*.results")) for one in read(path)]


def in_child(call: Callable[[], object]) -> None:
    """Run a call in a forked child; what it raises fails the test."""
    child = os.fork()
    if child == 0:
        try:
            call()
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_two_files_by_turns_hold_the_latest(tmp_path: Path) -> None:
    file = ResultFile(tmp_path / "made" / "for it")
    n = 3 * MAX_BYTES // LENGTH

    for k in range(n):
        file.append(result(stage=k))

    paths = sorted((tmp_path / "made" / "for it").iterdir())
    assert [path.name[-10:] for path in paths] == ["-0.results", "-1.results"]
    assert all(path.stat().st_size <= MAX_BYTES for path in paths)
    held = sorted(one.stage for path in paths for one in read(path))
    assert held == list(range(n - len(held), n))
    assert len(held) * LENGTH > MAX_BYTES  # never less than one whole file


def test_a_forked_child_has_a_file_of_its_own(tmp_path: Path) -> None:
    file = ResultFile(tmp_path)
    file.append(result(stage=1))
    in_child(lambda: [file.append(result(stage=2)) for _ in range(3)])
    file.append(result(stage=3))

    held = sorted([one.stage for one in read(path)] for path in tmp_path.iterdir())
    assert held == [[1, 3], [2, 2, 2]]


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    file = ResultFile(tmp_path)
    threads = [
        threading.Thread(target=lambda base=base: [file.append(result(stage=base + k)) for k in range(100)])
        for base in (0, 100, 200, 300)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one.stage for one in all_of(tmp_path)) == list(range(400))


def test_half_a_line_is_taken_back_and_the_next_one_is_tried(tmp_path: Path) -> None:
    def child() -> None:
        file = ResultFile(tmp_path)
        file.append(result(stage=0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LENGTH + LENGTH // 2, resource.RLIM_INFINITY))
        for _ in range(2):
            with pytest.raises(OSError, match="No space left on device"):
                file.append(result(stage=1))
        assert [one.stage for one in all_of(tmp_path)] == [0]
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        file.append(result(stage=2))
        assert [one.stage for one in all_of(tmp_path)] == [0, 2]

    in_child(child)


def test_half_a_line_is_taken_back_from_a_file_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "log"

    def child() -> None:
        file = ResultFile(folder)
        for _ in range(5):
            file.append(result())
        shutil.rmtree(folder)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LENGTH // 2, resource.RLIM_INFINITY))
        with pytest.raises(OSError, match="No space left on device"):
            file.append(result())
        assert [path.stat().st_size for path in folder.iterdir()] == [0]

    in_child(child)


def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    file = ResultFile(folder)
    file.append(result(stage=1))
    shutil.rmtree(folder)
    file.append(result(stage=2))
    file.append(result(stage=3))

    assert [one.stage for one in all_of(folder)] == [2, 3]


def test_a_folder_that_may_not_be_written_and_one_that_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").touch()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)

    def child() -> None:
        if os.getuid() == 0:  # whom nothing is closed to
            os.setgid(65534)
            os.setuid(65534)
        with pytest.raises(PermissionError):
            ResultFile(".").append(result())

    monkeypatch.chdir(closed)  # the folders above may be closed, too
    in_child(child)
    with pytest.raises(NotADirectoryError):
        ResultFile(tmp_path / "taken" / "log").append(result())
    with pytest.raises((NotADirectoryError, FileExistsError)):
        ResultFile(tmp_path / "taken").append(result())


def test_a_relative_folder_stays_where_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = ResultFile("log")
    file.append(result(stage=1))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    file.append(result(stage=2))

    assert [one.stage for one in all_of(tmp_path / "log")] == [1, 2]
