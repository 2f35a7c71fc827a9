"""The example of a cloud function, end to end: in the real functions-framework server, with a real HTTP client.

It is deployed bare, deployed to record, learned from by the command line, and deployed with the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import correlation, median
from typing import Any

import pytest

import peakahead
from benchmarks.cloud_functions.run import learn
from benchmarks.cloud_functions.server import PROJECT, TRACE, Server
from peakahead.models.fields import Fields
from tests.results import watched

MIB = 2**20
TRAINED = range(30)
UNSEEN = range(100, 118)
LARGE, SMALL = [2, 15, 22, 52], 14  # seeds by which some 180,000 events are drawn, and 25,578
HEADERS = {"X-Cloud-Trace-Context": f"{TRACE}/2205310701640571284;o=1"}
SPECIAL = {"severity", "message", "logging.googleapis.com/trace", "logging.googleapis.com/labels"}


@dataclass(frozen=True)
class Deployed:
    bare: dict[int, Any]
    recorded: dict[int, Any]
    recorded_at_once: list[Any]
    learned: str
    model: str
    predicted: dict[int, Any]
    log: list[dict[str, Any]]
    results: Path


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    folder = tmp_path_factory.mktemp("deployed")
    traces, model = str(folder / "traces"), str(folder / "model.json")
    with Server() as server:
        bare = {seed: server.get(seed).json() for seed in {*TRAINED[:5], *UNSEEN[:5], *LARGE, SMALL}}
    with Server(PEAKAHEAD_TRACES=traces) as server:
        recorded = {seed: server.get(seed).json() for seed in TRAINED}
        recorded_at_once = at_once(server, LARGE)
    learned = learn(traces, model)
    results = folder / "results"
    with Server(PEAKAHEAD_MODEL=model, PEAKAHEAD_RESULTS=str(results)) as server:
        predicted = {seed: server.get(seed, **HEADERS).json() for seed in UNSEEN}
        log = server.log
    return Deployed(bare, recorded, recorded_at_once, learned, model, predicted, log, results)


def at_once(server: Server, seeds: list[int]) -> list[Any]:
    with ThreadPoolExecutor(len(seeds)) as pool:
        return [answer.json() for answer in pool.map(server.get, seeds)]


@pytest.fixture
def results(tmp_path: Path) -> str:
    return str(tmp_path / "results")


def logged(folder: str) -> Iterator[peakahead.Result]:
    for path in Path(folder).iterdir():
        for line in path.read_text().splitlines():
            yield peakahead.Result.from_json(Fields(json.loads(line), "a result"))


def test_it_answers_recorded_and_predicted_what_it_answers_bare(deployed: Deployed) -> None:
    bare = deployed.bare
    assert {seed: deployed.recorded[seed] for seed in TRAINED[:5]} == {seed: bare[seed] for seed in TRAINED[:5]}
    assert {seed: deployed.predicted[seed] for seed in UNSEEN[:5]} == {seed: bare[seed] for seed in UNSEEN[:5]}
    assert deployed.recorded_at_once == [bare[seed] for seed in LARGE]


def test_the_number_drawn_is_found_where_it_is_drawn(deployed: Deployed) -> None:
    stage = peakahead.load(deployed.model).stages[-1]
    assert [str(reading) for reading in stage.readings] == ["number"]
    assert stage.lead >= 0.9
    assert stage.error <= 0.05


def test_each_answer_has_one_line_that_cloud_logging_reads(deployed: Deployed) -> None:
    assert len(deployed.log) == len(UNSEEN)
    for line, answer in zip(deployed.log, deployed.predicted.values(), strict=True):
        assert line.keys() == {*SPECIAL, "peakahead"}
        assert line["severity"] in {"INFO", "WARNING"}
        assert line["message"].startswith("forecast ")
        assert line["logging.googleapis.com/trace"] == f"projects/{PROJECT}/traces/{TRACE}"
        told = line["peakahead"]
        assert told["readings"] == {"number": answer["events"]}
        assert told["overlapped"] is False
        assert told["above_bound"] is (line["severity"] == "WARNING")


def test_the_forecast_is_right_and_comes_first(deployed: Deployed) -> None:
    told = [line["peakahead"] for line in deployed.log]
    peaks = [row["measured_peak_bytes"] for row in told]
    assert median(abs(row["peak_bytes"] - peak) / peak for row, peak in zip(told, peaks, strict=True)) <= 0.03
    within = [peak <= row["upper_peak_bytes"] for row, peak in zip(told, peaks, strict=True)]
    assert sum(within) >= 0.9 * len(within)
    assert correlation([row["readings"]["number"] for row in told], peaks) > 0.99


def test_watch_tells_how_the_function_does(deployed: Deployed) -> None:
    told = watched(deployed.results, "main:make_up_events")
    assert (told["invocations"], told["left_out"], told["verdict"]) == (len(UNSEEN), {}, "too few to tell")
    assert told["median_error"] <= 0.03


def test_a_limit_refuses_before_the_memory_is_allocated(deployed: Deployed, results: str) -> None:
    limit = deployed.log[0]["peakahead"]["baseline_bytes"] + 40 * MIB
    with Server(PEAKAHEAD_MODEL=deployed.model, MEMORY_LIMIT=str(limit), PEAKAHEAD_RESULTS=results) as server:
        refused = server.get(LARGE[0])
        served = server.get(SMALL, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
        told_refused, told_served = server.log

    assert refused.status_code == 503
    assert "above limit=" in refused.json()["error"]
    assert told_refused["severity"] == "WARNING"
    assert told_refused["peakahead"]["failed"] == "PredictedMemoryExceeded"
    assert told_refused["peakahead"]["growth_bytes"] > 80 * MIB
    assert told_refused["peakahead"]["measured_growth_bytes"] < 2 * MIB
    assert served.status_code == 200
    assert served.json() == deployed.bare[SMALL]
    assert told_served["severity"] == "INFO"
    assert told_served["logging.googleapis.com/trace"] == f"projects/{PROJECT}/traces/{TRACE}"
    assert [result.failed for result in logged(results)] == ["PredictedMemoryExceeded", ""]


def test_requests_at_once_are_told_of_as_such(deployed: Deployed, results: str) -> None:
    with Server(PEAKAHEAD_MODEL=deployed.model, PEAKAHEAD_RESULTS=results) as server:
        answers = at_once(server, LARGE)
        alone = server.get(SMALL).json()
        log = [line["peakahead"] for line in server.log]

    assert [*answers, alone] == [deployed.bare[seed] for seed in (*LARGE, SMALL)]
    overlapped = {row["readings"]["number"]: row["overlapped"] for row in log}
    assert overlapped == {answer["events"]: answer is not alone for answer in (*answers, alone)}
    assert [result.overlapped for result in logged(results)] == [row["overlapped"] for row in log]


def test_what_ran_at_once_is_not_learned_from(deployed: Deployed) -> None:
    assert peakahead.load(deployed.model).training.invocations == len(TRAINED)
    assert peakahead.load(deployed.model).training.failures == {"overlapped": len(LARGE)}
    assert "overlapped" in deployed.learned
