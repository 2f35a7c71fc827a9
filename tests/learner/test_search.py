"""The search on made samples, and what it exports against the estimator that was fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from peakahead.learner.choice import Scored, choose, earliest_near_best
from peakahead.learner.formula_regressor import NonNegativeRegressor
from peakahead.learner.history import telling_columns
from peakahead.learner.judging import Candidate, row_weights
from peakahead.learner.samples import SiteSamples
from peakahead.learner.search import Search
from peakahead.learner.stages import export_stage, spread
from peakahead.learner.terms import fit_terms, term_columns
from peakahead.models.sites import Site
from tests.learner.made_samples import MIB, samples

MEANS = ("mean_error", "mean_error_larger")


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(4)


def found(made: SiteSamples) -> list[list[str]]:
    candidate = Search(made).best()
    assert candidate is not None
    switches = [[] if term.switch is None else [made.categories[term.switch]] for term in candidate.terms]
    return [
        [*(str(made.readings[column]) for column in term.factors), *(f"by {s.reading.site.variable}" for s in switch)]
        for term, switch in zip(candidate.terms, switches, strict=True)
    ]


def test_the_driver_is_found_among_many_columns(generator: np.random.Generator) -> None:
    driver = generator.uniform(1e6, 5e7, 30)
    columns = {f"other{k}": generator.uniform(0, 1e6, 30) for k in range(60)} | {"driver": driver}

    assert found(samples(columns, 2 * driver + 3e6 + generator.normal(0, 1e5, 30))) == [["driver"]]


def test_a_product_and_a_sum_are_found(generator: np.random.Generator) -> None:
    a, b = generator.uniform(500, 5_000, (2, 30))
    others = {f"other{k}": generator.uniform(0, 1e6, 30) for k in range(20)}

    assert sorted(found(samples({"a": a, "b": b, **others}, 8 * a * b))) == [["a", "b"]]
    assert sorted(found(samples({"a": a, "b": b, **others}, 9_000 * a + 11_000 * b))) == [["a"], ["b"]]


def test_a_category_that_switches_the_factor_is_found(generator: np.random.Generator) -> None:
    pixels = generator.uniform(1e6, 2e7, 30)
    modes = [["RGB", "L", "RGBA"][k] for k in generator.integers(0, 3, 30)]
    factor = np.array([{"RGB": 3, "L": 1, "RGBA": 4}[mode] for mode in modes])
    others = {f"other{k}": generator.uniform(0, 1e6, 30) for k in range(20)}
    also = {"colour": [str(k) for k in generator.integers(0, 4, 30)], "mode": modes}
    made = samples({"pixels": pixels, **others}, factor * pixels + 2e6, categories=also)

    assert found(made) == [["pixels", "by mode"]]
    (term,) = export_stage(made, best(made), 0.95).formula.terms
    assert term.switch is not None
    assert term.switch.coefficients == pytest.approx({"RGB": 3, "L": 1, "RGBA": 4}, rel=1e-3)
    assert term.coefficient == pytest.approx(4, rel=1e-3)


def test_a_category_beside_a_plain_term_is_found(generator: np.random.Generator) -> None:
    rows, extra = generator.uniform(1e6, 2e7, (2, 40))
    keeps = [["True", "False"][k] for k in generator.integers(0, 2, 40)]
    peaks = 2 * rows + 3 * extra * np.array([keep == "True" for keep in keeps])
    made = samples({"rows": rows, "extra": extra}, peaks, categories={"keep": keeps})

    assert sorted(found(made)) == [["extra", "by keep"], ["rows"]]
    assert best(made).score < 0.001


def test_a_category_that_says_nothing_switches_nothing(generator: np.random.Generator) -> None:
    size = generator.uniform(1e6, 5e7, 30)
    also = {f"colour{k}": [str(c) for c in generator.integers(0, 3, 30)] for k in range(10)}
    made = samples({"size": size}, 2 * size * generator.normal(1, 0.03, 30), categories=also)

    assert found(made) == [["size"]]


def test_a_category_pays_for_each_of_its_levels(generator: np.random.Generator) -> None:
    chances = 0
    for _ in range(40):
        size = np.exp(generator.uniform(10, 15, 19))
        names = {"name": [f"shop-{k}" for k in generator.integers(0, 5, 19)]}
        made = samples({"size": size}, 9 * size + generator.uniform(-MIB, MIB, 19) / 3 + MIB, categories=names)
        chances += found(made) != [["size"]]
    assert chances <= 1


def test_a_formula_stands_where_the_last_of_its_readings_is_taken(generator: np.random.Generator) -> None:
    size, other = generator.uniform(1e6, 5e7, (2, 30))
    made = samples({"size": size}, 2 * size * generator.normal(1, 0.05, 30))
    later = samples({"other": other, "size": size}, made.peaks, line=2)
    later = replace(later, readings=(later.readings[0], made.readings[0]))
    early, late = Scored.of(made), Scored.of(later)
    assert early is not None
    assert late is not None
    assert [later.readings[column] for column in late.candidate.terms[0].factors] == [made.readings[0]]
    # One fit beside another may come out better than the tolerance, by what is no more than noise.
    luckier = replace(late.candidate, **{mean: getattr(late.candidate, mean) - 0.013 for mean in MEANS})
    late = replace(late, candidate=luckier)
    assert earliest_near_best([early, late]) == late

    choice = choose([early, late], 1.0, sites(made, later))

    assert [stage.site for stage in choice.stages] == [made.site]
    assert choice.verdicts[made.site].startswith("chosen")
    assert choice.verdicts[later.site] == "as good, but later"


def test_a_formula_stays_where_its_readings_have_changed(generator: np.random.Generator) -> None:
    size = generator.uniform(1e6, 5e7, 30)
    read_early = size * generator.uniform(0.2, 1, 30)  # a queue that is filled before the later site is reached
    made = samples({"size": read_early}, 2 * size)
    later = replace(samples({"other": size, "size": size}, made.peaks, line=2), X=size[:, None])
    later = replace(later, readings=made.readings)
    scored = [Scored.of(made), Scored.of(later)]
    assert None not in scored

    choice = choose([one for one in scored if one is not None], 1.0, sites(made, later))

    assert [stage.site for stage in choice.stages] == [later.site]


def test_what_fits_best_but_comes_too_late_is_no_use(generator: np.random.Generator) -> None:
    size = generator.uniform(1e6, 5e7, 30)
    peaks = 2 * size * generator.normal(1, 0.05, 30)
    timely, tardy = samples({"size": size}, peaks), samples({"length": peaks / 100}, peaks, grown=0.99, line=2)
    early, late = Scored.of(timely), Scored.of(tardy)

    assert early is not None
    assert late is not None
    assert late.score > 0.9 > early.score
    choice = choose([early, late], 1.0, sites(timely, tardy))
    assert choice.stages == (early,)
    assert choice.verdicts[early.site].startswith("chosen")
    assert choice.verdicts[late.site].startswith("too late")


def sites(*made: SiteSamples) -> Callable[[Site], SiteSamples]:
    return {one.site: one for one in made}.__getitem__


def best(made: SiteSamples) -> Candidate:
    candidate = Search(made).best()
    assert candidate is not None
    return candidate


def test_noise_explains_nothing(generator: np.random.Generator) -> None:
    peaks = generator.uniform(1e7, 5e7, 30)
    chances = 0
    for _ in range(10):
        made = samples({f"other{k}": generator.uniform(0, 1e6, 30) for k in range(50)}, peaks)
        scored = Scored(made.site, best(made), 1.0, 1.0, 0.0)
        chances += bool(choose([scored], 0.4, sites(made)).stages)
    assert chances == 0


def test_peaks_that_hardly_differ_need_no_breakpoint(generator: np.random.Generator) -> None:
    driver = generator.uniform(1e6, 5e7, 30)
    peaks = 20 * MIB + 0.002 * driver  # the reading tells exactly what nobody needs to know
    made = samples({"driver": driver}, peaks)
    scored = Scored.of(made)
    assert scored is not None

    assert choose([scored], spread(peaks).score, sites(made)).stages == ()
    assert choose([scored], 0.2, sites(made)).stages == (scored,)


def test_columns_that_tell_nothing_are_dropped() -> None:
    n = np.arange(1.0, 11.0)
    clock = 1.7e9 + n
    X = np.column_stack([n, n * 1024, clock, -n, np.full(10, 3.0), n**2])

    assert telling_columns(X, set()) == [0, 5]
    assert telling_columns(np.empty((10, 0)), set()) == []


def test_the_exported_formula_is_the_fitted_estimator(generator: np.random.Generator) -> None:
    a, b = generator.uniform(500, 5_000, (2, 30))
    made = samples({"a": a, "b": b}, 8 * a * b + 2_000 * a + 4e6)
    candidate = best(made)

    stage = export_stage(made, candidate, 0.95)
    estimator = fit_terms(made, candidate.terms, row_weights(made, made.y, made.peaks))

    order = [made.readings.index(reading) for reading in stage.readings]
    by_formula = [stage.formula.evaluate(row) for row in made.X[:, order]]
    by_estimator = estimator.predict(np.hstack([term_columns(made, term) for term in candidate.terms]))
    assert np.allclose(by_formula, by_estimator, rtol=1e-9)
    assert all(
        low <= values.min() and values.max() <= high
        for (low, high), values in zip(stage.seen, made.X[:, order].T, strict=True)
    )


def test_the_regressor_is_least_squares_where_nothing_is_negative(generator: np.random.Generator) -> None:
    X = generator.uniform(0, 10, (40, 3))
    y = X @ [1.0, 2.0, 3.0] + 50 + generator.normal(0, 0.1, 40)
    weight = generator.uniform(0.1, 1, 40)

    ours = NonNegativeRegressor().fit(X, y, sample_weight=weight)
    theirs = LinearRegression(positive=True).fit(X, y, sample_weight=weight)

    assert np.allclose(ours.coef_, theirs.coef_)
    assert ours.intercept_ == pytest.approx(theirs.intercept_)
    assert ours.score(X, y) > 0.99
    falling = NonNegativeRegressor().fit(X[:, :1], -X[:, 0])
    assert falling.coef_.tolist() == [0.0]
    assert falling.intercept_ == 0.0
