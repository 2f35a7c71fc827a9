"""Where results are kept, and the machine that they were measured on."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
_INNERMOST = r"\[\n[^\[\]{}]*\n *\]"  # a list of plain values takes one line
_LIBRARIES = (
    "atheris",
    "awslambdaric",
    "bytecode",
    "coverage",
    "ddtrace",
    "functions-framework",
    "gunicorn",
    "hypothesis",
    "igraph",
    "joblib",
    "memory_profiler",
    "memray",
    "numpy",
    "opentelemetry-sdk",
    "pandas",
    "peakahead",
    "pillow",
    "polars",
    "pyarrow",
    "scikit-learn",
    "scipy",
)


def machine() -> dict[str, Any]:
    """Describe the machine as far as it matters for time and memory."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "libc": " ".join(platform.libc_ver()),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def save(benchmark: str, results: dict[str, Any]) -> None:
    """Write one benchmark's raw results for this Python."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{benchmark}-{PYTHON}.json"
    text = json.dumps({"machine": machine(), "results": results}, indent=1)
    path.write_text(re.sub(_INNERMOST, lambda found: " ".join(found[0].split()), text) + "\n")


def load_all(benchmark: str) -> dict[str, dict[str, Any]]:
    """Return a benchmark's stored results by Python version, oldest version first."""
    found = sorted(
        RESULTS.glob(f"{benchmark}-*.json"), key=lambda path: tuple(map(int, path.stem.split("-")[1].split(".")))
    )
    return {path.stem.split("-")[1]: json.loads(path.read_text()) for path in found}
