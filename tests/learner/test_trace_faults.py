"""Trace files that were cut short, damaged, or written by another peakahead: left out, counted and named."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

import peakahead
from peakahead.learner.origin import read_origin
from peakahead.learner.recording import MAGIC, RECORD
from peakahead.learner.traces import read_trace
from peakahead.models.errors import InvalidTrace, TrainingFailed
from tests.learner.written import write


def boundaries(content: bytes) -> list[int]:
    """Return where each record ends but the last."""
    ends = [len(MAGIC)]
    while ends[-1] < len(content):
        _, length = RECORD.unpack_from(content, ends[-1])
        ends.append(ends[-1] + RECORD.size + length)
    assert ends.pop() == len(content)
    return ends


def test_a_trace_cut_short_anywhere_is_told_from_a_whole_one(tmp_path: Path) -> None:
    content = write(tmp_path, 1).read_bytes()
    head, *rest = boundaries(content)
    within_head = [*range(head), rest[0] - 1]
    for end in within_head:
        with pytest.raises(InvalidTrace, match="the trace was cut short in its first lines: copy it again"):
            read_origin(content[:end])
    for end in (*rest, *random.Random(1).sample(range(rest[0], len(content)), 100)):
        assert read_origin(content[:end]) == read_origin(content)
        with pytest.raises(InvalidTrace, match="the trace was cut short: its process ended before"):
            read_trace(content[:end])
    assert read_trace(content).peak_bytes == read_origin(content).peak_bytes


def test_files_cut_short_are_counted_and_the_rest_is_learned(tmp_path: Path) -> None:
    generator = random.Random(2)
    for number in range(60):
        path = write(tmp_path, number)
        if number % 3 == 1:
            content = path.read_bytes()
            path.write_bytes(content[: generator.choice([*boundaries(content), generator.randrange(len(content))])])

    model = peakahead.fit(tmp_path)

    assert model.training.invocations == 40
    assert model.training.failures == {"unreadable": 20}
    (note,) = model.training.notes
    assert re.match(
        r"Left out, since they can't be read: 0000\d\d\.trace: the trace was cut short.* and 17 more\.", note
    )
    low, high = model.training.peak_range_bytes
    assert (low, high) == (min(peaks(tmp_path)), max(peaks(tmp_path)))


def peaks(folder: Path) -> list[int]:
    """Return the peaks of the traces in a folder that are whole."""
    found = []
    for path in folder.iterdir():
        try:
            found.append(read_trace(path.read_bytes()).peak_bytes)
        except InvalidTrace:
            continue
    return found


def test_too_few_are_left_when_many_are_cut_short(tmp_path: Path) -> None:
    for number in range(25):
        path = write(tmp_path, number)
        if number % 2:
            path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(
        TrainingFailed,
        match=r"left out, since they can't be read: 000001\.trace: .*; 13 measured invocations are too few",
    ):
        peakahead.fit(tmp_path)


@pytest.mark.parametrize(
    ("magic", "message"),
    [
        (
            b"peakahead trace 2\n",
            "has format version 2, this peakahead reads 1: it is of a newer peakahead, so upgrade",
        ),
        (b"peakahead trace 12\n", "has format version 12, this peakahead reads 1: it is of a newer"),
        (b"peakahead trace 0\n", "has format version 0, this peakahead reads 1: record it again"),
        (b"peakahead trace x\n", "this is no trace of peakahead"),
        (b"PK\x03\x04", "this is no trace of peakahead"),
    ],
)
def test_a_file_of_another_version_says_which(tmp_path: Path, magic: bytes, message: str) -> None:
    for number in range(21):
        path = write(tmp_path, number)
        if number == 7:
            path.write_bytes(magic + path.read_bytes()[len(MAGIC) :])

    model = peakahead.fit(tmp_path)

    assert model.training.failures == {"unreadable": 1}
    assert message in model.training.notes[0]
    with pytest.raises(InvalidTrace, match=re.escape(message)):
        read_trace(path_of(tmp_path, 7))


def path_of(folder: Path, number: int) -> bytes:
    return (folder / f"{number:06}.trace").read_bytes()


def test_whatever_bytes_are_damaged_only_an_invalid_trace_comes_out(tmp_path: Path) -> None:
    content = write(tmp_path, 1).read_bytes()
    generator = random.Random(3)
    refused = 0
    for _ in range(2_000):
        damaged = bytearray(content)
        for _ in range(generator.randint(1, 4)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        for reads in (read_origin, read_trace):
            try:
                reads(bytes(damaged))
            except InvalidTrace:
                refused += 1
    assert refused > 1_000


def test_a_file_that_vanishes_or_may_not_be_read_is_named(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path, number)
    (tmp_path / "gone.trace").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.trace").mkdir()

    model = peakahead.fit(tmp_path)

    assert model.training.failures == {"unreadable": 2}
    assert (
        "folder.trace: it can't be read (Is a directory); gone.trace: it can't be read (No such file"
        in (model.training.notes[0])
    )
