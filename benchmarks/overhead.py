"""What armed code costs: the running example as a whole, and single hits."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from types import FunctionType
from typing import Any

import peakahead
from examples import running_example
from peakahead.commands.datfiles import make_folders
from peakahead.models.fingerprints import Fingerprint
from peakahead.models.formulas import Formula, Term
from peakahead.models.model import BreakpointModel, Stage, Training, UpperBound
from peakahead.models.readings import Reading
from peakahead.models.sites import FunctionRef, Site

REPEATS = 21
ROUNDS = 15
HITS = 100_000


def number(value: int, n: int) -> None:
    for _ in range(n):
        found = value  # noqa: F841 - the assignment is what is hit


def length(value: list[int], n: int) -> None:
    for _ in range(n):
        found = value  # noqa: F841 - the assignment is what is hit


def open_file(value: Any, n: int) -> None:
    for _ in range(n):
        found = value  # noqa: F841 - the assignment is what is hit


def run() -> dict[str, Any]:
    """Time the running example bare and armed, and loops whose only work is to be hit."""
    with tempfile.TemporaryDirectory() as folder:
        trained = [str(path) for path in make_folders(Path(folder), 30, seed=32)]
        model = peakahead.learn(running_example.mainfunction, [(path,) for path in trained], jobs=2)
        whole = _time_whole(model, trained)
        with open(Path(trained[0]) / "0.dat") as file:
            hits = {
                "a number": _time_hits(number, "value", 7),
                "a length": _time_hits(length, "len", [1, 2, 3]),
                "an open file": _time_hits(open_file, "file_size", file),
            }
    return {"running example": whole, "hits": hits}


def _time_whole(model: BreakpointModel, folders: list[str]) -> dict[str, list[float]]:
    """Return processor seconds of whole runs, bare and armed, each way first by turns, in one warm process.

    In fresh processes what arming imports changes where the function's memory comes from, by more than hits cost.
    """
    bare = FunctionType(running_example.mainfunction.__code__, running_example.mainfunction.__globals__)
    armed = peakahead.predict_memory(model)(running_example.mainfunction)
    seconds: dict[str, list[float]] = {"bare": [], "armed": []}
    cwd = os.getcwd()
    peakahead.arm(model, strict=True)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        for repeat in range(REPEATS + 1):
            ways = [("bare", bare), ("armed", armed)]
            total = dict.fromkeys(seconds, 0.0)
            for folder in folders:
                for way, function in ways if repeat % 2 else reversed(ways):
                    began = process_time()
                    function(folder)
                    total[way] += process_time() - began
            for way in seconds:
                seconds[way].append(total[way])
    os.chdir(cwd)
    peakahead.disarm(model)
    return {way: runs[1:] for way, runs in seconds.items()}  # the first warms the file cache


def _time_hits(function: Callable[[Any, int], None], feature: str, value: Any) -> dict[str, list[float]]:
    """Return seconds a hit, bare and armed, taking turns."""
    model = _model(function, feature)
    seconds: dict[str, list[float]] = {"bare": [], "armed": []}
    for _ in range(ROUNDS):
        for way in seconds:
            if way == "armed":
                peakahead.arm(model, strict=True)
            with peakahead.predict_memory(model) if way == "armed" else contextlib.nullcontext():
                began = perf_counter()
                function(value, HITS)
                seconds[way].append((perf_counter() - began) / HITS)
            peakahead.disarm(model)
    return seconds


def _model(function: Callable[..., Any], feature: str) -> BreakpointModel:
    code = function.__code__  # type: ignore[attr-defined]  # a plain function
    reference = FunctionRef(function.__module__, code.co_qualname)
    site = Site(reference, 2, "found")
    bound = UpperBound(0.95, 0.1, 0.2, 2**21)
    return BreakpointModel(
        reference,
        (
            Stage(Site.start(reference), (), (), Formula(1.0), bound, 0.1, 0.1, 1.0, 1.0),
            Stage(
                site,
                (Reading(site, (), feature, "max"),),
                ((0.0, 1e9),),
                Formula(1.0, (Term(2.0, (0,)),)),
                bound,
                0.1,
                0.1,
                1.0,
                1.0,
            ),
        ),
        (Fingerprint.of(reference, code),),
        Training(19, {}, (1, 2), "rss", "forkserver", "", "", ""),
    )


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    seconds = results["running example"]
    found = {"armed / bare, running example": f"{_ratio(seconds):.3f}"}
    for name, ways in results["hits"].items():
        cost = median(armed - bare for armed, bare in zip(ways["armed"], ways["bare"], strict=True))
        found[f"a hit on {name}"] = f"{cost * 1e9:,.0f} ns"
    return found


def _ratio(seconds: dict[str, list[float]]) -> float:
    return median(armed / bare for armed, bare in zip(seconds["armed"], seconds["bare"], strict=True))
