"""A folder that can't take a recording: the function has its result all the same, and is told of it once."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

import peakahead
from tests.learner.test_record import MIB, counts, origins, script
from tests.learner.test_record_faults import thrice, told
from tests.programs import recorded as programs

pytestmark = pytest.mark.usefixtures("quick_collections")


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    wrapped = peakahead.record(programs.fills, tmp_path / "not" / "yet")
    assert told(lambda: thrice(wrapped)) == ([MIB] * 3, [])
    assert len(origins(tmp_path / "not" / "yet")) == 3


def test_a_folder_that_cant_be_made_is_told_of_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    wrapped = peakahead.record(programs.fills, tmp_path / "file" / "traces")
    value, said = told(lambda: thrice(wrapped))
    assert value == [MIB] * 3
    (message,) = said
    assert "tests.programs.recorded:fills: " in message
    assert "can't be made (Not a directory): give a folder" in message
    assert counts(wrapped) == {"failed": 3}


def test_a_warning_that_is_an_error_isnt_the_functions(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    wrapped = peakahead.record(programs.fills, tmp_path / "file")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert thrice(wrapped) == [MIB] * 3


def test_a_folder_that_vanishes_while_it_runs(tmp_path: Path) -> None:
    folder = tmp_path / "traces"

    def vanishes(n: int) -> bytearray:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        (tmp_path / "traces").write_text("in the way")
        return bytearray(n)

    wrapped = peakahead.record(vanishes, folder)
    value, said = told(lambda: len(wrapped(MIB)))
    assert value == MIB
    assert len(said) == 1
    assert counts(wrapped) == {"failed": 1}
    folder.unlink()
    plain = peakahead.record(programs.fills, folder)
    assert told(lambda: thrice(plain)) == ([MIB] * 3, [])  # it is there again


def test_a_full_disk_takes_nothing_from_the_function(tmp_path: Path) -> None:
    """The kernel's limit on a file's size stands in for a disk that is full: writing more fails alike."""
    said = script(
        f"""
import resource, warnings
warnings.simplefilter("always")
# Room for the file that says that it began, and for no trace.
resource.setrlimit(resource.RLIMIT_FSIZE, (700, resource.RLIM_INFINITY))
wrapped = peakahead.record(recorded.handler, {str(tmp_path)!r})
print([wrapped({{"n": 100_000}}) for _ in range(3)], wrapped.recorder.failed, sys.gettrace())
"""
    )
    assert said.stdout == "[100000, 100000, 100000] 3 None\n"
    assert said.stderr.count("RecordingWarning") == 1
    assert "File too large" in said.stderr
    assert list(tmp_path.iterdir()) == []  # neither a part of one, nor what said that it began


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    wrapped = peakahead.record(programs.fills, tmp_path)
    value, said = told(lambda: thrice(wrapped))
    tmp_path.chmod(0o700)
    assert value == [MIB] * 3
    assert len(said) == 1
    assert "Permission denied" in said[0]
    assert counts(wrapped) == {"failed": 3}
