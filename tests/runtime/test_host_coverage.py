"""coverage.py measures the same lines and branches of an armed function, by each of its cores."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.programs import raising, stores, suspended
from tests.programs.observing import run_script

CORES = [("ctrace", False), ("ctrace", True), ("pytrace", True)]
if hasattr(sys, "monitoring"):  # the core that measures branches with it needs 3.14
    CORES.append(("sysmon", False))

MAIN = """\
import asyncio, contextlib, json, os, sys
import coverage
from hosts import raising, stores, suspended
from tests.programs.observing import arm_if_asked

raise_all = [raising.nested_handlers, raising.in_a_loop, raising.through_a_manager, raising.in_a_group]
functions = [*stores.ALL, *raise_all, *suspended.FUNCTIONS, raising.manager, stores.Box.fill, stores._numbers]

def run():
    for function in stores.ALL:
        function()
    for function in raise_all:
        with contextlib.suppress(Exception, SystemExit):
            function(5)
    for function in suspended.GENERATORS + suspended.BY_HAND:
        with contextlib.suppress(Exception):
            function()
    for function in suspended.COROUTINES:
        asyncio.run(function())

measured = coverage.Coverage(data_file=None, branch=sys.argv[2] == "True", include=["*/hosts/*"], config_file=False)
if sys.argv[1] == "before":
    with arm_if_asked(*functions):
        measured.start()
        run()
        measured.stop()
else:
    measured.start()
    with arm_if_asked(*functions):
        run()
    measured.stop()
data = measured.get_data()
told = {}
for file in sorted(data.measured_files()):
    _, statements, excluded, missing, _ = measured.analysis2(file)
    told[os.path.basename(file)] = [sorted(data.lines(file)), data.arcs(file) and sorted(data.arcs(file)), missing]
print(json.dumps([measured._collector.tracer_name(), told]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the functions, so that no settings of this project's choose what is measured."""
    found = tmp_path_factory.mktemp("covered")
    (found / "hosts").mkdir()
    (found / "hosts" / "__init__.py").touch()
    for module in (raising, stores, suspended):
        source = Path(str(module.__file__))
        (found / "hosts" / source.name).write_text(source.read_text())
    (found / "main.py").write_text(MAIN)
    return found


def measured(folder: Path, core: str, branch: bool, when: str, is_armed: bool) -> Any:
    done = run_script(
        folder,
        "main.py",
        is_armed=is_armed,
        options=("-W", "ignore"),
        arguments=(when, str(branch)),
        environment={"COVERAGE_CORE": core},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


TRACERS = {"ctrace": "CTracer", "pytrace": "PyTracer", "sysmon": "SysMonitor"}


@pytest.mark.parametrize(("core", "branch"), CORES)
def test_lines_and_arcs_are_the_same(folder: Path, core: str, branch: bool) -> None:
    tracer, bare = measured(folder, core, branch, "before", False)
    assert tracer == TRACERS[core]
    assert set(bare) == {"raising.py", "stores.py", "suspended.py"}
    assert all(len(lines) > 50 and (bool(arcs) == branch) for lines, arcs, _ in bare.values())
    for when in ("before", "after"):
        assert measured(folder, core, branch, when, True) == [tracer, bare], f"armed {when} coverage started"
