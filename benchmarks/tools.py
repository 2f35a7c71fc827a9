"""Other tools that follow a function while it runs, each started in the way that its manual says.

They are imported in the process that they run in, so that the benchmarks can be read and checked without them.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

Started = AbstractContextManager[Callable[..., Any]]  # what it gives is to be called


@contextlib.contextmanager
def _memory_profiler(function: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    yield import_module("memory_profiler").LineProfiler(backend="psutil")(function)


@contextlib.contextmanager
def _coverage(function: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    os.environ["COVERAGE_CORE"] = "ctrace"
    tool = import_module("coverage").Coverage(
        data_file=None, config_file=False, include=[function.__code__.co_filename]
    )
    tool.start()
    try:
        yield function
    finally:
        tool.stop()


@contextlib.contextmanager
def _tracemalloc(function: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    tracemalloc.start()
    try:
        yield function
    finally:
        tracemalloc.stop()


@contextlib.contextmanager
def _memray(function: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    with tempfile.TemporaryDirectory() as folder, import_module("memray").Tracker(f"{folder}/memray.bin"):
        yield function


TOOLS: dict[str, Callable[[Callable[..., Any]], Started]] = {
    "memory_profiler": _memory_profiler,
    "coverage": _coverage,
    "tracemalloc": _tracemalloc,
    "memray": _memray,
}


def missing(tool: str) -> str:
    """Return why a tool can't be timed here, or nothing."""
    if tool == "tracemalloc":
        return ""
    try:
        version(tool)
    except PackageNotFoundError:
        return "not installed"
    return ""


@dataclass(frozen=True, slots=True)
class Under:
    """A function under a tool; calling it returns the seconds that the function took.

    Attributes:
        function: What is timed.
        tool: One of TOOLS.
    """

    function: Callable[..., Any]
    tool: str

    def __call__(self, *args: Any) -> float:
        with TOOLS[self.tool](self.function) as called:
            began = time.perf_counter()
            called(*args)
            return time.perf_counter() - began
