"""The forest: exported against the estimator that was fitted, and when it earns its place."""

from __future__ import annotations

import numpy as np
import pytest

from peakahead.learner.choice import Choice, Scored
from peakahead.learner.correction import corrected
from peakahead.learner.forest_fit import correct, fit_forest
from peakahead.learner.history import History
from peakahead.learner.samples import SiteSamples
from peakahead.learner.stages import export_stage, spread
from peakahead.learner.terms import CONSTANT
from tests.learner.made_samples import MIB, samples

N = 40


def made(kind: str, seed: int = 0) -> SiteSamples:
    generator = np.random.default_rng(seed)
    x = generator.uniform(1, 10, N)
    modes = generator.choice(["fast", "thrifty"], N)
    peaks = {
        "falls": 100 / x,
        "levels off": 10 * np.minimum(x, 4),
        "rises": 10 * x,
        "switches": np.where(modes == "fast", 60, 60 / x),
        "chance": generator.uniform(10, 100, N),
    }[kind]
    noise = {f"n{index}": generator.uniform(0, 1, N) for index in range(10)}
    noisy = peaks * generator.normal(1, 0.01, N) * MIB
    return samples({"x": x, **noise}, noisy, categories={"mode": modes.tolist()})


def choice_for(at: SiteSamples) -> tuple[Choice, Choice]:
    """Return what was chosen among formulas, and what became of it."""
    scored = Scored.of(at)
    median = spread(at.peaks)
    good = scored is not None and scored.score < 0.67 * median.score
    before = Choice((scored,) if good and scored is not None else (), {})
    history = History((at,), at.peaks)  # type: ignore[arg-type]  # samples have what is asked of a site's history
    return before, corrected(before, [scored] if scored is not None else [], history, lambda _: at, median, None)


@pytest.mark.parametrize("kind", ["falls", "levels off", "switches"])
def test_a_forest_corrects_what_no_formula_tells(kind: str) -> None:
    at = made(kind)
    _, after = choice_for(at)
    (stage,) = after.stages
    assert stage.candidate.forest
    assert np.median(stage.candidate.errors) < 0.05
    assert "x" in {at.readings[one.column].site.variable for one in stage.candidate.forest if one.level is None}


@pytest.mark.parametrize("seed", range(5))
def test_a_good_formula_is_left_alone_and_chance_gets_no_forest(seed: int) -> None:
    for kind in ("rises", "chance"):
        before, after = choice_for(made(kind, seed))
        assert after == before


def test_the_exported_forest_is_the_fitted_estimator() -> None:
    at = made("switches")
    candidate = correct(at, CONSTANT)
    assert candidate is not None
    stage = export_stage(at, candidate, 0.9)
    assert stage.forest is not None
    columns = [
        at.X[:, one.column] if one.level is None else (at.categories[one.column].codes == one.level).astype(float)
        for one in candidate.forest
    ]
    known = np.column_stack(columns)
    estimator = fit_forest(at, candidate.terms, candidate.forest)

    for row, said in zip(known, estimator.predict(known), strict=True):
        assert np.mean([tree.evaluate(row.tolist()) for tree in stage.forest.trees]) == pytest.approx(said)


def test_a_forest_never_extrapolates() -> None:
    at = made("levels off")
    candidate = correct(at, CONSTANT)
    assert candidate is not None
    stage = export_stage(at, candidate, 0.9)
    growth = stage.compile()
    inside = [float(np.median(at.X[:, [r.site.variable for r in at.readings].index(name)])) for name in names(stage)]
    assert growth(inside) != pytest.approx(stage.formula.evaluate(inside))
    beyond = [value * 100 for value in inside]
    assert growth(beyond) == stage.formula.evaluate(beyond)


def names(stage: object) -> list[str]:
    return [reading.site.variable for reading in stage.readings]  # type: ignore[attr-defined]
