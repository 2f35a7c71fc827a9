"""What comes of input that nobody would wish for: a sound model, or an error that says what is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest

import peakahead
from peakahead.learner.traces import Trace
from peakahead.models.formulas import Formula, Term
from peakahead.models.model import BreakpointModel, Stage
from peakahead.models.readings import Path, Reading, Step
from tests.learner.made import Hit, fitted, made_trace
from tests.programs import drivers, hostile, liars
from tests.runtime.models import model as by_hand
from tests.runtime.models import stored

MIB = 2**20
NASTY = [0.0, -0.0, 1.0, -1.0, -3e9, math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, 1e-300, 1e18, 1e18 + 128]
NASTY += [9.2e18, 2.0**53, 1e150, 1e31, 1e29, 0.5, 12.0, 1e3, 1e6]
EXTREMES = [0.0, 5e-324, 1e-9, 1.0, 1e3, 1e9, 1e18, 1e150, 1.7e308]


def assert_sound(model: BreakpointModel) -> None:
    """Check what holds of every model, however it came about."""
    assert BreakpointModel.from_json(json.loads(json.dumps(model.to_json(), allow_nan=False))) == model
    assert str(model)
    assert str(model.report())
    for stage in model.stages:
        told = (stage.error, stage.error_larger, stage.lead, stage.bound.margin, stage.bound.margin_beyond)
        assert all(math.isfinite(number) and number >= 0 for number in told), stage
        inside = [0.0 if isinstance(seen, frozenset) else sum(seen) / 2 for seen in stage.seen]
        for place, seen in enumerate(stage.seen):
            if isinstance(seen, frozenset):
                inside[place] = min(seen)  # type: ignore[call-overload]  # a category's level is a text
        for place, seen in enumerate(stage.seen):
            if isinstance(seen, frozenset):
                assert_rises(stage, [[*inside[:place], level, *inside[place + 1 :]] for level in [*seen, "?"]], False)
            else:
                steps = sorted([*EXTREMES, *seen])
                assert_rises(stage, [[*inside[:place], value, *inside[place + 1 :]] for value in steps], True)


def assert_rises(stage: Stage, rows: Sequence[list[Any]], monotone: bool) -> None:
    before = 0.0
    for row in rows:
        growth = stage.formula.evaluate(row)
        assert math.isfinite(growth), (stage, row)
        assert growth >= (before if monotone else 0.0), (stage, row)
        assert growth == stage.formula.compile()(row)
        assert math.isfinite(stage.bound.above(growth, True))
        assert growth <= stage.bound.above(growth, False) <= stage.bound.above(growth, True)
        before = growth


@st.composite
def traces(draw: st.DrawFn) -> list[Trace]:
    """Return a few invocations of a function of four variables, any of which may be anything."""
    n = draw(st.integers(2, 14))
    peaks = draw(
        st.one_of(
            st.just([0] * n),
            st.just([30 * MIB] * n),
            st.lists(st.sampled_from([0, 1, 4096, MIB, 20 * MIB, 20_000 * MIB, 2**50]), min_size=n, max_size=n),
            st.lists(st.integers(0, 10**8), min_size=n, max_size=n),
        )
    )
    follows = {variable: draw(st.sampled_from(["peak", "nasty", "few", "level"])) for variable in "abcd"}
    few = draw(st.lists(st.sampled_from(NASTY), min_size=1, max_size=3))
    made = []
    for peak in peaks:
        hits: list[Hit] = []
        for variable in draw(st.permutations("abcd")) if draw(st.booleans()) else "abcd":
            for _ in range(draw(st.sampled_from([1, 1, 1, 2, 0]))):
                noise = draw(st.floats(0.9, 1.1))
                read = {
                    "peak": peak * noise / 1_000,
                    "nasty": draw(st.sampled_from(NASTY)),
                    "few": draw(st.sampled_from(few)),
                    "level": f"level {draw(st.integers(0, 3))}",
                }[follows[variable]]
                name = "text" if isinstance(read, str) else draw(st.sampled_from(["value", "value", "len"]))
                hits.append((variable, peak * draw(st.sampled_from([0.0, 0.0, 0.5, 1.0])), {name: read}))
        made.append(made_trace(hits, peak))
    return made


@hypothesis.settings(max_examples=25, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
@hypothesis.given(traces())
def test_whatever_is_read_the_model_is_sound(made: list[Trace]) -> None:
    assert_sound(fitted(made))


def driven(k: int, **also: float | str) -> tuple[float, Hit]:
    """Return a peak and the hit of a variable that drives it."""
    size = 1e6 * (3 + k * 7 % 23)
    return 2 * size + 3e6, ("size", 0.0, {"value": size, **also})


# What each of 24 invocations is made of, beside `size`, which drives their peaks.
ODDITIES: dict[str, Any] = {
    "a reading in some invocations only": lambda k: [
        ("odd", 0.0, {"value": 1.0, **({"len": 5.0 * k} if k % 2 else {})})
    ],
    "a site in some invocations only": lambda k: [("odd", 0.0, {"value": 5.0 * k})] if k % 2 else [],
    "a duplicate": lambda k: [("odd", 0.0, dict(driven(k)[1][2]))],
    "a constant": lambda k: [("odd", 0.0, {"value": 7.0})],
    "numbers near 1e18": lambda k: [("odd", 0.0, {"value": 1e18 + 4096.0 * (k * 5 % 7)})],
    "a vast number once": lambda k: [("odd", 0.0, {"value": 1e308 if k == 3 else float(k)})],
    "no numbers": lambda k: [("odd", 0.0, {"value": math.nan if k % 2 else math.inf})],
    "a category of 200 levels": lambda k: [("odd", 0.0, {"text": f"level {k * 8 + h}"}) for h in range(8)],
    "a category of two levels": lambda k: [("odd", 0.0, {"text": f"level {k % 2}"})],
    "a text where others have numbers": lambda k: [("odd", 0.0, {"text": "x"} if k % 2 else {"value": 1.0 * k})],
}


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("first", [True, False])
def test_an_odd_column_beside_it_does_not_hide_the_driver(oddity: str, first: bool) -> None:
    made = []
    for k in range(24):
        peak, hit = driven(k)
        odd = ODDITIES[oddity](k)
        made.append(made_trace([*odd, hit] if first else [hit, *odd], int(peak)))

    model = fitted(made, 0.95)

    assert_sound(model)
    stage = model.stages[-1]
    assert [reading.feature for reading in stage.readings] == ["value"], model.report()
    assert [term.coefficient for term in stage.formula.terms] == [pytest.approx(2, rel=0.01)]


def test_sites_in_another_order_in_each_invocation_are_no_driver_s_ruin() -> None:
    made = []
    for k in range(24):
        peak, hit = driven(k)
        others: list[Hit] = [("b", 0.0, {"value": 1.0 * k}), ("c", 0.0, {"value": 2.0 * (k % 5)})]
        made.append(made_trace([*others[: k % 3], hit, *others[k % 3 :]], int(peak)))

    model = fitted(made, 0.95)

    assert_sound(model)
    assert [str(reading) for reading in model.stages[-1].readings] == ["size"]


@pytest.mark.parametrize("peaks", [[0] * 24, [0, 50 * MIB] * 12, [30 * MIB] * 24, [0] * 23 + [10 * MIB]])
def test_peaks_that_tell_nothing_leave_the_stage_at_the_start(peaks: list[int]) -> None:
    made = [made_trace([("a", 0.0, {"value": 1.0 * (k * 11 % 24)})], peak) for k, peak in enumerate(peaks)]

    model = fitted(made, 0.95)

    assert_sound(model)
    (start,) = model.stages
    assert start.bound.above(start.formula.intercept, False) >= sorted(peaks)[22]


def test_one_invocation_a_thousand_times_the_others_does_not_spoil_theirs() -> None:
    sizes = [1e6 * (1 + k) for k in range(23)] + [2.3e10]
    made = [made_trace([("size", 0.0, {"value": size})], int(2 * size + 5e6)) for size in sizes]

    model = fitted(made, 0.95)

    assert_sound(model)
    assert model.stages[-1].formula.evaluate([1e7]) == pytest.approx(2.5e7, rel=0.05)


def test_two_invocations_are_enough_where_the_coverage_asks_for_no_more() -> None:
    assert_sound(fitted([made_trace([driven(k)[1]], int(driven(k)[0])) for k in range(2)], 0.5))


def test_no_hits_at_all_leave_the_stage_at_the_start() -> None:
    model = fitted([made_trace([], 5 * MIB + k) for k in range(20)], 0.95)

    assert_sound(model)
    assert len(model.stages) == 1


CALLS = [(count, k) for k, count in enumerate(range(2_000, 13_000, 500))]


def test_lies_are_not_believed() -> None:
    model = peakahead.learn(hostile.lies, CALLS, jobs=2, repeats=2)

    assert_sound(model)
    stage = model.stages[-1]
    assert "count" in str(stage.readings[0]), model.report()
    assert stage.error < 0.05


def test_no_code_of_a_hostile_object_runs_in_the_tracer_or_at_a_breakpoint() -> None:
    model = peakahead.learn(hostile.reports_what_ran, [(count,) for count, _ in CALLS], jobs=2, repeats=2)

    assert model.training.failures == {}
    assert_sound(model)
    with peakahead.predict_memory(model) as run:
        hostile.reports_what_ran(5_000)
    peakahead.disarm(model)
    assert run.forecast.breakpoint != model.stages[0].site


VARIABLES = {"plain": "Hostile(", "listed": "HostileList(", "text": "HostileStr(", "number": "HostileInt("}
VARIABLES |= {"classed": "OfMeta(", "held": "held = ", "shelf": "shelf = ", "pair": "pair = "}
ASKED: list[tuple[Path, str]] = [((), feature) for feature in ("value", "len", "file_size", "file_size_sum")]
ASKED += [((Step(kind, name),), "value") for kind in ("attribute", "item") for name in ("size", "item")]


@pytest.mark.parametrize(("path", "feature"), ASKED, ids=str)
def test_no_code_of_a_hostile_object_runs_whatever_a_breakpoint_asks_of_it(path: Path, feature: str) -> None:
    line = Formula(0.0, (Term(1.0, (0,)),))
    sites = [stored(hostile.handed, variable, text) for variable, text in VARIABLES.items()]
    watched = by_hand(
        hostile.handed,
        *((site, [Reading(site, path, feature)], line) for site in sites),
        (
            stored(hostile.handed, "size", "size = "),
            [Reading(stored(hostile.handed, "size", "size = "), (), "value")],
            line,
        ),
    )

    with peakahead.predict_memory(watched) as run:
        assert hostile.handed(5_000) == []
    peakahead.disarm(watched)

    assert run.forecast.growth_bytes == 5_000_000


def test_fewer_hits_than_in_training_still_give_a_forecast() -> None:
    calls = [([int((1 + k * 7 % 5) * MIB / 2) for _ in range(3 + k % 4)],) for k in range(20)]
    model = peakahead.learn(drivers.keeps, calls, jobs=2, repeats=2)

    forecasts = []
    for sizes in ([], [MIB], [MIB, 2 * MIB]):
        with peakahead.predict_memory(model) as run:
            drivers.keeps(sizes)
        forecasts.append(run.forecast)
    peakahead.disarm(model)

    assert forecasts[0].growth_bytes == pytest.approx(model.stages[0].formula.intercept, abs=1)
    assert forecasts[1].growth_bytes < forecasts[2].growth_bytes < 6 * MIB


def test_registered_features_that_raise_lie_or_dawdle_leave_the_truth_to_the_others() -> None:
    calls = [(liars.Parcel(size),) for size in range(2 * MIB, 24 * MIB, MIB)]

    model = peakahead.learn(liars.opens, calls, jobs=2, repeats=0)

    stage = model.stages[-1]
    assert [str(reading) for reading in stage.readings] in (["tells_the_truth(parcel)"], ["dawdles(parcel)"])
    assert stage.lead >= 0.9
    assert stage.error < 0.05
    assert model.training.failures == {}
