"""Text and archives: logs, CSV files, zip, tar and gzip, as a nightly job reads them."""

from __future__ import annotations

import collections
import csv
import gzip
import json
import re
import tarfile
import zipfile
from pathlib import Path

_LINE = re.compile(r"(\S+) \[(\S+)\] \"(\S+) (\S+)\" (\d+) (\d+)")


def parse_logs(paths: list[str]) -> dict[str, int]:
    requests = []
    for path in paths:
        with open(path) as log:
            text = log.read()
        requests.extend(_LINE.findall(text))
    by_status = collections.Counter(status for _, _, _, _, status, _ in requests)
    return dict(by_status)


def daily_totals(folder: Path) -> dict[str, float]:
    totals = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            rows = list(csv.reader(file))
        totals[path.stem] = sum(float(row[2]) for row in rows)
    return totals


def frequent_words(path: Path) -> list[tuple[str, int]]:
    text = path.read_text()
    words = text.lower().split()
    counts = collections.Counter(words)
    return counts.most_common(20)


def unpack_reports(path: str) -> int:
    contents = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            contents[member.filename] = archive.read(member)
    return sum(map(len, contents.values()))


def tar_largest_reading(path: str) -> float:
    best = 0.0
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is None:
                continue
            readings = json.load(file)
            best = max(best, max(reading["value"] for reading in readings))
    return best


def gzip_sessions(path: str) -> int:
    with gzip.open(path, "rt") as file:
        lines = file.read().splitlines()
    sessions = {line.split("\t", 1)[0] for line in lines}
    return len(sessions)
