"""Programs whose deciding value lives elsewhere."""

from __future__ import annotations

import os
import wave
from pathlib import Path

import numpy as np

from ..case import Case, Making
from ..functions import structure
from .writing import log_lines, repeated


def _recording(making: Making) -> tuple[str, int]:
    """Write a mono or a stereo recording: the file's size alone doesn't tell its frames."""
    frames, rate = making.whole(100_000, 1_500_000), int(making.random.choice([16_000, 44_100, 96_000]))
    channels = int(making.random.integers(1, 3))
    path = str(making.folder / "take.wav")
    with wave.open(path, "wb") as recording:
        recording.setparams((channels, 2, 48_000, 0, "NONE", ""))
        recording.writeframes(making.random.integers(-9_999, 9_999, frames * channels, np.int16).tobytes())
    return path, rate


def _frames(path: str, rate: int) -> float:
    """Bytes a frame: what is read, its mean and its position; and of the new rate positions and samples."""
    with wave.open(path) as recording:
        return recording.getnframes() * (16.0 + 16.0 * rate / 48_000)


def _values(making: Making) -> tuple[str]:
    """Write the count of the latest values, then those and any number of older ones."""
    count = making.whole(10_000, 150_000)
    path = making.folder / "values.txt"
    values = making.random.integers(0, 1_000, count + int(making.random.integers(0, 200_000)))
    path.write_text(f"{count}\n" + " ".join(map(str, values)) + "\n")
    return (str(path),)


def _count(path: str) -> float:
    with open(path) as file:
        return float(file.readline())


def _files(making: Making) -> tuple[Path]:
    folder = making.folder / "shared"
    folder.mkdir()
    for number in range(int(making.random.integers(3, 12))):
        (folder / f"{number}.bin").write_bytes(making.random.bytes(making.whole(3e5, 8e6)))
    return (folder,)


def _sum_of_files(folder: Path) -> float:
    return float(sum(entry.stat().st_size for entry in os.scandir(folder)))


def _sessions(making: Making) -> tuple[str]:
    """Write the events of users one after the other, over files that don't end where a user does."""
    lines = []
    for user in range(int(making.random.integers(3, 10))):
        lines += [f"user{user}\t{'click' * (k % 9)} {k}\n" for k in range(making.whole(4_000, 80_000))]
    step = len(lines) // int(making.random.integers(2, 5)) + 1
    for number, start in enumerate(range(0, len(lines), step)):
        (making.folder / f"{number}.tsv").write_text("".join(lines[start : start + step]))
    return (str(making.folder),)


def _longest(folder: str) -> float:
    counts: dict[str, int] = {}
    for path in Path(folder).glob("*.tsv"):
        for line in path.read_text().splitlines():
            name, _, event = line.partition("\t")
            counts[name] = counts.get(name, 0) + len(event)
    return float(max(counts.values()))


def _shards(making: Making) -> tuple[Path]:
    for number in range(int(making.random.integers(2, 8))):
        np.save(making.folder / f"{number}.npy", making.random.normal(size=making.whole(3e4, 6e5)))
    return (making.folder,)


def _logs(making: Making) -> tuple[str]:
    """Write several days' logs, of which the latest is read."""
    block = log_lines(making.random)
    for day in range(1, int(making.random.integers(3, 7))):
        (making.folder / f"2026-11-{day:02}.log").write_bytes(repeated(block, making.whole(1e6, 2e7)))
    return (str(making.folder),)


def _latest(folder: str) -> float:
    return float(max(Path(folder).glob("*.log")).stat().st_size)


def _places(making: Making) -> tuple[str]:
    """Write places of which many lie in the same spot: the file's size says little of how many they are."""
    path = str(making.folder / "places.npz")
    count = making.whole(5_000, 100_000)
    spots = making.random.uniform(0, 90, (max(10, int(count * making.random.uniform(0.01, 1.0))), 2))
    np.savez_compressed(path, places=spots[making.random.integers(0, len(spots), count)])
    return (path,)


def _number_of_places(path: str) -> float:
    with np.load(path) as archive:
        return float(len(archive["places"]))


CASES = (
    Case(
        structure.resample_recording, _recording, _frames, "frames of both rates",
        ("self", "several"), ("fields", "file"),
    ),
    Case(structure.smoothed_maximum, _values, _count, "the count that the file opens with", ("closure",), ("file",)),
    Case(
        structure.duplicate_files, _files, _sum_of_files, "the sum of the files' sizes",
        ("comprehension", "sum"), ("paths", "file"),
    ),
    Case(
        structure.longest_session, _sessions, _longest, "the longest session's text",
        ("generators",), ("paths", "length"),
    ),
    Case(
        structure.merge_shards, _shards, _sum_of_files, "the sum of the files' sizes",
        ("coroutine", "sum"), ("paths", "file"),
    ),
    Case(structure.background_index, _logs, _latest, "the latest log's size", ("thread",), ("file", "paths")),
    Case(structure.index_places, _places, _number_of_places, "the places", ("recursion",), ("length",)),
)  # fmt: skip
