"""Armed functions under the interpreter's other modes: options, subinterpreters, tracemalloc, the garbage collector."""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import pytest

import peakahead
from tests.programs import described, raising, stores, targets
from tests.programs.observing import armed, run_both
from tests.programs.outcomes import outcome
from tests.runtime.models import stored, watching

PROGRAM = """\
import asyncio, contextlib, sys
from tests.programs import described, raising, stores, suspended
from tests.programs.observing import arm_if_asked

stores_all = [f for f in stores.ALL if f is not stores.coroutines]
functions = [*stores_all, *described.PLAIN, *suspended.FUNCTIONS]
bare_only = {"asserts"}
raise_all = [f for f in raising.ALL if f.__name__ not in bare_only]
with arm_if_asked(*functions, *raise_all):
    for function in stores_all:
        print(function.__name__, function())
    for function in raise_all:
        try:
            print(function.__name__, function(5))
        except (Exception, SystemExit) as error:
            print(function.__name__, repr(error))
    for function in suspended.GENERATORS:
        with contextlib.suppress(Exception):
            print(function.__name__, function())
    print(described.takes_all(1, 2.0, "r", n=[1]), described.many_locals.__doc__, sys.flags.optimize)
    print(asyncio.run(suspended.sent_and_thrown()))
"""


@pytest.mark.parametrize("options", ["-X dev", "-O", "-OO", "-W error", "-I", "-X faulthandler"])
def test_with_the_interpreters_options(tmp_path: Path, options: str) -> None:
    root = Path(__file__).parents[2]
    program = PROGRAM if options != "-I" else f"import sys; sys.path.insert(0, {str(root)!r})\n" + PROGRAM
    out, err, code = run_both(tmp_path, {"main.py": program}, options=tuple(options.split()))
    assert code == 0, err
    assert out.count("\n") > 40


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONHASHSEED": "1"}, {"PYTHONMALLOC": "debug"}, {"PYTHONASYNCIODEBUG": "1"}, {"PYTHONWARNINGS": "error"}],
    ids=lambda environment: next(iter(environment)),
)
def test_with_the_interpreters_environment(tmp_path: Path, environment: dict[str, str]) -> None:
    out, err, code = run_both(tmp_path, {"main.py": PROGRAM}, environment=environment)
    assert code == 0, err
    assert out.count("\n") > 40


UNARMED = """\
import os
import peakahead
from peakahead.models.fingerprints import Fingerprint
from peakahead.models.model import BreakpointModel
from tests.programs import targets
from tests.programs.observing import ARMED, observing

model = observing(targets.work)
others = {"cpython-311": "x", "cpython-312": "x", "cpython-313": "x"}
prints = tuple(Fingerprint(fingerprint.function, "another", others) for fingerprint in model.fingerprints)
stale = BreakpointModel(model.target, model.stages, prints, model.training)
if os.environ[ARMED] == "1":
    with peakahead.predict_memory(stale) as run:
        print(targets.work(3))
    assert not run.is_armed
else:
    print(targets.work(3))
"""


def test_a_model_that_is_stale_where_warnings_are_errors_forecasts_unarmed(tmp_path: Path) -> None:
    """`predict_memory` isn't where the host expects our warnings; `arm`, which it calls itself, may raise them."""
    out, err, code = run_both(tmp_path, {"main.py": UNARMED}, options=("-W", "error"))
    assert (out, err, code) == ("7\n", "", 0)


SUBINTERPRETER = """\
import sys
import tests.programs.observing
from tests.programs import targets
from tests.programs.observing import arm_if_asked
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

INSIDE = '''
import sys
sys.path[:0] = {path!r}
from tests.programs import targets
from tests.programs.observing import arm_if_asked
with arm_if_asked(targets.work, targets.loop) as run:
    print("inside", targets.work(4), targets.loop([1, 2]), flush=True)
print("after", targets.work(5), flush=True)
'''

inside = arm_if_asked(targets.work)
print(targets.work(1), flush=True)
for _ in range(2):
    made = interpreters.create()
    for _ in range(2):
        told = interpreters.run_string(made, INSIDE.format(path=sys.path))
        if told is not None:
            print("failed", told, flush=True)
    interpreters.destroy(made)
    print(targets.work(2), flush=True)
with inside:
    print(targets.work(3))
"""
INTERPRETERS = [name for name in ("_interpreters", "_xxsubinterpreters") if find_spec(name) is not None]


@pytest.mark.skipif(not INTERPRETERS, reason="this build of Python has no module for subinterpreters")
def test_another_interpreter_in_the_process_may_arm_the_same_function(tmp_path: Path) -> None:
    out, _, code = run_both(tmp_path, {"main.py": SUBINTERPRETER})
    assert code == 0
    assert "failed" not in out
    assert out.count("inside 9 3") == 4


def test_what_is_allocated_is_the_hosts_alone() -> None:
    """Hits that say nothing new leave nothing behind, by tracemalloc's count."""
    watched = watching(targets.loop, stored(targets.loop, "size", "for size"), fold="max")
    sizes = [7] * 10_000
    with peakahead.predict_memory(watched):
        targets.loop(sizes)
        tracemalloc.start()
        try:
            targets.loop(sizes)
            before = tracemalloc.take_snapshot()
            targets.loop(sizes)
            after = tracemalloc.take_snapshot()
        finally:
            tracemalloc.stop()
    ours = [tracemalloc.Filter(True, f"*{folder}/*") for folder in ("runtime", "models")]
    statistics = after.filter_traces(ours).compare_to(before.filter_traces(ours), "lineno")
    assert sum(statistic.size_diff for statistic in statistics) < 10_000
    peakahead.disarm(watched)


def test_with_the_garbage_collector_at_every_allocation() -> None:
    def told() -> object:
        return [outcome(lambda f=function: f(5)) for function in raising.ALL[:8]], stores.closures()  # type: ignore[misc]

    bare = told()
    thresholds = gc.get_threshold()
    with armed(*raising.ALL[:8], stores.closures, described.makes):
        gc.set_threshold(1, 1, 1)
        try:
            assert told() == bare
        finally:
            gc.set_threshold(*thresholds)
    assert gc.isenabled()
    assert gc.get_threshold() == thresholds


def test_settings_of_the_interpreter_are_left_alone() -> None:
    def settings() -> object:
        return (
            sys.getrecursionlimit(),
            sys.getswitchinterval(),
            sys.flags,
            gc.get_threshold(),
            gc.isenabled(),
            gc.get_freeze_count(),
            sys.gettrace(),
            sys.getprofile(),
            threading.gettrace(),
            threading.getprofile(),
            threading.active_count(),
            sys.excepthook,
            sys.unraisablehook,
            threading.excepthook,
            sys.displayhook,
            [sys.meta_path[:], sys.path_hooks[:], sys.path[:]],
            tracemalloc.is_tracing(),
        )

    with armed(stores.loops):  # whatever is imported for it is imported by now
        pass
    before = settings()
    with armed(stores.loops) as watched:
        assert settings() == before
        with peakahead.predict_memory(watched):
            stores.loops()
            assert settings() == before
    assert settings() == before
