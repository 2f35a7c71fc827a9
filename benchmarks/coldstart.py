"""What production pays once: import, load and arm in a fresh interpreter, beside what others' libraries take there."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import peakahead
from examples import running_example
from peakahead.commands.datfiles import make_folders
from peakahead.models.model import BreakpointModel, Stage
from peakahead.models.readings import Reading

from .armed_functions import sixty_lines
from .overhead.ddtraced import QUIET
from .overhead.figures import spread
from .overhead.models import model_of, stored

REPEATS = 31
# The user's imports are done before; what is measured is what comes after them, in the same process.
_MEASURED = """
import examples.running_example
import os, sys, time

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * {page}

before = time.perf_counter(), time.process_time(), resident()
{script}
after = time.perf_counter(), time.process_time(), resident()
print(*(after[i] - before[i] for i in range(3)), len(sys.modules))
print(*sorted({heavy} & set(sys.modules)))
"""
_HEAVY = {"numpy", "scipy", "sklearn", "joblib"}
OURS = "import, load, arm"
PREPARED = "import, load, arm what is prepared"
# Each whole start, by what it is called in the tables; `{model}` is the model's file.
STARTS = {
    OURS: "import peakahead; assert peakahead.arm(peakahead.load({model!r}), strict=True)",
    PREPARED: "import peakahead; "
    "assert peakahead.arm(peakahead.load({model!r}), strict=True, prepared={model!r}); "
    "assert 'bytecode' not in sys.modules",
    "import alone": "import peakahead; peakahead.load, peakahead.arm, peakahead.predict_memory",
    "opentelemetry-sdk, tracing set up": """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("service")
""",
    "ddtrace, import of the tracer": "from ddtrace.trace import tracer",
    "ddtrace.auto": "import ddtrace.auto",
}
_LIBRARIES = {
    "opentelemetry-sdk, tracing set up": "opentelemetry-sdk",
    "ddtrace, import of the tracer": "ddtrace",
    "ddtrace.auto": "ddtrace",
}
_MOST_MS, _MOST_MIB = {OURS: 45, PREPARED: 12}, 8
_MOST_ARM_MS = 6
_ARMING = """
import time
import bytecode
import benchmarks.armed_functions
import peakahead

model, arm, disarm = peakahead.load({model!r}), peakahead.arm, peakahead.disarm
for _ in range({times}):
    before = time.perf_counter(), time.process_time()
    assert arm(model, strict=True)
    after = time.perf_counter(), time.process_time()
    print(*(after[i] - before[i] for i in range(2)))
    disarm(model)
"""
_ARMINGS = 5  # in one process


_MEASURES = ("wall", "processor", "resident")


@dataclasses.dataclass(frozen=True, slots=True)
class Start:
    """What some lines took in a fresh interpreter.

    Attributes:
        wall: Seconds.
        processor: Seconds, of all threads.
        resident: Bytes that the process holds more than before.
        modules: How many are loaded in the end.
        heavy: Which of the training's libraries are.
    """

    wall: float
    processor: float
    resident: float
    modules: int
    heavy: list[str]


def measure(script: str) -> Start:
    """Run lines in a fresh interpreter that has the user's imports, and return what they took there."""
    text = _MEASURED.format(page=os.sysconf("SC_PAGE_SIZE"), heavy=_HEAVY, script=script)
    numbers, heavy = _output(text).splitlines()[-2:]
    wall, processor, resident, modules = map(float, numbers.split())
    return Start(wall, processor, resident, int(modules), heavy.split())


def run() -> dict[str, Any]:
    """Measure fresh interpreters, the kinds taking turns."""
    missing = {name: library for name, library in _LIBRARIES.items() if not _is_installed(library)}
    with tempfile.TemporaryDirectory() as folder:
        model, sixty = str(Path(folder) / "model.json"), str(Path(folder) / "sixty.json")
        staged = _with_three_stages(_learned(Path(folder)))
        staged.save(model)
        peakahead.prepare(staged, model)
        model_of(sixty_lines, (Reading(stored(sixty_lines, "size"), (), "value", "max"),)).save(sixty)
        scripts = {name: script.format(model=model) for name, script in STARTS.items() if name not in missing}
        starts: dict[str, dict[str, list[float]]] = {name: {what: [] for what in _MEASURES} for name in scripts}
        arming: dict[str, list[list[float]]] = {"wall": [], "processor": []}
        modules: dict[str, Any] = {}
        for repeat in range(REPEATS + 1):
            for name, script in scripts.items():
                found = measure(script)
                modules[name] = {"loaded": found.modules, "heavy": found.heavy}
                if repeat:  # the first writes the compiled files
                    for what in _MEASURES:
                        starts[name][what].append(getattr(found, what))
            rows = [line.split() for line in _output(_ARMING.format(model=sixty, times=_ARMINGS)).splitlines()]
            if repeat:
                for what, column in zip(arming, zip(*rows, strict=True), strict=True):
                    arming[what].append(list(map(float, column)))
            print(f"\rcold start: {repeat} of {REPEATS}", end="", file=sys.stderr)
    return {"starts": starts, "modules": modules, "arming": arming, "missing": missing}


def _learned(folder: Path) -> BreakpointModel:
    """Return a model of the running example as it is learned, with all that its file holds."""
    folders = make_folders(folder, 19, seed=41)
    return peakahead.learn(running_example.mainfunction, [(str(path),) for path in folders], jobs=2)


def _with_three_stages(model: BreakpointModel) -> BreakpointModel:
    """Return the model with its start, the list of paths, and the open file as its stages."""
    start, pattern = model.stages[0], model.stages[-1]

    def stage(variable: str) -> Stage:
        reading = Reading(stored(running_example.mainfunction, variable), (), "file_size", "adjacent")
        return pattern.replaced(site=reading.site, readings=(reading,), seen=((0.0, 1e9),), forest=None)

    return model.replaced(stages=(start, stage("datfiles"), stage("f")))


def _output(script: str) -> str:
    # The compiled files are where any installed package's are, whatever this shell says; nothing that ddtrace would
    # send leaves the machine.
    environment = {**os.environ, **QUIET}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment)
    return done.stdout


def _is_installed(library: str) -> bool:
    try:
        version(library)
    except PackageNotFoundError:
        return False
    return True


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    found = {}
    for name, most in _MOST_MS.items():
        if name in results["starts"]:
            start = results["starts"][name]
            found[f"{name}, processor time; wanted {most} ms at most"] = _milliseconds(start["processor"])
            found[f"{name}, wall time; wanted {most} ms at most"] = _milliseconds(start["wall"])
            found[f"{name}, resident memory; wanted {_MOST_MIB} MiB at most"] = _mebibytes(start["resident"])
    found["NumPy or scikit-learn loaded"] = ", ".join(results["modules"][OURS]["heavy"]) or "no"
    armings = results["arming"]["processor"]
    found[f"arming a function of 60 lines, the first; wanted {_MOST_ARM_MS} ms at most"] = _milliseconds(
        [row[0] for row in armings]
    )
    found[f"arming a function of 60 lines, later; wanted {_MOST_ARM_MS} ms at most"] = _milliseconds(
        [median(row[1:]) for row in armings]
    )
    return found


def short_figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what a user wants to know: the medians alone."""
    starts = {name: results["starts"][name] for name in (OURS, PREPARED) if name in results["starts"]}
    return {
        **{
            name: f"{median(start['wall']) * 1e3:.0f} ms, {median(start['resident']) / 2**20:.1f} MiB"
            for name, start in starts.items()
        },
        "NumPy or scikit-learn loaded": ", ".join(results["modules"][OURS]["heavy"]) or "no",
    }


def starts_table(results: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return for each kind of start its time and memory."""
    return {
        name: {
            "wall time": _milliseconds(start["wall"]),
            "processor time": _milliseconds(start["processor"]),
            "resident memory": _mebibytes(start["resident"]),
            "modules": f"{results['modules'][name]['loaded']:,}",
        }
        for name, start in results["starts"].items()
    }


def starts_notes(results: dict[str, Any]) -> list[str]:
    return [f"{name}: {library} isn't installed." for name, library in results["missing"].items()]


def _milliseconds(seconds: list[float]) -> str:
    low, high = spread(seconds)
    return f"{median(seconds) * 1e3:.1f} ms ({low * 1e3:.1f} to {high * 1e3:.1f})"


def _mebibytes(sizes: list[float]) -> str:
    low, high = spread(sizes)
    return f"{median(sizes) / 2**20:.1f} MiB ({low / 2**20:.1f} to {high / 2**20:.1f})"
