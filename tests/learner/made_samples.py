"""Samples made by hand, of one site that is hit once an invocation."""

from __future__ import annotations

import numpy as np

from peakahead.learner.history import Category
from peakahead.learner.samples import SiteSamples
from peakahead.models.readings import Reading
from peakahead.models.sites import FunctionRef, Site

MIB = 2**20
FUNCTION = FunctionRef("m", "f")


def samples(
    columns: dict[str, np.ndarray],
    peaks: np.ndarray,
    grown: float = 0.0,
    line: int = 1,
    categories: dict[str, list[str]] | None = None,
) -> SiteSamples:
    """Return samples of a site that is hit once an invocation, when this share of the growth has happened."""
    n = len(peaks)
    site = Site(FUNCTION, line, next(iter(columns)))
    return SiteSamples(
        site,
        tuple(Reading(Site(FUNCTION, line, name), (), "value") for name in columns),
        np.column_stack(list(columns.values())).astype(float),
        peaks.astype(float),
        peaks * grown,
        np.arange(n),
        np.arange(n),
        peaks.astype(float),
        1.0 - grown,
        1.0,
        float(line),
        categories=tuple(category(name, texts) for name, texts in (categories or {}).items()),
    )


def category(name: str, texts: list[str]) -> Category:
    levels = tuple(sorted(set(texts)))
    codes = np.array([levels.index(text) for text in texts])
    return Category(Reading(Site(FUNCTION, 1, name), (), "text"), levels, codes)
