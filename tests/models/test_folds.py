from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from peakahead.learner.history import folded
from peakahead.learner.traces import SiteHits
from peakahead.models.folds import FOLD_NAMES, FOLDS


def test_adjacent_is_the_largest_sum_of_two_neighbours() -> None:
    fold = FOLDS["adjacent"]()

    assert [fold(x) for x in (5.0, 3.0, 9.0, 1.0)] == [5.0, 8.0, 12.0, 12.0]


@given(st.lists(st.floats(0, 1e12, allow_nan=False), min_size=1, max_size=50))
def test_production_folds_as_training_does(values: list[float]) -> None:
    column = ((), "value")
    n = len(values)
    hits = SiteHits(np.arange(n), np.zeros(n), np.zeros(n), {column: np.array(values)})

    trained = folded(hits, [column])

    for index, name in enumerate(FOLD_NAMES):
        fold = FOLDS[name]()
        assert np.allclose(trained[:, index, 0], [fold(x) for x in values], rtol=1e-9)


@given(st.lists(st.none() | st.floats(0, 1e12, allow_nan=False), min_size=1, max_size=50))
def test_a_hit_that_offers_no_reading_changes_nothing(values: list[float | None]) -> None:
    column = ((), "value")
    n = len(values)
    read = np.array([np.nan if value is None else value for value in values])

    trained = folded(SiteHits(np.arange(n), np.zeros(n), np.zeros(n), {column: read}), [column])

    for index, name in enumerate(FOLD_NAMES):
        fold = FOLDS[name]()
        latest = np.nan
        for hit, value in enumerate(values):
            latest = latest if value is None else fold(value)
            assert np.allclose(trained[hit, index, 0], latest, rtol=1e-9, equal_nan=True)
