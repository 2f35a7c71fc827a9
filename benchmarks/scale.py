"""How long a fit takes and how much memory, for as many as a thousand recorded invocations of a wide function.

The traces are made, not recorded: forty sites, a third of them in a loop, each with several readings that say
nothing, one that drives the peak together with another. What is fitted is real: the files are read from a folder.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import peakahead
from peakahead.learner.corrections import stream
from peakahead.learner.history import History
from peakahead.learner.origin import Origin
from peakahead.learner.recording import Recorder
from peakahead.learner.samples import site_samples
from peakahead.learner.trace_folder import TraceFolder
from peakahead.models.readings import Step
from peakahead.models.sites import FunctionRef, Site

COUNTS = (100, 300, 1_000)
REPEATS = 3
_SITES, _READINGS, _HITS = 40, 26, 6
_TARGET = FunctionRef("made", "wide")


def run() -> dict[str, Any]:
    """Fit folders of 100, 300 and 1,000 traces, each in a fresh process, taking turns."""
    with tempfile.TemporaryDirectory() as temporary:
        folders = {count: Path(temporary) / str(count) for count in COUNTS}
        for count, folder in folders.items():
            make_traces(folder, count)
        rows: dict[str, list[dict[str, Any]]] = {str(count): [] for count in COUNTS}
        for _ in range(REPEATS):
            for count, folder in folders.items():
                command = [sys.executable, "-m", "benchmarks.scale", str(folder)]
                said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                rows[str(count)].append(json.loads(said))
        return {"columns": _columns(folders[COUNTS[0]]), "fits": rows}


def make_traces(folder: Path, count: int) -> None:
    """Write trace files of made invocations."""
    generator = np.random.default_rng(count)
    kept = TraceFolder(folder)
    for invocation in range(count):
        with tempfile.TemporaryFile() as file:
            recorder = Recorder(file.fileno())
            peak = _invocation(recorder, generator)
            footer = {"peak_bytes": peak, "baseline_bytes": 0, "duration_s": 1.0, "functions": [], "retired": []}
            recorder.close({**footer, "spent_s": [], "recursive": []})
            file.seek(0)
            environment = ("rss", "forkserver", "3.12.1", "Linux x86_64", "glibc 2.36")
            kept.write(file.read(), Origin(_TARGET, f"{invocation:06}", "ok", "", True, peak, *environment))


def _invocation(recorder: Recorder, generator: np.random.Generator) -> int:
    a, b = generator.uniform(500, 5_000, 2)
    peak = round(3e6 + 8 * a * b * generator.normal(1, 0.01))
    moment = 0
    for index in range(_SITES):
        site = recorder.site(Site(_TARGET, index + 1, f"v{index}"))
        columns = [recorder.column(site, (Step("attribute", f"a{reading}"),), "value") for reading in range(_READINGS)]
        for hit in range(_HITS if index % 3 == 0 else 1):
            values = generator.uniform(0, 1e6, _READINGS)
            if index in (3, 4):
                values[5] = (a, b)[index - 3]
            growth = 0 if index < _SITES - 2 else peak
            recorder.hit(
                site, moment / 1_000, growth, [x for pair in zip(columns, values.tolist(), strict=True) for x in pair]
            )
            moment += hit + 1
    return peak


def _columns(folder: Path) -> int:
    """Return how many candidate columns the last site that is early enough knows."""
    files, _ = TraceFolder(folder).files()
    history = History.of(stream(files, 0, []), len(files))
    return max(len(site_samples(history, one.site).readings) for one in history.sites)


def _fit(folder: str) -> dict[str, Any]:
    began = perf_counter()
    model = peakahead.fit(folder, jobs=2)
    return {
        "seconds": perf_counter() - began,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "found": str(model.stages[-1].readings and " x ".join(map(str, model.stages[-1].readings))),
    }


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    from statistics import median

    fits = results["fits"]
    seconds = {count: median(row["seconds"] for row in rows) for count, rows in fits.items()}
    first, last = str(COUNTS[0]), str(COUNTS[-1])
    return {
        **{f"fit of {int(count):,} x {results['columns']:,}": f"{spent:.1f} s" for count, spent in seconds.items()},
        "time for ten times the invocations": f"{seconds[last] / seconds[first]:.1f} x",
        "highest memory of the fit": f"{max(row['peak_bytes'] for row in fits[last]) / 2**20:.0f} MiB",
        "found": ", ".join(sorted({row["found"] for rows in fits.values() for row in rows})),
    }


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(json.dumps(_fit(sys.argv[1])))
