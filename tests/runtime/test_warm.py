"""One process that serves invocations of very different sizes, one after the other."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

import peakahead
from peakahead.models.fields import Fields
from peakahead.models.model import BreakpointModel
from peakahead.models.result import Result
from peakahead.models.sizes import FLOOR_BYTES
from peakahead.runtime.invocation import ARENA_BYTES
from peakahead.runtime.resident import resident_bytes
from tests.programs.warm import MIB, ROW_BYTES, make_rows
from tests.runtime.models import at_entry, watching


@pytest.fixture
def armed() -> Iterator[BreakpointModel]:
    model = watching(make_rows, at_entry(make_rows, "size"))
    peakahead.arm(model, strict=True)
    yield model
    peakahead.disarm(model)


def run_program(model: str, order: str) -> bytes:
    command = [sys.executable, "-m", "tests.programs.warm", model, order]
    return subprocess.run(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of a model that was learned as all are: each invocation in a process of its own."""
    path = str(tmp_path_factory.mktemp("warm") / "model.json")
    run_program(path, "learn")
    return path


@pytest.mark.parametrize("order", ["random", "ascending", "descending"])
def test_absolute_forecasts_stay_right(learned: str, order: str) -> None:
    results = [Result.from_json(Fields(line, "result")) for line in json.loads(run_program(learned, order))]

    errors = []
    for result in results:
        assert result.measured_peak_bytes is not None
        assert result.measured_peak_bytes <= result.upper_peak_bytes
        above = max(result.measured_peak_bytes - result.baseline_bytes, FLOOR_BYTES)
        errors.append(abs(result.peak_bytes - result.measured_peak_bytes) / above)
    assert len(errors) == 60
    assert median(errors) <= 0.08


def test_the_bound_leaves_room_for_what_a_warm_process_cannot_reuse(armed: BreakpointModel) -> None:
    serve = peakahead.predict_memory(armed)
    with serve as cold:
        make_rows(MIB)
    with serve as warm:
        make_rows(MIB)

    margins = [run.forecast.upper_peak_bytes - run.forecast.peak_bytes for run in (cold, warm)]
    assert margins[0] == cold.forecast.upper_bytes - cold.forecast.growth_bytes
    assert margins[1] - margins[0] == ARENA_BYTES


def test_growth_counts_from_the_least_that_was_held_when_an_invocation_began(armed: BreakpointModel) -> None:
    serve = peakahead.predict_memory(armed, on_result=str)
    given = mmap.mmap(-1, 40 * MIB)  # the first one's arguments
    for page in range(0, len(given), mmap.PAGESIZE):
        given[page] = 1
    with serve as first:
        make_rows(MIB)
    given.close()
    with serve as second:
        make_rows(MIB)

    assert first.result is not None
    assert second.result is not None
    assert first.result.baseline_bytes - second.result.baseline_bytes == pytest.approx(40 * MIB, rel=0.05)
    assert second.result.peak_bytes < first.result.baseline_bytes


def test_memory_that_is_reused_is_not_counted_twice(armed: BreakpointModel) -> None:
    serve = peakahead.predict_memory(armed)
    with serve:
        make_rows(MIB)
    rows = [bytes(200) for _ in range(150 * MIB // ROW_BYTES)]
    kept = rows[::500]  # a few in each arena, which keep all of them from being given back
    del rows
    held = resident_bytes()

    with serve as run:
        make_rows(30 * MIB)

    assert run.forecast.growth_bytes == 30 * MIB
    assert run.forecast.peak_bytes == pytest.approx(held, abs=MIB)
    assert resident_bytes() == pytest.approx(held, abs=4 * MIB)
    assert kept


def test_nothing_of_ours_grows_with_the_invocations(armed: BreakpointModel, tmp_path: Path) -> None:
    serve = peakahead.predict_memory(armed, on_forecast=str, on_result=str, results=tmp_path)(make_rows)
    for number in range(4_000):
        serve(number)
    before = resident_bytes()

    for number in range(3_000):
        serve(number)

    assert resident_bytes() - before < MIB / 4
    assert sum(file.stat().st_size for file in os.scandir(tmp_path)) <= 2**20
