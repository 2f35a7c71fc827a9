"""Programs whose deciding value lives somewhere else than in the function's own lines."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import wave
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import attrs
import numpy as np


@attrs.define
class Resampler:
    """Changes the rate of a recording."""

    path: str
    rate: int
    frames: int = 0
    channels: int = 1

    def open(self) -> bytes:
        with wave.open(self.path) as recording:
            self.frames = recording.getnframes()
            self.channels = recording.getnchannels()
            return recording.readframes(self.frames)

    def run(self) -> np.ndarray:
        samples = np.frombuffer(self.open(), np.int16).reshape(-1, self.channels).mean(axis=1)
        positions = np.arange(0, self.frames, 48_000 / self.rate)
        return np.interp(positions, np.arange(self.frames), samples)


def resample_recording(path: str, rate: int) -> float:
    resampled = Resampler(path, rate).run()
    return float(np.abs(resampled).max())


def retrying(attempts: int) -> Callable[[Callable[[], float]], float]:
    def call(action: Callable[[], float]) -> float:
        for _ in range(attempts - 1):
            try:
                return action()
            except OSError:
                continue
        return action()

    return call


def smoothed_maximum(path: str, window: int = 25) -> float:
    def load_and_smooth() -> float:
        with open(path, "rb") as file:
            count = int(file.readline())
            values = np.fromfile(file, sep=" ", count=count)
        windows = np.lib.stride_tricks.sliding_window_view(values, window)
        return float(np.sort(windows, axis=1)[:, window // 2].max())

    return retrying(3)(load_and_smooth)


def duplicate_files(folder: Path) -> int:
    contents = [path.read_bytes() for path in sorted(folder.iterdir())]
    digests = {hashlib.sha256(content).hexdigest() for content in contents}
    return len(contents) - len(digests)


def read_events(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        with open(path) as file:
            yield from file


def by_user(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    user, events = "", []
    for line in lines:
        name, _, event = line.partition("\t")
        if name != user and events:
            yield user, events
            events = []
        user = name
        events.append(event)
    if events:
        yield user, events


def longest_session(folder: str) -> int:
    paths = sorted(map(str, Path(folder).glob("*.tsv")))
    longest = 0
    for _user, events in by_user(read_events(paths)):
        longest = max(longest, len("".join(events)))
    return longest


async def load_shard(path: Path) -> np.ndarray:
    await asyncio.sleep(0)
    shard = np.load(path)
    await asyncio.sleep(0)
    return shard


async def merge_shards(folder: Path) -> float:
    shards = await asyncio.gather(*(load_shard(path) for path in sorted(folder.glob("*.npy"))))
    merged = np.concatenate(shards)
    merged.sort()
    return float(merged[len(merged) // 2])


def background_index(folder: str) -> int:
    index: dict[str, int] = {}

    def build() -> None:
        latest = max(Path(folder).glob("*.log"))
        with latest.open() as file:
            for number, line in enumerate(file.read().splitlines()):
                index[line[:40]] = number

    worker = threading.Thread(target=build)
    worker.start()
    worker.join()
    return len(index)


def build_tree(points: np.ndarray, depth: int = 0, leaf: int = 64) -> dict[str, object]:
    if len(points) <= leaf:
        return {"points": points.tolist()}
    axis = depth % points.shape[1]
    ordered = points[points[:, axis].argsort()]
    middle = len(ordered) // 2
    left = build_tree(ordered[:middle], depth + 1, leaf)
    right = build_tree(ordered[middle:], depth + 1, leaf)
    return {"axis": axis, "at": float(ordered[middle, axis]), "left": left, "right": right}


def index_places(path: str) -> int:
    with np.load(path) as archive:
        tree = build_tree(archive["places"])
    return len(tree)
