"""Text and archives."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from ..case import Case, Making
from ..functions import text
from .writing import log_lines, repeated, sales_lines, text_lines

_READINGS = 100


def _logs(making: Making) -> tuple[list[str]]:
    block = log_lines(making.random)
    paths = []
    for number in range(making.random.integers(2, 7)):
        path = making.folder / f"access-{number}.log"
        path.write_bytes(repeated(block, making.whole(1e5, 4e6)))
        paths.append(str(path))
    return (paths,)


def _days(making: Making) -> tuple[Path]:
    block = sales_lines(making.random)
    for day in range(1, making.random.integers(3, 8)):
        (making.folder / f"2026-11-{day:02}.csv").write_bytes(repeated(block, making.whole(1e5, 2e6)))
    return (making.folder,)


def _book(making: Making) -> tuple[Path]:
    path = making.folder / "book.txt"
    path.write_bytes(repeated(text_lines(making.random), making.whole(2e5, 8e6)))
    return (path,)


def _zip(making: Making) -> tuple[str]:
    """Zip members that compress by very different factors."""
    path = making.folder / "reports.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(making.random.integers(2, 9)):
            size = making.whole(2e5, 2.5e6)
            noise = making.random.bytes(round(size * making.random.uniform(0.02, 0.9)))
            archive.writestr(f"report-{number}.bin", noise + bytes(size - len(noise)))
    return (str(path),)


def _tar(making: Making) -> tuple[str]:
    path = making.folder / "readings.tar"
    block = [{"sensor": k % 17, "value": round(k * 0.37 % 50, 2), "unit": "C"} for k in range(_READINGS)]
    readings = json.dumps(block).encode()[1:-1]
    with tarfile.open(path, "w") as archive:
        for number in range(making.random.integers(2, 7)):
            count = making.whole(1_000, 30_000)
            content = b"[" + b", ".join([readings] * (count // _READINGS + 1)) + b"]"
            member = tarfile.TarInfo(f"sensor-{number}.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return (str(path),)


def _largest_two_members(path: str) -> float:
    with tarfile.open(path) as archive:
        sizes = [0, *(member.size for member in archive)]
    return float(max(a + b for a, b in itertools.pairwise(sizes)))


def _gzip(making: Making) -> tuple[str]:
    path = making.folder / "sessions.gz"
    alphabet = making.random.integers(2, 60)
    users = making.random.integers(0, alphabet, 3_000)
    block = "".join(f"user{u}\t{u * 7919 % 10_007}\t{'v' * (u % 30)}\n" for u in users).encode()
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(repeated(block, making.whole(5e5, 1.5e7)))
    return (str(path),)


def _unpacked(path: str) -> float:
    with gzip.open(path) as file:
        return float(file.seek(0, os.SEEK_END))


def _size(path: Any) -> float:
    return float(os.stat(path).st_size)


def _sum_of_sizes(paths: list[str]) -> float:
    return sum(map(_size, paths))


def _neighbours(folder: Path) -> float:
    sizes = [0.0, *map(_size, sorted(folder.glob("*.csv")))]
    return max(a + b for a, b in itertools.pairwise(sizes))


def _sum_of_members(path: str) -> float:
    with zipfile.ZipFile(path) as archive:
        return float(sum(member.file_size for member in archive.infolist()))


CASES = (
    Case(text.parse_logs, _logs, _sum_of_sizes, "the sum of the files' sizes", ("sum",), ("paths", "file")),
    Case(text.daily_totals, _days, _neighbours, "the largest two files in a row", ("neighbours",), ("paths", "file")),
    Case(text.frequent_words, _book, _size, "the file's size", ("decoy",), ("file", "length")),
    Case(text.unpack_reports, _zip, _sum_of_members, "the members' unpacked bytes", ("sum",), ("zip",)),
    Case(
        text.tar_largest_reading, _tar, _largest_two_members, "the largest two members in a row",
        ("neighbours",), ("tar",),
    ),
    Case(text.gzip_sessions, _gzip, _unpacked, "the unpacked bytes", (), ("gzip",)),
)  # fmt: skip
