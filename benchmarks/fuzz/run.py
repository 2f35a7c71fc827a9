"""The fuzzing of the loader, as a benchmark: how much was tried, and what came of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from . import CORPUS, MOST_GROWTH_BYTES, TOLD, seeds
from .mutate import MOST_BYTES

SECONDS = 600
SLOWEST_S = 10  # a file that keeps the loader and production busy for longer is a finding
_LIMIT_MIB = 1024  # of the whole process, fuzzer and all; the bound on what one input takes is the child's
_QUICK = "/dev/shm"  # each model that loads is saved, and a disk would make that wait
_FINDINGS = ("crash-", "timeout-", "oom-", "leak-")


def run(seconds: int = SECONDS, kept: Path | None = None) -> dict[str, Any]:
    """Fuzz for some seconds, from models made by hand and by `learn`.

    Args:
        seconds: How long.
        kept: Where files are copied that did what they shouldn't; by default they are gone with the run.
    """
    with tempfile.TemporaryDirectory(dir=_QUICK if os.path.isdir(_QUICK) else None) as folder:
        corpus = Path(folder, CORPUS)
        corpus.mkdir()
        start = seeds.files([*seeds.by_hand(), *seeds.learned()])
        for number, content in enumerate(start):
            (corpus / f"{number:02}.json").write_bytes(content)
        options = {
            "max_total_time": seconds,
            "timeout": SLOWEST_S,
            "rss_limit_mb": _LIMIT_MIB,
            "max_len": MOST_BYTES,
            "mutate_depth": 2,  # each is of one to four places
            "artifact_prefix": f"{folder}/",
            "print_final_stats": 1,
        }
        command = [sys.executable, "-m", "benchmarks.fuzz.child", folder, *(f"-{k}={v}" for k, v in options.items())]
        began = perf_counter()
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, "PYTHONHASHSEED": "0"},
            check=False,
        )
        elapsed_s = perf_counter() - began
        findings = [path for path in Path(folder).iterdir() if path.name.startswith(_FINDINGS)]
        if kept is not None:
            for path in findings:
                (kept / path.name).write_bytes(path.read_bytes())
        if done.returncode and not findings:
            sys.exit(f"the fuzzer broke off:\n{done.stderr[-2_000:]}")
        if findings:
            print(done.stdout[-2_000:], done.stderr[-5_000:], file=sys.stderr)
        return {
            "start files": len(start),
            "seconds": elapsed_s,
            **_told(done.stderr),
            **json.loads(Path(folder, TOLD).read_text()),
            "findings": len(findings),
        }


def _told(stderr: str) -> dict[str, int]:
    """Return what the fuzzer tells of its run."""
    last = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)/", stderr)[-1]
    return {
        "executions": int(re.findall(r"number_of_executed_units: +(\d+)", stderr)[-1]),
        "edges": int(last[0]),
        "features": int(last[1]),
        "corpus": int(last[2]),
        "slowest_s": int(re.findall(r"slowest_unit_time_sec: +(\d+)", stderr)[-1]),
        "limit_bytes": MOST_GROWTH_BYTES,
    }


def figures(results: dict[str, Any]) -> dict[str, str]:
    """Return what the raw results come to, by what it is called in the table."""
    return {
        "files tried": f"{results['executions']:,}",
        "of these loaded as models, and used": f"{results['loaded']:,}",
        "time": f"{results['seconds'] / 60:.0f} min",
        "files that reached something new": f"{results['corpus']:,}",
        "highest memory of one file": f"{results['highest_growth_bytes'] / 10**6:.1f} MB",
        "crashes, hangs, errors not ours, over 100 MB": f"{results['findings']:,}",
    }
