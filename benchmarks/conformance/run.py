"""Runs the suites bare and armed, each in a process of its own, and compares them test by test.

The bare run also tells which source files a suite loads; their code is rewritten once for all suites. A suite with
differences runs bare once more: a test whose outcomes differ there says nothing about breakpoints and is left out.
And it runs armed with a hook that has no frame: what comes out right there differs by the hook's frame alone.
"""

from __future__ import annotations

import ast
import contextlib
import marshal
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import child
from .arm import rewrite_files
from .expected import REFUSED, SKIPPED_BY_CLOCK, reason
from .suites import Suite

STANDARD_LIBRARY = sysconfig.get_path("stdlib")
SITE_PACKAGES = sysconfig.get_path("purelib")
_TIMEOUT_S = 600
_HUNG = "no end"


@dataclass
class Ran:
    """One run of a suite.

    Attributes:
        outcomes: What came of each test, by its name and how many of the same name came before it.
        said: What the tests that didn't pass said.
        loaded: The source files that were loaded bare.
        hits: How often breakpoints were hit, by source file.
        died: How the process ended before the suite did, and in which test; or nothing.
        hung: The same of a run before it that didn't end in time, as some of CPython's tests don't now and then.
        duration_s: How long it took.
    """

    outcomes: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)
    hits: dict[str, int] = field(default_factory=dict)
    died: str = ""
    hung: str = ""
    duration_s: float = 0.0


def run_suite(suite: Suite, rewritten: dict[str, str], has_frame: bool = True) -> Ran:
    """Run a suite in an interpreter of its own; armed if there are source files with rewritten code.

    Args:
        suite: The suite.
        rewritten: Where the rewritten code of source files lies.
        has_frame: Whether the hook is a Python function, as in production, or one in C that counts nothing.
    """
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        settings = {
            "runner": suite.runner,
            "arguments": list(suite.arguments),
            "report": f"{folder}/report",
            "roots": [f"{STANDARD_LIBRARY}/", *(f"{SITE_PACKAGES}/{name}/" for name in suite.packages)],
            "path": [SITE_PACKAGES] if suite.packages else [],
            "rewritten": rewritten,
            "hook has a frame": has_frame,
        }
        Path(folder, "settings").write_bytes(marshal.dumps(settings))
        Path(folder, "work").mkdir()
        began = time.perf_counter()
        with open(f"{folder}/output", "wb") as output:
            process = subprocess.Popen(
                [_interpreter(), "-S", "-P", "-X", "frozen_modules=off", str(child.__file__), f"{folder}/settings"],
                cwd=f"{folder}/work",
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                ended = f"exit code {process.wait(_TIMEOUT_S)}"
            except subprocess.TimeoutExpired:
                ended = f"{_HUNG} within {_TIMEOUT_S} s"
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # and what its tests left running
                process.wait()
        ran = read_report(Path(folder, "report"), ended, Path(folder, "output").read_bytes()[-3_000:])
        ran.duration_s = time.perf_counter() - began
        return ran


def _interpreter() -> str:
    """Return the Python that the environment was made of: nothing that is installed here is loaded with it."""
    return getattr(sys, "_base_executable", sys.executable)


def _environment(folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    return {**kept, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": f"{folder}/work"}


def error_class(said: str) -> str:
    """Return the class of the error that a test's traceback ends with; its text would hold this machine's paths."""
    lines = said.splitlines()
    frames = [index for index, line in enumerate(lines) if line.startswith('  File "')]
    after = [line for line in lines[frames[-1] + 1 :] if not line.startswith("    ")] if frames else lines
    return after[0].split(":")[0] if after else ""


def read_report(path: Path, ended: str, output: bytes) -> Ran:
    ran = Ran()
    current = "none"
    done = False
    seen: Counter[str] = Counter()
    for line in path.read_text().splitlines() if path.exists() else ():
        match ast.literal_eval(line):
            case ("started", test):
                current = test
            case ("outcome", test, outcome, text):
                seen[test] += 1
                name = test if seen[test] == 1 else f"{test} #{seen[test]}"
                ran.outcomes[name] = outcome
                if outcome != "passed":
                    ran.said[name] = text
            case ("loaded", source):
                ran.loaded.append(source)
            case ("hits", hits):
                ran.hits = hits
            case _:
                done = True
    if not done:
        ran.died = f"{ended} in {current}: {output.decode(errors='replace')}"
    return ran


def compare(bare: list[Ran], armed: Ran, frameless: Ran | None = None) -> dict[str, Any]:
    """Return what a suite came to, as it is stored; a bare run that its own tests hang or end says nothing."""
    whole = [ran for ran in bare if not ran.died] or bare
    flaky = {
        test for ran in whole[1:] for test in ran.outcomes.keys() | whole[0].outcomes if _differ(test, whole[0], ran)
    }
    flaky |= {
        test
        for test in SKIPPED_BY_CLOCK & armed.outcomes.keys() & whole[0].outcomes.keys()
        if {armed.outcomes[test], whole[0].outcomes[test]} == {"skipped", "passed"}
    }
    differing = [
        {
            "test": test,
            "bare": whole[0].outcomes.get(test, "absent"),
            "armed": armed.outcomes.get(test, "absent"),
            "same without a frame": frameless is not None and not _differ(test, whole[0], frameless),
            "reason": reason(test),
            "said": error_class(armed.said.get(test, whole[0].said.get(test, ""))),
        }
        for test in sorted(armed.outcomes.keys() | whole[0].outcomes)
        if test not in flaky and _differ(test, whole[0], armed)
    ]
    same = [test for test in armed.outcomes if test not in flaky and not _differ(test, whole[0], armed)]
    return {
        "tests": len(same),
        "outcomes": dict(Counter(armed.outcomes[test] for test in same)),
        "hits": sum(armed.hits.values()),
        "files": sum(hits > 0 for hits in armed.hits.values()),
        "flaky": sorted(flaky),
        "differing": differing,
        "outdated": [test for test in same if reason(test)],
        "died": {"bare": [ran.died for ran in bare if ran.died], "armed": armed.died},
        "hung": {"bare": [ran.hung for ran in bare if ran.hung], "armed": armed.hung},
        "runs bare": len(whole) if not whole[0].died else 0,
        "bare files": armed.loaded,
        "duration_s": [round(ran.duration_s, 1) for ran in (*bare, armed)],
    }


def _differ(test: str, one: Ran, other: Ran) -> bool:
    return one.outcomes.get(test) != other.outcomes.get(test)


def run_all(suites: list[Suite], workers: int, is_armed: Callable[[str], bool] = lambda _path: True) -> dict[str, Any]:
    """Run suites bare and armed; return what is stored.

    Args:
        suites: The suites.
        workers: How many processes may run at a time.
        is_armed: Which source files of those that are loaded are armed.
    """
    with ThreadPoolExecutor(workers) as pool, tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        bare = list(pool.map(_reporting("bare", {}), suites))
        paths = sorted({path for ran in bare for path in ran.loaded if is_armed(path)})
        rewritten = rewrite_files(paths, Path(folder), workers)
        armed = list(pool.map(_reporting("armed", rewritten.files), suites))
        doubtful = [
            suite for suite, one, other in zip(suites, bare, armed, strict=True) if one.outcomes != other.outcomes
        ]
        again = dict(zip(doubtful, pool.map(_reporting("again", {}), doubtful), strict=True))
        frameless = dict(
            zip(doubtful, pool.map(_reporting("frameless", rewritten.files, False), doubtful), strict=True)
        )
    hits: Counter[str] = Counter()
    for ran in armed:
        hits.update(ran.hits)
    return {
        "suites": {
            suite.name: compare([one, *([again[suite]] if suite in again else [])], other, frameless.get(suite))
            for suite, one, other in zip(suites, bare, armed, strict=True)
        },
        "files": len(rewritten.files),
        "codes": rewritten.codes,
        "breakpoints": rewritten.breakpoints,
        "refused": [
            {"code": _short(code), "reason": REFUSED.get(_short(code), ""), "said": why}
            for code, why in rewritten.refused.items()
        ],
        "hits": _by_file(hits),
    }


def _by_file(hits: Counter[str]) -> dict[str, int]:
    """Return the hits by source file of the standard library and of the packages; those of tests in one sum."""
    found: Counter[str] = Counter()
    for path, count in hits.items():
        short = _short(path)
        found["tests" if {"test", "tests"} & set(Path(short).parts) else short] += count
    return {path: count for path, count in found.most_common() if count}


def _short(path: str) -> str:
    return path.removeprefix(f"{SITE_PACKAGES}/").removeprefix(f"{STANDARD_LIBRARY}/")


def _reporting(way: str, rewritten: dict[str, str], has_frame: bool = True) -> Callable[[Suite], Ran]:
    def run(suite: Suite) -> Ran:
        ran = run_suite(suite, rewritten, has_frame)
        if ran.died.startswith(_HUNG):
            hung, ran = ran.died, run_suite(suite, rewritten, has_frame)
            ran.hung = hung
        print(f"{way:9} {suite.name}: {len(ran.outcomes)} in {ran.duration_s:.1f} s {ran.died[:100]}", flush=True)
        return ran

    return run
