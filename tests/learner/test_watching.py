"""What is said of models: by their results in simulated production, without a change and with one."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from peakahead.learner.watching import LEARN_AGAIN, LEVEL, REPLACED_AFTER, Judged, Watched, watch
from peakahead.models.result import Result
from tests.results import BASELINE, MIB, result

COVERAGE = 0.95
TRAINED = 0.03  # the median error in training
NOTICED = ((0, 20), (1_000, 50))  # after so many good ones, twice the memory is noticed within so many


def one(results: Sequence[Result]) -> Watched:
    (watched,) = watch([(float(k), each) for k, each in enumerate(results)])
    return watched


def many(n: int, **changes: Any) -> list[Result]:
    return [result(**changes) for _ in range(n)]


def production(draw: random.Random, n: int, factor: float = 1.0, warm: bool = False) -> Iterator[Result]:
    """Yield what a function's invocations leave, of sizes from 1 to 100 MiB.

    Args:
        draw: Random numbers.
        n: How many invocations.
        factor: What it needs, as a multiple of what it needed in training.
        warm: Whether one process runs all: it keeps some of what they freed, and they reuse some of that.
    """
    left = 0
    for _ in range(n):
        forecast = int(MIB * 100 ** draw.random())
        error = draw.gauss(0.0, TRAINED / 0.6745)
        need = int(forecast * factor * (1.0 + error)) + int(draw.uniform(0.0, 0.3) * MIB)
        upper = forecast + int(0.08 * (forecast + 4 * MIB))  # which less than 5 % pass without a change
        reused = int(draw.random() * min(left, need))
        made = result(forecast, need - reused, left, upper_bytes=upper, error=TRAINED)
        yield made.replaced(upper_peak_bytes=max(made.peak_bytes, BASELINE + upper))
        if warm:
            left = max(left, int(draw.random() * 0.3 * need))


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_without_a_change_nothing_is_learned_again(warm: bool) -> None:
    draw = random.Random(1)
    verdicts = [one(list(production(draw, 300, warm=warm))) for _ in range(25)]

    assert [watched.sentence for watched in verdicts if watched.verdict == LEARN_AGAIN] == []
    if not warm:
        assert {watched.verdict for watched in verdicts} == {"fine"}


def test_at_the_edge_of_the_hypotheses_alarms_are_as_rare_as_promised() -> None:
    draw = random.Random(2)
    runs = 80

    def edge() -> Result:  # 5 % need more than their bound, and with them half are off by more than is tolerated
        place = draw.random()
        needed = 25 if place < 1.0 - COVERAGE else 15 if place < 0.5 else 20
        return result(needed_bytes=needed * MIB)

    again = sum(one([edge() for _ in range(250)]).verdict == LEARN_AGAIN for _ in range(runs))
    assert again <= 2 * LEVEL * runs + 3 * math.sqrt(2 * LEVEL * runs)


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize(("good", "within"), NOTICED)
def test_twice_the_memory_is_noticed(warm: bool, good: int, within: int) -> None:
    draw = random.Random(3)
    noticed = 0
    for _ in range(10):
        before = list(production(draw, good, warm=warm))
        noticed += one([*before, *production(draw, within, 2.0, warm)]).verdict == LEARN_AGAIN
    assert noticed == 10


def test_the_readme_says_how_soon() -> None:
    said = " ".join((Path(__file__).parents[2] / "README.md").read_text().split())
    (_, fresh), (_, late) = NOTICED
    assert f"noticed within {fresh} invocations of a new log, and within {late} after a thousand good ones" in said
    assert 1 / LEVEL == 1_000  # as it says, too


@pytest.mark.parametrize(("factor", "within"), [(1.3, 60), (0.5, 60)])
def test_a_smaller_change_and_one_for_the_better_are_noticed(factor: float, within: int) -> None:
    draw = random.Random(4)
    found = [one([*production(draw, 200), *production(draw, within, factor)]) for _ in range(10)]
    assert [watched.verdict for watched in found] == [LEARN_AGAIN] * 10
    assert all("forecasts are off by more than 10.0%" in watched.sentence for watched in found)


def test_what_is_counted_of_one_invocation() -> None:
    fine = Judged.of(result(20 * MIB, 20 * MIB, ended_at=7.0, extrapolating=True))
    assert fine == Judged(7.0, "", 0.0, is_extrapolating=True)
    low = Judged.of(result(20 * MIB, 40 * MIB))
    assert (low.error, low.is_above, low.has_outgrown, low.is_off) == (0.5, True, True, True)
    high = Judged.of(result(20 * MIB, 10 * MIB))
    assert (high.error, high.is_above, high.has_outgrown, high.is_off) == (1.0, False, False, True)
    tiny = Judged.of(result(MIB // 10, MIB // 5))
    assert tiny.error == pytest.approx(0.05, rel=1e-3)  # of 2 MiB: less is page noise
    assert not tiny.is_off


@pytest.mark.parametrize(("error", "needed", "is_off"), [(0.0, 22, False), (0.0, 23, True), (0.3, 23, False)])
def test_an_error_is_off_beyond_twice_that_of_training_and_ten_percent(error: float, needed: int, is_off: bool) -> None:
    assert Judged.of(result(20 * MIB, needed * MIB, error=error)).is_off is is_off


def test_what_a_warm_process_keeps_is_no_drift() -> None:
    kept = Judged.of(result(20 * MIB, 20 * MIB, left_bytes=8 * MIB))  # nothing of it was reused
    assert (kept.error, kept.is_above) == (pytest.approx(8 / 28), True)
    assert (kept.is_off, kept.has_outgrown, kept.is_warm) == (False, False, False)
    reused = Judged.of(result(20 * MIB, 12 * MIB, left_bytes=8 * MIB))  # all of it was
    assert reused == Judged(reused.at)
    covered = Judged.of(result(20 * MIB, 0, left_bytes=25 * MIB))
    assert covered.is_warm
    assert not covered.is_off
    more = Judged.of(result(20 * MIB, 30 * MIB, left_bytes=25 * MIB))  # it needed more than ever was forecast
    assert more.is_warm
    assert more.is_off
    assert more.has_outgrown
    for needed in (20, 28):  # forked, it held less, and touched what it lacked, or didn't
        forked = Judged.of(result(20 * MIB, needed * MIB, left_bytes=-8 * MIB))
        assert (forked.is_off, forked.has_outgrown, forked.is_warm) == (False, False, False)


def test_processes_that_keep_memory_are_told_from_functions_that_need_more() -> None:
    watched = one(many(100, left_bytes=8 * MIB))

    assert watched.verdict == "leave room"
    assert watched.sentence.startswith("leave room: 100 of 100 peaks stand above the bound by what processes keep")
    assert (watched.bound.events, watched.errors.events, watched.processes.events) == (0, 0, 100)


def test_trivially_right_forecasts_hide_no_drift() -> None:
    covered = many(300, needed_bytes=0, left_bytes=40 * MIB)
    watched = one([*covered, *many(40, needed_bytes=10 * MIB)])

    assert watched.warm == 300
    assert (watched.errors.trials, watched.errors.events) == (40, 40)
    assert watched.verdict == LEARN_AGAIN


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"failed": "ValueError"}, "failed"),
        ({"overlapped": True}, "overlapped"),
        ({"measured_peak_bytes": None, "measured_growth_bytes": None}, "not measured"),
        ({"armed": False, "failed": "ValueError"}, "unarmed"),
    ],
)
def test_what_cant_be_told_apart_is_left_out(changes: dict[str, Any], reason: str) -> None:
    assert Judged.of(result(**changes)).left_out == reason
    watched = one([*many(30, needed_bytes=200 * MIB, **changes), *many(5)])

    assert (watched.invocations, watched.counted, watched.left_out) == (35, 5, {reason: 30})
    assert (watched.median_error, watched.above) == (0.0, 0)
    assert watched.bound.trials == watched.errors.trials == 5
    if reason != "unarmed":
        assert watched.sentence == (
            "too few to tell: 15 more are needed that run alone, to their end, and are measured"
        )


def test_what_ran_unarmed_must_be_learned_again() -> None:
    watched = one([*many(40), *many(1, armed=False, stage=0)])
    assert watched.verdict == LEARN_AGAIN
    assert "1 of 41 ran unarmed" in watched.sentence
    assert "the code isn't what was trained" in watched.sentence


@pytest.mark.parametrize(("coverage", "needed"), [(0.5, 2), (0.9, 10), (0.95, 20), (0.99, 100)])
def test_so_many_must_count_that_one_above_the_bound_is_expected(coverage: float, needed: int) -> None:
    too_few, enough = (one(many(n, coverage=coverage)) for n in (needed - 1, needed))
    assert too_few.verdict == "too few to tell"
    assert "1 more are needed" in too_few.sentence or needed == 2
    assert enough.verdict == enough.sentence == "fine"


def test_evidence_is_told_before_there_are_enough_to_call_it_fine() -> None:
    watched = one(many(6, needed_bytes=40 * MIB))
    assert watched.counted < watched.needed
    assert watched.sentence.startswith("learn again: 6 of 6 needed more than the upper bound, which 5.0% may;")


def test_inputs_beyond_the_range_are_told_from_a_fifth_on() -> None:
    def mixed(beyond: int) -> Watched:
        return one([*many(beyond, extrapolating=True), *many(100 - beyond)])

    assert mixed(20).verdict == "fine"
    assert mixed(21).sentence == "learn again: 21 of 100 lie beyond the training range: learn from such inputs too"
    assert one(many(19, extrapolating=True)).verdict == "too few to tell"


def test_functions_and_models_are_told_apart_and_a_replaced_one_is_not_judged() -> None:
    def told(switch: Callable[[int], str], n: int = 100) -> dict[str, str]:
        results = [
            (float(k), result(model=switch(k), needed_bytes=40 * MIB if switch(k) == "old" else 20 * MIB))
            for k in range(n)
        ]
        other = [(float(k), result(function="app:other")) for k in range(n)]
        return {f"{one.function} {one.model}": one.verdict for one in watch([*results, *other])}

    assert told(lambda k: "old" if k < 50 else "new") == {
        "app:other 0123456789ab": "fine",
        "app:work old": "replaced",
        "app:work new": "fine",
    }
    assert told(lambda k: "old" if k % 2 else "new")["app:work old"] == LEARN_AGAIN  # both are in use
    assert told(lambda k: "old" if k < 50 else "new", 50 + REPLACED_AFTER - 1)["app:work old"] == LEARN_AGAIN


def test_errors_of_training_are_those_of_the_best_informed_stage() -> None:
    watched = one([*many(20, stage=2, error=0.01), *many(20, stage=0, error=0.4)])
    assert watched.trained_error == 0.01


def test_results_of_any_clock_and_coverage_are_judged() -> None:
    for changes in ({"ended_at": 1e300}, {"ended_at": -1e300}, {"coverage": 0.0}, {"coverage": 1.0}, {"error": 1e300}):
        watched = one(many(30, needed_bytes=60 * MIB, armed=False, **changes) + many(30, **changes))
        assert watched.invocations == 60
        assert watched.sentence
    assert watch([]) == []
