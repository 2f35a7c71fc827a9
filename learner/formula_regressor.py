"""Least squares with no negative coefficient, on relative errors: what turns chosen terms into a formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data


class NonNegativeRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Linear least squares with a non-negative intercept and non-negative coefficients.

    Unlike `LinearRegression(positive=True)` it bounds the intercept too: growth is never below nothing.

    Attributes:
        coef_: ndarray of shape (n_features,).
        intercept_: float.
        n_features_in_: int.

    References:
        C. L. Lawson, R. J. Hanson, "Solving Least Squares Problems", 1974, chapter 23.

    Examples:
        >>> import numpy as np
        >>> NonNegativeRegressor().fit([[1.0], [2.0], [3.0]], [3.0, 5.0, 7.0]).coef_.round(3)
        array([2.])
    """

    def fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> NonNegativeRegressor:
        """Fit the coefficients.

        Args:
            X: array-like of shape (n_samples, n_features).
            y: array-like of shape (n_samples,).
            sample_weight: array-like of shape (n_samples,), or None for equal weights.

        Returns:
            The fitted estimator itself.
        """
        features, target = map(np.asarray, validate_data(self, X, y, dtype=np.float64, y_numeric=True))
        weight = np.ones(len(features)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        design = np.column_stack([np.ones(len(features)), features])
        scale = np.abs(design).max(axis=0)  # columns in bytes beside columns in ones
        scale[scale == 0] = 1.0
        root = np.sqrt(weight)
        solution, _ = nnls(design / scale * root[:, None], target * root)
        self.intercept_ = float(solution[0] / scale[0])
        self.coef_ = solution[1:] / scale[1:]
        return self

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return predictions of shape (n_samples,) for X of shape (n_samples, n_features)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        predicted: npt.NDArray[np.float64] = self.intercept_ + np.asarray(X) @ self.coef_
        return predicted

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # a relation that falls can't be fitted
        return tags
