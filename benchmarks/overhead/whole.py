"""Times whole functions, bare and armed: the running example and ten of the accuracy benchmark."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from types import FunctionType
from typing import Any

import peakahead
from examples import running_example
from peakahead import Invocation
from peakahead.commands.datfiles import make_folders
from peakahead.models.model import BreakpointModel

from ..accuracy.cases import all_cases
from .models import code_of, reference
from .turns import WAYS, in_turn

REPEATS = 21
TRAINED = 12
RUNNING_EXAMPLE = "running example"
FUNCTIONS = (
    "parse_logs",
    "daily_totals",
    "frequent_words",
    "unpack_reports",
    "tar_largest_reading",
    "gzip_sessions",
    "heat_map",
    "byte_histogram",
    "join_orders",
    "thumbnail",
)
Learned = tuple[Callable[..., Any], BreakpointModel, list[Invocation]]


def run() -> dict[str, Any]:
    """Return processor seconds of whole runs, by function, with what its last stage reads, and how often."""
    found: dict[str, Any] = {}
    known = all_cases()
    for name in (RUNNING_EXAMPLE, *(name for name in FUNCTIONS if name in known)):
        print(f"\rwhole functions: {name}          ", end="", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            learn = _learn_running_example if name == RUNNING_EXAMPLE else _learn_case
            function, model, calls = learn(name, Path(folder), stack)
            last = model.stages[-1]
            found[name] = {
                "seconds": _time(function, model, calls),
                "reads": [str(reading) for reading in last.readings],
                "hits": last.hits,
            }
    return found


def _learn_running_example(_name: str, folder: Path, _stack: contextlib.ExitStack) -> Learned:
    calls = [Invocation((str(path),)) for path in make_folders(folder, TRAINED, seed=32)]
    function = running_example.mainfunction
    return function, peakahead.learn(function, calls, jobs=2, coverage=0.9), calls


def _learn_case(name: str, folder: Path, stack: contextlib.ExitStack) -> Learned:
    case = all_cases()[name]
    calls = case.invocations(folder, stack, {"train": TRAINED})["train"]
    return case.function, peakahead.learn(case.function, calls, jobs=2, coverage=0.9, before=case.before), calls


def _time(function: Any, model: BreakpointModel, calls: list[Invocation]) -> dict[str, list[float]]:
    """Return processor seconds of each call in each repeat, bare, armed and bare again by turns, in one warm process.

    In fresh processes what arming imports changes where the function's memory comes from, by more than hits cost. The
    bare functions are copies: so the model must look into that function only, or its helpers would be armed for all.
    """
    roots = {site.function.qualname.split(".<locals>")[0] for site in model.sites()}
    if roots - {reference(function).qualname} or any(
        site.function.module != function.__module__ for site in model.sites()
    ):
        raise ValueError(f"{model.target} is looked into at {', '.join(sorted(roots))}: time another function")
    called = {way: _copy(function) if way != "armed" else peakahead.predict_memory(model)(function) for way in WAYS}
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    cwd = os.getcwd()
    peakahead.arm(model, strict=True)
    gc.freeze()  # what the benchmark itself has loaded: going through that takes longer than many a run
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            for repeat in range(REPEATS + 1):
                for number, call in enumerate(calls):
                    for way in in_turn(repeat + number):
                        gc.collect()
                        began = process_time()
                        called[way](*call.args)
                        spent = process_time() - began
                        if repeat:  # the first warms the file cache
                            seconds[way].append(round(spent, 7))
    finally:
        gc.unfreeze()
        os.chdir(cwd)
        peakahead.disarm(model)
    return seconds


def _copy(function: Any) -> FunctionType:
    code = code_of(function)
    copy = FunctionType(code, function.__globals__, None, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy
