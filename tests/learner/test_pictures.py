"""Pictures of models: what is drawn is what was measured, what production says, and what training saw."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import peakahead
from peakahead.learner.origin import Origin, read_origin
from peakahead.learner.pictures import save
from peakahead.models.errors import InvalidOption, InvalidTrace
from peakahead.models.model import BreakpointModel
from tests.programs import drivers
from tests.runtime.models import at_entry, model, watching

MIB = 2**20
N = 20
GENERATOR = random.Random(5)
KINDS = {"u1": 1, "f4": 4, "f8": 8}


@dataclass(frozen=True)
class Learned:
    """A function, what it was called with, and what came of it."""

    function: Callable[..., Any]
    calls: list[tuple[Any, ...]]
    larger: list[tuple[Any, ...]]
    model: BreakpointModel
    traces: Path

    def origins(self) -> dict[str, Origin]:
        return {path.name: read_origin(path.read_bytes()[: 2**16]) for path in sorted(self.traces.iterdir())}

    def named(self, larger: bool = False) -> list[str]:
        """Return the names of the trace files in the order of the calls."""
        names = list(self.origins())
        runs = list(dict.fromkeys(name.split("-")[0] for name in sorted(names, key=self._written)))
        return [name for name in names if name.startswith(runs[larger])]

    def _written(self, name: str) -> int:
        return (self.traces / name).stat().st_mtime_ns


def learn(
    folder: Path, function: Callable[..., Any], calls: list[tuple[Any, ...]], larger: list[tuple[Any, ...]]
) -> Learned:
    """Learn from calls; trace larger ones besides, into the same folder."""
    traces = folder / function.__name__
    found = peakahead.learn(function, calls, jobs=2, repeats=0, traces=traces)
    if larger:
        peakahead.learn(function, larger, jobs=2, repeats=0, coverage=0.5, traces=traces)
    return Learned(function, calls, larger, found, traces)


def size(low: float, high: float) -> int:
    return int(GENERATOR.uniform(low, high) * MIB)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


@pytest.fixture(scope="module")
def keeps(folder: Path) -> Learned:
    calls = [([size(0.5, 3) for _ in range(GENERATOR.randint(2, 6))],) for _ in range(N)]
    return learn(folder, drivers.keeps, calls, [([4 * MIB] * 9,), ([5 * MIB] * 8,)])


@pytest.fixture(scope="module")
def kinds(folder: Path) -> Learned:
    calls = [(size(0.6, 6), list(KINDS)[k % 3]) for k in range(24)]
    return learn(folder, drivers.kind_switches, calls, [(12 * MIB, "f8"), (14 * MIB, "f8")])


@pytest.fixture(scope="module")
def recursion(folder: Path) -> Learned:
    return learn(folder, drivers.recursion, [(GENERATOR.randint(2, 8), size(0.3, 1.5)) for _ in range(N)], [])


@pytest.fixture(scope="module")
def constant(folder: Path) -> Learned:
    return learn(folder, drivers.constant, [(n,) for n in range(N)], [])


def artist(axes: Axes, gid: str) -> Any:
    (found,) = (child for child in axes.get_children() if child.get_gid() == gid)
    return found


def points(axes: Axes, gid: str) -> list[tuple[float, float]]:
    return sorted(zip(*map(list, artist(axes, gid).get_data()), strict=True))


def said_by_production(learned: Learned, call: tuple[Any, ...]) -> list[peakahead.Forecast]:
    forecasts: list[peakahead.Forecast] = []
    try:
        with peakahead.predict_memory(learned.model, on_forecast=forecasts.append):
            learned.function(*call)
    finally:
        peakahead.disarm(learned.model)
    return forecasts


@pytest.mark.parametrize("name", ["keeps", "kinds", "recursion", "constant"])
def test_the_forecasts_over_time_are_those_of_production(name: str, request: pytest.FixtureRequest) -> None:
    learned: Learned = request.getfixturevalue(name)
    called = list(zip(learned.calls, learned.named(), strict=True))[::5]
    if learned.larger:
        called += zip(learned.larger, learned.named(larger=True), strict=True)
    for call, file in called:
        said = said_by_production(learned, call)
        axes = peakahead.plot(learned.model, learned.traces, invocation=file).axes[0]

        assert [int(y) for y in artist(axes, "forecast").get_ydata()[:-1]] == [one.growth_bytes for one in said]
        assert [int(y) for y in artist(axes, "upper").get_ydata()[:-1]] == [one.upper_bytes for one in said]
        for index in range(len(learned.model.stages)):
            drawn = [int(y) for y in artist(axes, f"stage {index + 1}").get_ydata()]
            assert drawn == [one.growth_bytes for one in said if one.stage == index]


def test_a_forest_speaks_as_in_production(keeps: Learned) -> None:
    data = keeps.model.to_json()
    tree = {
        "inputs": [0, -1, -1],
        "thresholds": [6.0 * MIB, 0, 0],
        "left": [1, 0, 0],
        "right": [2, 0, 0],
        "factors": [1, 0.5, 2],
    }
    data["stages"][-1]["forest"] = {"inputs": [{"reading": 0}], "trees": [tree]}
    forested = BreakpointModel.from_json(json.loads(json.dumps(data)))
    learned = Learned(keeps.function, keeps.calls, [], forested, keeps.traces)
    for call, file in list(zip(keeps.calls, keeps.named(), strict=True))[::7]:
        over_time, peaks = peakahead.plot(forested, keeps.traces, invocation=file).axes
        said = said_by_production(learned, call)

        assert [int(y) for y in artist(over_time, "forecast").get_ydata()[:-1]] == [one.growth_bytes for one in said]
        drawn = [*points(peaks, "measured within"), *points(peaks, "measured beyond")]
        assert said[-1].growth_bytes in [int(x) for x, _ in drawn]


def test_growth_over_time_rises_to_the_peak(keeps: Learned) -> None:
    for file in keeps.named()[:5]:
        axes = peakahead.plot(keeps.model, keeps.traces, invocation=file).axes[0]
        times, growth = artist(axes, "growth").get_data()

        assert (np.diff(times) >= 0).all()
        assert (np.diff(growth) >= 0).all()
        assert growth[-1] == keeps.origins()[file].peak_bytes
        assert axes.get_ylim()[1] > growth[-1]


def test_the_measured_points_are_the_readings_and_the_peaks(keeps: Learned) -> None:
    axes = peakahead.plot(keeps.model, keeps.traces).axes[1]
    peaks = {name: origin.peak_bytes for name, origin in keeps.origins().items()}

    def expected(calls: list[tuple[Any, ...]], files: list[str]) -> list[tuple[float, float]]:
        return sorted((sum(sizes), peaks[file]) for (sizes,), file in zip(calls, files, strict=True))

    assert points(axes, "measured within") == expected(keeps.calls, keeps.named())
    assert points(axes, "measured beyond") == expected(keeps.larger, keeps.named(larger=True))
    assert axes.get_xlabel() == "sum of size"
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert "22 of 22 within the bound" in axes.get_title(loc="left")


def test_the_band_stands_on_the_forecast_and_reaches_the_bound_of_production(keeps: Learned) -> None:
    axes = peakahead.plot(keeps.model, keeps.traces).axes[1]
    for calls, where in ((keeps.calls, "within"), (keeps.larger, "beyond")):
        for call in calls[:4]:
            said = said_by_production(keeps, call)[-1]
            paths = [one.get_paths()[0] for one in axes.collections if one.get_gid() == f"bound {where}"]
            (band,) = [path for path in paths if path.get_extents().x0 <= sum(call[0]) <= path.get_extents().x1]
            middle = (said.growth_bytes + said.upper_bytes) / 2
            height = said.upper_bytes - said.growth_bytes
            assert band.contains_point((sum(call[0]), middle))
            assert not band.contains_point((sum(call[0]), middle + 0.55 * height))
            assert not band.contains_point((sum(call[0]), middle - 0.55 * height))


def test_a_level_has_its_own_curve_and_points(kinds: Learned) -> None:
    axes = peakahead.plot(kinds.model, kinds.traces).axes[1]

    for level, factor in KINDS.items():
        xs, ys = artist(axes, f"forecast within {level}").get_data()
        assert list(ys) == pytest.approx([factor * x for x in xs], rel=0.05, abs=0.2 * MIB)
        counts = sorted(count for count, kind in kinds.calls if kind == level)
        assert [x for x, _ in points(axes, f"measured within {level}")] == counts
        colors = {artist(axes, f"{what} within {level}").get_color() for what in ("measured", "forecast")}
        assert len(colors) == 1
    assert [x for x, _ in points(axes, "measured beyond f8")] == [12 * MIB, 14 * MIB]


def test_a_level_that_training_never_saw_is_told_apart(kinds: Learned) -> None:
    data = kinds.model.to_json()
    stage = data["stages"][-1]
    (seen,) = [one for one in stage["seen"] if "levels" in one]
    seen["levels"].remove({"level": "f8"})
    (switch,) = [term["switch"] for term in stage["formula"]["terms"] if "switch" in term]
    switch["levels"] = [one for one in switch["levels"] if one["level"] != "f8"]
    figure = peakahead.plot(BreakpointModel.from_json(data), kinds.traces)

    assert len(points(figure.axes[1], "measured beyond f8")) == 10
    assert "f8, not in training" in texts(figure)
    assert "f8" not in texts(figure)


def test_the_training_range_is_marked(kinds: Learned) -> None:
    counts = [count for count, _ in kinds.calls]
    for traces in (None, kinds.traces):
        axes = peakahead.plot(kinds.model, traces).axes[-1]
        shaded = artist(axes, "training range").get_bbox()
        assert (shaded.x0, shaded.x1) == (min(counts), max(counts))


def test_a_product_is_drawn_over_the_product(recursion: Learned) -> None:
    axes = peakahead.plot(recursion.model, recursion.traces).axes[1]

    assert axes.get_xlabel() == "depth x size"
    assert [x for x, _ in points(axes, "measured within")] == sorted(depth * size for depth, size in recursion.calls)


def test_several_terms_are_drawn_over_the_forecast(keeps: Learned) -> None:
    data = keeps.model.to_json()
    stage = data["stages"][-1]
    other = copy.deepcopy(stage["readings"][0])
    other["fold"] = "max"
    stage["readings"].append(other)
    stage["seen"].append({"low": 0.0, "high": 4.0 * MIB})
    stage["formula"]["terms"].append({"coefficient": 0.25, "factors": [1]})
    axes = peakahead.plot(BreakpointModel.from_json(data), keeps.traces).axes[1]

    (coefficient,) = [term["coefficient"] for term in stage["formula"]["terms"] if term["factors"] == [0]]
    expected = sorted(
        stage["formula"]["intercept"] + coefficient * sum(sizes) + 0.25 * max(sizes) for (sizes,) in keeps.calls
    )
    assert axes.get_xlabel() == "forecast"
    assert [x for x, _ in points(axes, "measured within")] == pytest.approx(expected)
    xs, ys = artist(axes, "forecast within").get_data()
    assert list(xs) == list(ys)


def test_a_function_that_nothing_explains_shows_its_peaks_in_order(constant: Learned) -> None:
    over_time, axes = peakahead.plot(constant.model, constant.traces).axes

    assert list(artist(axes, "measured").get_ydata()) == sorted(o.peak_bytes for o in constant.origins().values())
    assert artist(over_time, "forecast").get_xdata()[0] == 0
    (alone,) = peakahead.plot(constant.model).axes
    assert "whatever the invocation" in alone.get_xlabel()


def test_the_invocation_is_the_one_that_is_asked_for(keeps: Learned) -> None:
    peaks = sorted(origin.peak_bytes for origin in keeps.origins().values())
    for asked, peak in (("smallest", peaks[0]), ("median", peaks[10]), ("largest", peaks[-1])):
        axes = peakahead.plot(keeps.model, keeps.traces, invocation=asked).axes[0]
        assert artist(axes, "growth").get_ydata()[-1] == peak
        assert f"the {asked} of 22" in axes.get_title(loc="left")
    run = keeps.named()[0].split("-")[0]
    with pytest.raises(InvalidOption, match=r"invocation='.*' is the beginning of 20 of the traces in .*: give small"):
        peakahead.plot(keeps.model, keeps.traces, invocation=run)
    with pytest.raises(InvalidOption, match="invocation='nothing' is none of the traces"):
        peakahead.plot(keeps.model, keeps.traces, invocation="nothing")


def test_traces_that_cannot_be_drawn_are_left_out_and_named(keeps: Learned, tmp_path: Path) -> None:
    first, *others = keeps.named()
    (tmp_path / first).write_bytes((keeps.traces / first).read_bytes()[:-20])
    for name in others:
        (tmp_path / name).write_bytes((keeps.traces / name).read_bytes())

    with pytest.warns(UserWarning, match=rf"traces that are left out: 1 \({first}: the trace was cut short"):
        axes = peakahead.plot(keeps.model, tmp_path).axes[1]
    assert len(points(axes, "measured within")) == len(others)


def test_traces_of_other_code_are_not_drawn(keeps: Learned, kinds: Learned, tmp_path: Path) -> None:
    data = keeps.model.to_json()
    data["fingerprints"][0] |= {"source": "0" * 32, "code": {}}
    with pytest.raises(InvalidOption, match="another version of the function's code"):
        peakahead.plot(BreakpointModel.from_json(data), keeps.traces)
    with pytest.raises(
        InvalidOption, match=r"holds no traces of tests\.programs\.drivers:keeps that can be drawn: give"
    ):
        peakahead.plot(keeps.model, kinds.traces)
    with pytest.raises(InvalidTrace, match="is no folder"):
        peakahead.plot(keeps.model, tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_invocations_in_which_the_last_stage_was_silent_are_counted(kinds: Learned) -> None:
    data = kinds.model.to_json()
    data["stages"][-1]["readings"][0]["feature"] = "never_there"
    with pytest.warns(UserWarning, match="26 of 26 invocations never let stage 2 speak, at kind at the entry of"):
        axes = peakahead.plot(BreakpointModel.from_json(data), kinds.traces).axes[1]
    assert not [child for child in axes.get_children() if (child.get_gid() or "").startswith("measured")]


def boxes(figure: Figure, artists: list[Any]) -> list[Any]:
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]  # Agg's has one
    found = [one.get_window_extent(renderer) for one in artists if one.get_visible()]
    return [box for box in found if box.width > 0]


@pytest.mark.parametrize("name", ["keeps", "kinds", "recursion", "constant"])
@pytest.mark.parametrize("with_traces", [True, False])
def test_no_label_lies_over_another_or_over_data(name: str, with_traces: bool, request: pytest.FixtureRequest) -> None:
    learned: Learned = request.getfixturevalue(name)
    figure = peakahead.plot(learned.model, learned.traces if with_traces else None)
    FigureCanvasAgg(figure).draw()

    outer: list[Any] = boxes(figure, [figure._suptitle])  # type: ignore[attr-defined]  # there is no other way to it
    for axes in figure.axes:
        legend = axes.get_legend()
        assert legend is not None
        for axis in (axes.xaxis, axes.yaxis):
            low, high = axis.get_view_interval()
            ticks = [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            assert len(ticks) >= 2 or (axis is axes.xaxis and not with_traces)
            labels = boxes(figure, ticks)
            assert not [1 for k, one in enumerate(labels) for other in labels[:k] if one.overlaps(other)]
        outer += [axes.get_window_extent(), *boxes(figure, [legend, axes.xaxis.label, axes.yaxis.label])]
        outer += [axes._left_title.get_window_extent()]  # type: ignore[attr-defined]  # likewise
    assert not [(one, other) for k, one in enumerate(outer) for other in outer[:k] if one.overlaps(other)]
    width, height = figure.canvas.get_width_height()
    outside = [box for box in outer if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height]
    assert not outside, (texts(figure), width, height)


def texts(figure: Figure) -> list[str]:
    found: list[Artist] = figure.findobj(lambda one: hasattr(one, "get_text"))  # type: ignore[arg-type]  # lambdas too
    return [one.get_text() for one in found]  # type: ignore[attr-defined]  # asked above


def test_names_with_dollars_and_control_characters_are_drawn_as_they_are(tmp_path: Path) -> None:
    site = at_entry(drivers.constant, "rows")
    data = watching(drivers.constant, site).to_json()
    data["stages"][1]["readings"][0]["path"] = [{"kind": "item", "name": "$x_{1$ \x1b[2J"}]
    figure = peakahead.plot(BreakpointModel.from_json(data))

    save(figure, tmp_path / "model.png")
    assert r"rows['$x_{1$ \x1b[2J']" in texts(figure)


def test_extremes_of_a_model_file_are_drawn(tmp_path: Path) -> None:
    site = at_entry(drivers.constant, "rows")
    data = watching(drivers.constant, site).to_json()
    extremes = [(0.0, 0.0, 1e308), (-5.0, -1.0, 1.0), (0.0, 1e308, 1e-300), (1e-300, 1e308, 1e308), (1e308, 1e308, 0.0)]
    for low, high, coefficient in extremes:
        data["stages"][1]["seen"] = [{"low": low, "high": high}]
        data["stages"][1]["formula"]["terms"][0]["coefficient"] = coefficient
        save(peakahead.plot(BreakpointModel.from_json(data)), tmp_path / "model.png")


def test_many_stages_have_room(keeps: Learned, tmp_path: Path) -> None:
    data = keeps.model.to_json()
    data["stages"] += [data["stages"][-1]] * 12
    save(peakahead.plot(BreakpointModel.from_json(data), keeps.traces), tmp_path / "model.png")


def test_a_picture_has_its_own_style_and_leaves_the_users(keeps: Learned, tmp_path: Path) -> None:
    with matplotlib.rc_context({"figure.facecolor": "black", "text.color": "white", "axes.facecolor": "black"}):
        before = dict(matplotlib.rcParams)
        save(peakahead.plot(keeps.model, keeps.traces), tmp_path / "dark.png")
        assert dict(matplotlib.rcParams) == before
    save(peakahead.plot(keeps.model, keeps.traces), tmp_path / "plain.png")
    assert (tmp_path / "dark.png").read_bytes() == (tmp_path / "plain.png").read_bytes()


def test_a_model_without_readings_at_its_last_site_is_drawn() -> None:
    drawn = peakahead.plot(model(drivers.constant, largest=10.0))
    assert len(drawn.axes) == 1
