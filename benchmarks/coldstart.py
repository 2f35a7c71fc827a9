"""What production pays once: import, load and arm in a fresh interpreter, over one that does nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import peakahead
from examples import running_example
from peakahead.commands.datfiles import make_folders

REPEATS = 25
_BARE = "import examples.running_example, sys; {end}"
_ARMED = (
    "import examples.running_example, sys; import peakahead; "
    "assert peakahead.arm(peakahead.load({model!r}), strict=True); {end}"
)
_END = "import json; print(json.dumps(sorted(sys.modules)))"


def run() -> dict[str, Any]:
    """Time interpreters that arm the running example and ones that only import it, taking turns."""
    with tempfile.TemporaryDirectory() as folder:
        trained = make_folders(Path(folder), 19, seed=41)
        model = peakahead.learn(running_example.mainfunction, [(str(path),) for path in trained], jobs=2)
        path = str(Path(folder) / "model.json")
        model.save(path)
        scripts = {"bare": _BARE.format(end="pass"), "armed": _ARMED.format(model=path, end="pass")}
        seconds: dict[str, list[float]] = {"bare": [], "armed": []}
        for repeat in range(REPEATS + 1):
            for way, script in scripts.items():
                began = perf_counter()
                subprocess.run([sys.executable, "-c", script], check=True)
                if repeat:  # the first writes the compiled files
                    seconds[way].append(perf_counter() - began)
        modules = json.loads(_output(_ARMED.format(model=path, end=_END)))
    heavy = {"numpy", "scipy", "sklearn", "joblib"}
    return {"seconds": seconds, "heavy modules": sorted(heavy & set(modules)), "modules": len(modules)}


def _output(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    seconds = results["seconds"]
    return {
        "import, load, arm": f"{(median(seconds['armed']) - median(seconds['bare'])) * 1e3:.0f} ms",
        "NumPy or scikit-learn loaded": ", ".join(results["heavy modules"]) or "no",
    }
