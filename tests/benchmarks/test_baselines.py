"""The baselines against NumPy and scikit-learn by hand, and what they see of the arguments."""

from __future__ import annotations

import enum
import io
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor

from benchmarks.accuracy.baselines import (
    CLASS_BYTES,
    BestLine,
    ClassTree,
    Forest,
    LargestPeak,
    RaisedPercentile,
    baselines,
)
from benchmarks.accuracy.entry import EntryArguments
from peakahead import Invocation

MIB = 2**20


@pytest.fixture
def trained() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    X = random.uniform(1, 100, (30, 3))
    return X, 3 * MIB + X[:, 1] * MIB * random.uniform(0.9, 1.1, 30)


def test_the_largest_peak_and_the_percentile_are_numpys(trained: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = trained

    assert LargestPeak().fit(X, y).bound(X[:2]) == pytest.approx([max(y)] * 2)
    assert RaisedPercentile().fit(X, y).bound(X[:1]) == pytest.approx([np.percentile(y, 95) * 1.15])


def test_the_line_is_polyfits_on_the_driving_column(trained: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = trained
    line = BestLine().fit(X, y)

    slope, intercept = np.polyfit(X[:, 1], y, 1, w=1 / y)

    assert line.column_ == 1
    assert line.predict(X) == pytest.approx(intercept + slope * X[:, 1])


def test_the_lines_bound_leaves_out_as_many_residuals_as_the_coverage_lets() -> None:
    X = np.linspace(1, 100, 99)[:, None]
    y = 50 * MIB + X[:, 0] * MIB + np.random.default_rng(1).normal(0, 5 * MIB, 99)

    above = y > BestLine(coverage=0.9).fit(X, y).bound(X) + 1

    assert above.sum() == 9  # of 99, the 90th smallest residual is the ceil(100 x 0.9)-th


def test_the_forest_is_scikit_learns(trained: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = trained

    expected = RandomForestRegressor(n_estimators=100, random_state=0).fit(X, y).predict(X)

    assert Forest().fit(X, y).bound(X) == pytest.approx(expected)


def test_the_tree_gives_the_top_of_the_class_that_a_peak_lies_in(trained: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = trained

    bound = ClassTree().fit(X, y).bound(X)

    assert (bound % CLASS_BYTES == 0).all()
    assert ((bound - CLASS_BYTES < y) & (y <= bound)).all()  # a full tree knows what it was trained on


@pytest.mark.parametrize("name", baselines())
def test_each_is_an_estimator_that_takes_a_table_without_columns(name: str) -> None:
    estimator: Any = clone(baselines()[name])
    y = np.array([20.0, 30.0, 40.0]) * MIB

    fitted = estimator.fit(np.empty((3, 0)), y)

    assert fitted.predict(np.empty((2, 0))).shape == (2,)
    assert (fitted.bound(np.empty((2, 0))) > 0).all()


class Mode(enum.Enum):
    SLOW = 1
    FAST = 2


Pair = namedtuple("Pair", "x y")


@dataclass
class Order:
    pieces: int
    name: str


def target(n: int, flag: bool, mode: Mode, text: str, path: Path, order: Order, event: Any, extra: Any = 7) -> None:
    pass


def test_arguments_become_numbers_lengths_leaves_and_levels() -> None:
    calls = [
        Invocation((4, True, Mode.SLOW, "csv", Path("/a/b"), Order(3, "x"), {"body": [1, 2]}, Pair(1, 2))),
        Invocation((5, False, Mode.FAST, "json", Path("/a/c"), Order(9, "yy"), {"body": []}, io.BytesIO(b"12345"))),
        Invocation((6, False, Mode.FAST, "csv", Path("/a/d"), Order(1, "zzz"), {}, np.zeros((3, 8)))),
        Invocation((7, True, Mode.SLOW, "json", Path("/a/e"), Order(1, "z"), {"body": [1]})),
    ]

    entry = EntryArguments(target).fit(calls)
    rows = [dict(zip(entry.columns_, row, strict=True)) for row in entry.transform(calls)]

    assert [row["n", None] for row in rows] == [4, 5, 6, 7]
    assert [row["flag", None] for row in rows] == [1, 0, 0, 1]
    assert [row["mode", "FAST"] for row in rows] == [0, 1, 1, 0]
    assert [row["text", "csv"] for row in rows] == [1, 0, 1, 0]
    assert [row["order.pieces", None] for row in rows] == [3, 9, 1, 1]
    assert [row["len(event.body)", None] for row in rows] == [2, 0, 0, 1]
    assert [row["extra.y", None] for row in rows] == [2, 0, 0, 0]
    assert [row["len(extra)", None] for row in rows] == [0, 5, 0, 0]
    assert [row["extra.shape[1]", None] for row in rows] == [0, 0, 8, 0]
    assert [row["extra", None] for row in rows] == [0, 0, 0, 7]
    assert not any(name == "path" for name, _ in rows[0])  # as many paths as invocations: no category


def test_the_file_behind_a_path_is_no_entry_argument(tmp_path: Path) -> None:
    def reads(path: str) -> None: ...

    sizes = [1_000, 50_000, 2_000_000]
    calls = []
    for size in sizes:
        file = tmp_path / f"{len(calls)}"
        file.write_bytes(bytes(size))
        calls.append(Invocation((str(file),)))

    assert np.ptp(EntryArguments(reads).fit(calls).transform(calls)) == 0
