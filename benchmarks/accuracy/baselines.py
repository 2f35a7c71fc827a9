"""What else could size a function before it runs: each fitted on the same measured training peaks as ours.

They see the entry arguments: numbers and flags, lengths of texts and containers, shapes of arrays, fields and leaves,
and one-hot categories of texts that repeat. The size of the file behind a path isn't an entry argument. Each is an
estimator with a forecast, `predict`, and what it would reserve, `bound`; both in bytes, of shape (n_samples,).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

from peakahead.models.sizes import FLOOR_BYTES

Floats = NDArray[np.float64]
COVERAGE = 0.95
CLASS_BYTES = 16 * 2**20


class LargestPeak(RegressorMixin, BaseEstimator):
    """Reserves the largest peak seen."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> LargestPeak:  # noqa: ARG002 - as every estimator has it
        self.level_ = float(np.max(y))
        return self

    def predict(self, X: ArrayLike) -> Floats:
        return np.full(len(np.asarray(X)), self.level_)

    def bound(self, X: ArrayLike) -> Floats:
        return self.predict(X)


class RaisedPercentile(LargestPeak):
    """Reserves a high percentile of the peaks seen, raised by a share, as cluster autoscalers recommend.

    Args:
        percentile: Which.
        factor: What it is raised by.
    """

    def __init__(self, percentile: float = 95.0, factor: float = 1.15) -> None:
        self.percentile = percentile
        self.factor = factor

    def fit(self, X: ArrayLike, y: ArrayLike) -> RaisedPercentile:  # noqa: ARG002 - likewise
        self.level_ = float(np.percentile(np.asarray(y, float), self.percentile)) * self.factor
        return self


class BestLine(RegressorMixin, BaseEstimator):
    """A straight line on the one column that tells the training peaks best.

    Least squares of the errors relative to the peak, by which every method here is judged. The bound adds the
    conformal quantile of the training residuals: the ceil((n + 1) x coverage)-th smallest of peak - line.

    Args:
        coverage: The share of invocations that the bound is to cover.
    """

    def __init__(self, coverage: float = COVERAGE) -> None:
        self.coverage = coverage

    def fit(self, X: ArrayLike, y: ArrayLike) -> BestLine:
        X, y = np.asarray(X, float), np.asarray(y, float)
        weights = 1.0 / np.maximum(y, FLOOR_BYTES)
        lines = [_line(column, y, weights) for column in X.T] or [_line(np.zeros(len(y)), y, weights)]
        self.column_ = int(np.argmin([error for *_, error in lines]))
        self.intercept_, self.slope_, _ = lines[self.column_]
        residuals = np.sort(y - self.predict(X))
        rank = min(len(y), math.ceil((len(y) + 1) * self.coverage))
        self.margin_ = max(0.0, float(residuals[rank - 1]))
        return self

    def predict(self, X: ArrayLike) -> Floats:
        X = np.asarray(X, float)
        column = X[:, self.column_] if X.shape[1] else np.zeros(len(X))
        return self.intercept_ + self.slope_ * column

    def bound(self, X: ArrayLike) -> Floats:
        return self.predict(X) + self.margin_


def _line(x: Floats, y: Floats, weights: Floats) -> tuple[float, float, float]:
    """Return the intercept, the slope and the training error of the weighted least squares line."""
    design = np.column_stack([np.ones(len(x)), x])
    scale = np.maximum(np.abs(design).max(axis=0), 1e-300)
    fitted, *_ = np.linalg.lstsq(design / scale * weights[:, None], y * weights, rcond=None)
    coefficients = fitted / scale
    residuals = (y - design @ coefficients) * weights
    return float(coefficients[0]), float(coefficients[1]), float(residuals @ residuals)


class Forest(RegressorMixin, BaseEstimator):
    """A random forest on the entry arguments; what it forecasts is reserved.

    References:
        S. Agarwal, M. A. Rodriguez, R. Buyya, "Input-Based Ensemble-Learning Method for Dynamic Memory Configuration
        of Serverless Computing Functions" (MemFigLess), UCC 2024.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Forest:
        self.forest_ = RandomForestRegressor(n_estimators=100, random_state=0).fit(_some_column(X), y)
        return self

    def predict(self, X: ArrayLike) -> Floats:
        return np.asarray(self.forest_.predict(_some_column(X)))

    def bound(self, X: ArrayLike) -> Floats:
        return self.predict(X)


class ClassTree(RegressorMixin, BaseEstimator):
    """A decision tree over classes of 16 MiB on the entry arguments: the class's top is reserved, its middle forecast.

    References:
        D. Mvondo et al., "OFC: An Opportunistic Caching System for FaaS Platforms", EuroSys 2021.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> ClassTree:
        classes = np.maximum(1, np.ceil(np.asarray(y, float) / CLASS_BYTES)).astype(int)
        self.tree_ = DecisionTreeClassifier(random_state=0).fit(_some_column(X), classes)
        return self

    def predict(self, X: ArrayLike) -> Floats:
        return self.bound(X) - CLASS_BYTES / 2

    def bound(self, X: ArrayLike) -> Floats:
        return np.asarray(self.tree_.predict(_some_column(X)), float) * CLASS_BYTES


def _some_column(X: ArrayLike) -> Floats:
    """Return X, with a column of zeros where no argument tells anything: scikit-learn's trees want one."""
    X = np.asarray(X, float)
    return X if X.shape[1] else np.zeros((len(X), 1))


def baselines() -> dict[str, LargestPeak | BestLine | Forest | ClassTree]:
    """Return the baselines, unfitted, by the names that the results have them under."""
    return {
        "largest": LargestPeak(),
        "percentile": RaisedPercentile(),
        "line": BestLine(),
        "forest": Forest(),
        "tree": ClassTree(),
    }
