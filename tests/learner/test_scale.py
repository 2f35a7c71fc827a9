"""Reading a folder of many traces takes little more memory than reading one of few."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

from peakahead.learner.origin import Origin
from peakahead.learner.recording import Recorder
from peakahead.learner.trace_folder import TraceFolder
from peakahead.models.sites import FunctionRef, Site

MIB = 2**20
HITS, COLUMNS = 150, 50  # of a loop, an invocation: some 60 KiB of numbers, of which a few rows are kept
ROOM = 52 * MIB  # for what the search holds of a thousand invocations, their held-out forecasts
TARGET = FunctionRef("made", "looping")
FITS = """
import resource, sys, peakahead
model = peakahead.fit(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, model.training.invocations)
"""
# An exec'd process inherits its parent's mark, so that a small one must start it.
STARTS = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]], check=True)"


def write(folder: Path, count: int) -> int:
    """Write the traces of invocations whose loop keeps what it makes; return their size in bytes."""
    kept = TraceFolder(folder)
    generator = random.Random(count)
    for k in range(count):
        with tempfile.TemporaryFile() as file:
            recorder = Recorder(file.fileno())
            site = recorder.site(Site(TARGET, 1, "size"))
            columns = [(recorder.column(site, (), name)) for name in ("value", *(f"flat{k}" for k in range(COLUMNS)))]
            held, scale = 0.0, generator.uniform(1e4, 2e5)
            for hit in range(HITS):
                size = scale * generator.uniform(0.5, 1.5)
                numbers = [size, *[9.0] * COLUMNS]
                flat = [part for pair in zip(columns, numbers, strict=True) for part in pair]
                recorder.hit(site, hit / 1_000, int(held), flat)
                held += size
            footer = {"peak_bytes": int(held), "baseline_bytes": 0, "duration_s": 1.0, "functions": []}
            code = {"function": TARGET.to_json(), "source": "f" * 32, "code": {}}
            recorder.close({**footer, "functions": [code], "retired": [], "spent_s": [], "recursive": []})
            file.seek(0)
            environment = ("rss", "forkserver", "3.12.1", "Linux x86_64", "glibc 2.36")
            kept.write(file.read(), Origin(TARGET, f"{k:06}", "ok", "", True, int(held), *environment))
    return sum(path.stat().st_size for path in folder.iterdir())


def peak_of_fit(folder: Path, count: int) -> int:
    command = [sys.executable, "-c", STARTS, FITS, str(folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    peak, invocations = map(int, said.split())
    assert invocations == count
    return peak


def test_a_thousand_traces_are_read_in_a_stream(tmp_path: Path) -> None:
    write(tmp_path / "few", 100)
    read = write(tmp_path / "many", 1_000)

    few, many = peak_of_fit(tmp_path / "few", 100), peak_of_fit(tmp_path / "many", 1_000)

    assert many - few < ROOM < 0.8 * read, f"{few / MIB:.1f} MiB of 100, {many / MIB:.1f} MiB of 1,000"
