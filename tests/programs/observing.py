"""A model that watches every assignment of a function, found with `dis`; and scripts that arm only if asked to.

The same script run bare and armed must do the same. Which it is stands in the environment, so that nothing else
differs between the two.
"""

from __future__ import annotations

import contextlib
import dis
import os
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import peakahead
from peakahead.models.fingerprints import Fingerprint
from peakahead.models.formulas import Formula, Term
from peakahead.models.model import BreakpointModel, Stage, Training, UpperBound
from peakahead.models.readings import Reading
from peakahead.models.sites import FunctionRef, Site

ARMED = "TESTS_OF_THE_HOST_ARM"
_ROOT = Path(__file__).parents[2]
_BOUND = UpperBound(0.95, 0.5, 1.0, 0)
_TRAINING = Training(20, {}, (1, 100_000_000), "rss", "forkserver", "3.12.1", "Linux x86_64", "glibc 2.36")


def observing(*functions: Callable[..., Any], feature: str = "value") -> BreakpointModel:
    """Return a model with a breakpoint at the entry and after every store of these functions and those nested in them.

    The first is the target. Nested functions that share a name, as lambdas do, are left out.
    """
    codes: dict[FunctionRef, types.CodeType] = {}
    for function in functions:
        for code in _tree(_code(function)):
            if "<" not in code.co_qualname.replace("<locals>", ""):
                codes[FunctionRef(function.__module__, code.co_qualname)] = code
    target = next(iter(codes))
    stages = [Stage(Site.start(target), (), (), Formula(1_000.0), _BOUND, 0.3, 0.3, 1.0, 1.0)]
    for reference, code in codes.items():
        for site in sorted(set(_sites(reference, code))):
            line = Formula(0.0, (Term(1.0, (0,)),))
            reading = Reading(site, (), feature)
            stages.append(Stage(site, (reading,), ((0.0, 1e9),), line, _BOUND, 0.1, 0.1, 1.0, 1.0))
    prints = tuple(Fingerprint.of(reference, code) for reference, code in codes.items())
    return BreakpointModel(target, tuple(stages), prints, _TRAINING)


def _code(function: Any) -> types.CodeType:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function.__code__


def _tree(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _tree(constant)


def _sites(reference: FunctionRef, code: types.CodeType) -> Iterator[Site]:
    instructions = list(dis.get_instructions(code))
    restored = {item.argval for item in instructions if item.opname == "LOAD_FAST_AND_CLEAR"}
    named = code.co_argcount + code.co_kwonlyargcount
    for parameter in code.co_varnames[:named]:
        yield Site(reference, 0, parameter, True)
    for item in instructions:
        line = item.positions.lineno if item.positions else None
        if line is None or not item.opname.startswith(("STORE_FAST", "STORE_DEREF", "STORE_GLOBAL")):
            continue
        names = item.argval if isinstance(item.argval, tuple) else (item.argval,)
        for name in names[:1] if item.opname == "STORE_FAST_LOAD_FAST" else names:
            if name not in restored and not name.startswith("."):
                yield Site(reference, line - code.co_firstlineno, name)


@contextlib.contextmanager
def armed(*functions: Callable[..., Any], feature: str = "value") -> Iterator[BreakpointModel]:
    """Arm every assignment of these functions for a while; give the model."""
    watched = observing(*functions, feature=feature)
    try:
        assert peakahead.arm(watched, strict=True)
        yield watched
    finally:
        peakahead.disarm(watched)


def arm_if_asked(*functions: Callable[..., Any], **options: Any) -> contextlib.AbstractContextManager[Any]:
    """Arm, if this process is to be the armed one; return what to run an invocation inside of."""
    if os.environ.get(ARMED) != "1":
        return contextlib.nullcontext()
    before = [_code(function) for function in functions]
    watched = observing(*functions)
    assert peakahead.arm(watched, strict=True)
    assert all(_code(function) is not code for function, code in zip(functions, before, strict=True))
    return peakahead.predict_memory(watched, **options)


def run_script(
    folder: Path,
    script: str,
    *,
    is_armed: bool,
    options: tuple[str, ...] = (),
    arguments: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
    **streams: Any,
) -> subprocess.CompletedProcess[str]:
    """Run a script of this name, whose text the folder holds, in a fresh interpreter."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.run(
        [sys.executable, *options, script, *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(folder), str(_ROOT), os.environ.get("PYTHONPATH", ""))).rstrip(
                os.pathsep
            ),
            "PYTHONDONTWRITEBYTECODE": "1",
            **(environment or {}),
            ARMED: "1" if is_armed else "0",
        },
        text=True,
        check=False,
        timeout=60,
        **streams,
    )


def run_both(folder: Path, files: dict[str, str], script: str = "main.py", **given: Any) -> tuple[str, str, int]:
    """Run a script bare and armed; require the same output, errors and exit code, and return them."""
    for name, text in files.items():
        (folder / name).write_text(text)
    bare, with_breakpoints = (run_script(folder, script, is_armed=is_armed, **given) for is_armed in (False, True))
    assert with_breakpoints.stdout == bare.stdout, with_breakpoints.stderr
    assert _without_addresses(with_breakpoints.stderr) == _without_addresses(bare.stderr)
    assert with_breakpoints.returncode == bare.returncode
    return bare.stdout, bare.stderr, bare.returncode


def _without_addresses(text: str) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", text)
