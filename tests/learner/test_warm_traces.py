"""Traces of processes that ran before: what a model learns of them holds for a cold process."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

import peakahead
from peakahead.learner.origin import Origin, read_origin, with_origin
from peakahead.learner.recording import MAGIC
from peakahead.learner.warmth import COLD, Warmth, warmths
from peakahead.models.errors import TrainingFailed
from tests.learner.written import HELPER, MIB, ORIGIN, TARGET, write

ROOT = Path(__file__).parents[2]
RUN = "import sys; from tests.programs import recorded_warm; recorded_warm.main(sys.argv[1:])"
FORECAST = """
import json, sys, peakahead
from tests.programs import recorded_warm
model = peakahead.load(sys.argv[1])
peakahead.arm(model, strict=True)
for size in map(int, sys.argv[3:]):
    with peakahead.predict_memory(model) as run:
        getattr(recorded_warm, sys.argv[2])(size)
    print(run.forecast.growth_bytes)
"""


def python(*arguments: object, **environment: str) -> list[int]:
    """Run Python with one thread for NumPy's products; return the numbers that it prints."""
    command = [sys.executable, "-c", *map(str, arguments)]
    told = {**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment}
    said = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, check=True).stdout
    return [int(line) for line in said.split()]


def forecasts(model: peakahead.BreakpointModel, function: str, sizes: list[int], folder: Path) -> list[int]:
    """Return what production forecasts, in a process of its own."""
    model.save(folder / "model.json")
    return python(FORECAST, folder / "model.json", function, *sizes)


def cold_growth(function: str, sizes: list[int]) -> list[int]:
    """Return by how much fresh processes grow."""
    return [python(RUN, "cold", function, size)[0] for size in sizes]


def errors(forecast: list[int], measured: list[int]) -> list[float]:
    return [(one - peak) / max(peak, 2 * MIB) for one, peak in zip(forecast, measured, strict=True)]


def test_a_numpy_function_learned_in_warm_processes_is_forecast_for_a_cold_one(tmp_path: Path) -> None:
    generator = random.Random(4)
    traces, apart = tmp_path / "traces", tmp_path / "apart"
    for first in (300, 700):
        python(RUN, traces, "gram", first, *(generator.randint(150, 1_000) for _ in range(19)))
    sizes = [250, 500, 750, 950]
    measured = cold_growth("gram", sizes)

    model = peakahead.fit(traces)

    assert "38 of 40 ran after others in their process, and are taken as in a cold one" in str(model)
    assert median(map(abs, errors(forecasts(model, "gram", sizes, tmp_path), measured))) < 0.05

    # The same traces, as if each had had a process of its own.
    apart.mkdir()
    for path in traces.iterdir():
        content = path.read_bytes()
        origin = read_origin(content)
        (apart / path.name).write_bytes(
            with_origin(MAGIC + content[len(with_origin(MAGIC, origin)) :], replace(origin, process=""))
        )
    assert median(errors(forecasts(peakahead.fit(apart), "gram", sizes, tmp_path), measured)) < -0.15


def test_what_a_cache_gathers_is_no_other_invocations_need(tmp_path: Path) -> None:
    generator = random.Random(5)
    python(RUN, tmp_path / "traces", "caching", *(generator.randint(300, 3_000) for _ in range(20)))
    sizes = [500, 2_600]

    found = forecasts(peakahead.fit(tmp_path / "traces"), "caching", sizes, tmp_path)

    # The kernel's own account of a process is a quarter of a MiB off at times; what was gathered comes to 10 MB.
    assert max(map(abs, errors(found, cold_growth("caching", sizes)))) < 0.15


def process(
    baselines: list[float], peaks: list[float], name: str = "p", places: list[int] | None = None
) -> list[Origin]:
    """Return where the invocations of one process come from, baselines and peaks in MiB."""
    return [
        replace(
            ORIGIN,
            invocation=f"{name}-{place}",
            process=name,
            place=place,
            baseline_bytes=int(baseline * MIB),
            peak_bytes=int(peak * MIB),
        )
        for place, baseline, peak in zip(places or range(len(peaks)), baselines, peaks, strict=True)
    ]


def added(origins: list[Origin]) -> list[float]:
    """Return what is added to each growth, in MiB."""
    return [round(warmth.shift_bytes / MIB, 2) for warmth in warmths(origins, TARGET)]


def test_what_the_first_invocation_left_is_given_to_the_others() -> None:
    assert added(process([100, 112, 112, 112], [20, 8, 5, 7])) == [0, 12, 12, 12]
    assert added(process([100, 112], [20, 8])) == [0, 12]
    assert added(process([100], [20])) == [0]
    assert added(process([100, 90, 90], [20, 8, 8])) == [0, 0, 0]
    assert added([replace(ORIGIN, peak_bytes=MIB, invocation=str(k)) for k in range(3)]) == [0, 0, 0]


def test_processes_are_told_apart_whatever_the_order() -> None:
    one, two = process([100, 112, 112], [20, 8, 5]), process([50, 54, 54], [10, 6, 7], "q")
    two = [replace(origin, python="3.13.0") for origin in two]
    mixed = [two[2], one[1], two[0], one[0], one[2], two[1]]

    assert added(mixed) == [4, 12, 0, 0, 12, 4]


def test_memory_that_was_freed_and_is_given_back_later_was_the_invocations_to_use() -> None:
    told = warmths(process([100, 112, 130, 112, 112], [20, 30, 3, 8, 8]), TARGET)

    assert told[2] == Warmth(12 * MIB, 18 * MIB, False)
    assert told[2].hides(3 * MIB)
    assert not told[2].hides(20 * MIB)
    assert added(process([100, 112, 130, 112, 112], [20, 30, 3, 8, 8])) == [0, 12, 30, 12, 12]


def test_pages_that_a_larger_one_left_are_not_given_to_a_smaller_one() -> None:
    # The fourth needs 10 MiB, 4 of them pages that stay; halfway there are 2.
    assert added(process([100, 112, 112, 112, 116, 116, 116], [14, 1, 2, 14, 6, 1, 12])) == [0, 12, 12, 12, 14, 12, 16]


def test_what_the_first_one_left_is_less_for_what_is_smaller_than_it() -> None:
    small, large = process([100, 104, 104], [5, 4, 8], "p"), process([100, 112, 112], [32, 1, 12], "q")

    assert added([*small, *large]) == [0, 4, 4, 0, 4, 12]


def test_where_the_first_invocation_is_missing_it_is_as_in_other_processes() -> None:
    known = process([100, 112, 112], [20, 8, 7])
    sampled = process([212, 212], [8, 9], "q", places=[40, 77])

    assert added([*known, *sampled]) == [0, 12, 12, 12, 12]
    assert added(sampled) == [0, 0]
    assert not any(warmth.is_known for warmth in warmths(sampled, TARGET))


def test_what_a_process_held_before_its_first_invocation_may_be_told_by_any_other() -> None:
    sampled = [replace(origin, cold_bytes=100 * MIB) for origin in process([112, 112], [8, 9], places=[40, 77])]

    assert added(sampled) == [12, 12]
    assert all(warmth.is_known for warmth in warmths(sampled, TARGET))


def test_what_did_not_come_to_its_measuring_tells_nothing() -> None:
    origins = process([100, 0, 112, 0, 112], [20, 0, 8, 0, 9])
    origins[1], origins[3] = (replace(origins[k], status="overlapped") for k in (1, 3))

    assert added(origins) == [0, 0, 12, 0, 12]
    assert added([replace(origins[3], place=0), *origins[1:]]) == [0, 0, 0, 0, 0]


def test_what_another_function_left_is_not_this_ones() -> None:
    both = process([100, 101, 113, 113, 113], [2, 14, 1, 2, 1])
    both[1], both[3] = replace(both[1], target=HELPER), replace(both[3], target=HELPER)

    assert [warmth.shift_bytes // MIB for warmth in warmths(both, TARGET)][::2] == [0, 1, 1]
    assert warmths(both, HELPER)[1].shift_bytes == 0
    assert warmths(both, HELPER)[3].shift_bytes == 12 * MIB


@pytest.mark.parametrize("status", ["overlapped", "timed out", "killed"])
def test_one_of_unknown_size_ends_what_smaller_ones_left(status: str) -> None:
    origins = process([100, 112, 130, 130], [20, 9, 1, 50])
    origins[1] = replace(origins[1], status=status)

    assert added(origins)[3] == 12


def test_an_invocation_of_its_own_process_is_cold() -> None:
    assert warmths([ORIGIN], TARGET) == [COLD]


def test_hidden_ones_are_set_aside_and_missing_first_ones_named(tmp_path: Path) -> None:
    for number in range(26):
        free = 400 if number in (5, 9) else 0
        write(tmp_path, number, process="p", place=number + 3, baseline_bytes=(100 + free) * MIB)

    model = peakahead.fit(tmp_path)

    assert model.training.failures == {"hidden": 2}
    assert "Set aside: 2 whose need was hidden, since their process had freed more than that." in str(model)
    assert "No process's first invocation is among them" in str(model)


def test_when_most_are_hidden_it_says_why_there_are_too_few(tmp_path: Path) -> None:
    for number in range(26):
        write(tmp_path, number, process="p", place=number, baseline_bytes=(900 if 5 < number < 20 else 100) * MIB)

    with pytest.raises(
        TrainingFailed, match=r"set aside: 14 whose need was hidden, .*; 12 measured invocations are too"
    ):
        peakahead.fit(tmp_path)


def test_the_range_of_peaks_is_that_of_a_cold_process(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path, number, process="p", place=number, baseline_bytes=(100 if number == 0 else 108) * MIB)

    training = peakahead.fit(tmp_path).training

    assert training.peak_range_bytes == (2 * MIB, (2 * 30 + 8) * MIB)
    assert json.loads(json.dumps(training.to_json()))["invocations"] == 20
