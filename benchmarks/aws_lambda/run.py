"""Builds the package, and runs it in Lambda's own client, in fresh processes and in one for many invocations."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from examples.aws_lambda.local import LocalLambda, s3_event
from examples.aws_lambda.make_archives import BYTES, make_archives

from .deployment import BARE, build

COLD, WARM, LARGER, REPEATS = 40, 200, 10, 31
BARE_START, ARMED_START, PREPARED_START = "without peakahead", "armed", "armed with what is prepared"
_SAID = ("ForecastPeak", "UpperPeak", "MeasuredPeak", "TimeToForecast", "LeadTime")
_HANDLER = "lambda_function.handler"


def run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        package = build(work)
        archives = work / "archives"
        make_archives(archives / "unseen", COLD, seed=62)
        make_archives(archives / "larger", LARGER, seed=63, sizes=(4 * BYTES[0], 4 * BYTES[1]))
        unseen, larger = (
            [str(path.relative_to(archives)) for path in sorted((archives / name).iterdir())]
            for name in ("unseen", "larger")
        )
        generator = random.Random(64)
        return {
            "model": json.loads((package / "model.json").read_text()),
            "sizes": sizes(package),
            "zip": (package.parent / "function.zip").stat().st_size,
            "columns": list(_SAID),
            "cold": [row for key in unseen for row in _invoked(package, archives, [key])],
            "larger": [row for key in larger for row in _invoked(package, archives, [key])],
            "line": _line(package, archives, unseen[0]),
            "warm": _invoked(package, archives, [generator.choice(unseen) for _ in range(WARM)]),
            "init": _inits(package, archives),
        }


def sizes(package: Path) -> dict[str, dict[str, int]]:
    """Return the bytes of each part of the package, as they are and as the zip holds them."""
    parts: dict[str, dict[str, int]] = {}
    with zipfile.ZipFile(package.parent / "function.zip") as archive:
        for member in archive.infolist():
            part = parts.setdefault(_part(member.filename), {"unpacked": 0, "zipped": 0})
            part["unpacked"] += member.file_size
            part["zipped"] += member.compress_size
    return parts


def _part(name: str) -> str:
    match Path(name).parts:
        case ("peakahead", "learner" | "commands", *_):
            return "peakahead, what only training and the command line need"
        case ("peakahead", *_):
            return "peakahead, what production needs"
        case ("bytecode", *_):
            return "bytecode"
        case (top, *_) if top.endswith(".dist-info"):
            return "what pip notes of both"
        case (top, *_) if top.startswith("model."):
            return "the model, and what is prepared of it"
        case _:
            return "the function"


def _invoked(package: Path, archives: Path, keys: list[str]) -> list[list[float]]:
    """Invoke the function for each of the archives in one container, and return what its lines of metrics say."""
    with LocalLambda(package, environment={"ORDERS_FOLDER": str(archives)}) as function:
        for key in keys:
            answer = function.invoke(s3_event(key))
            assert not answer.failed, answer.body
        said = function.metrics()
    print(f"\r{len(said)} invocations of {keys[-1]}", end="", file=sys.stderr)
    return [[line[name] for name in _SAID] for line in said]


def _line(package: Path, archives: Path, key: str) -> dict[str, Any]:
    """Return one line of metrics as it is."""
    with LocalLambda(package, environment={"ORDERS_FOLDER": str(archives)}) as function:
        function.invoke(s3_event(key))
        return function.metrics()[0]


def _inits(package: Path, archives: Path) -> dict[str, list[float]]:
    """Return the seconds of each kind of init phase, in fresh processes that take turns."""
    tasks = {name: package.parent / f"task-{number}" for number, name in enumerate(_KINDS)}
    for name, task in tasks.items():
        shutil.copytree(package, task)
        _KINDS[name](task)
        compile_all = ("compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash", str(task))
        subprocess.run([sys.executable, "-m", *compile_all], check=True)
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for repeat in range(REPEATS + 1):
        for name, task in tasks.items():
            handler = "bare.handler" if name == BARE_START else _HANDLER
            with LocalLambda(task, handler, environment={"ORDERS_FOLDER": str(archives)}) as function:
                if repeat:  # the first finds the files not yet cached
                    seconds[name].append(function.init_s)
        print(f"\rinit phase: {repeat} of {REPEATS}", end="", file=sys.stderr)
    return seconds


def _make_bare(task: Path) -> None:
    (task / "bare.py").write_text(BARE)
    for library in ("peakahead", "bytecode"):
        shutil.rmtree(task / library)


def _make_unprepared(task: Path) -> None:
    handler = task / "lambda_function.py"
    source = handler.read_text()
    assert ", prepared=_model_file" in source
    handler.write_text(source.replace(", prepared=_model_file", ""))


def _leave(_: Path) -> None:
    pass


_KINDS = {BARE_START: _make_bare, ARMED_START: _make_unprepared, PREPARED_START: _leave}
