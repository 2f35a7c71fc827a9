"""Made traces: what an invocation would have done, given as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from peakahead.learner.model_fit import fit_model
from peakahead.learner.traces import Column, SiteHits, Trace
from peakahead.models.fingerprints import Fingerprint
from peakahead.models.model import BreakpointModel, Training
from peakahead.models.sites import FunctionRef, Site

FUNCTION = FunctionRef("made", "f")

# Of one hit: the site's variable, the growth by then, and what was read, a text for a category.
Hit = tuple[str, float, Mapping[str, float | str]]


def made_trace(hits: Sequence[Hit], peak_bytes: int) -> Trace:
    """Return the trace of an invocation with these hits, in order; each variable is a site, on a line of its own."""
    by_site: dict[str, list[tuple[int, Hit]]] = {}
    for order, hit in enumerate(hits):
        by_site.setdefault(hit[0], []).append((order, hit))
    found = {}
    for variable, rows in by_site.items():
        columns: dict[Column, np.ndarray] = {}
        levels: dict[Column, tuple[str, ...]] = {}
        for feature in dict.fromkeys(name for _, (_, _, read) in rows for name in read):
            values = [read.get(feature, float("nan")) for _, (_, _, read) in rows]
            column = ((), feature)
            if any(isinstance(value, str) for value in values):
                levels[column] = tuple(dict.fromkeys(value for value in values if isinstance(value, str)))
                values = [float(levels[column].index(v)) if isinstance(v, str) else float("nan") for v in values]
            columns[column] = np.array(values, dtype=np.float64)
        found[Site(FUNCTION, 1 + sum(map(ord, variable)), variable)] = SiteHits(
            np.array([order for order, _ in rows]),
            np.array([order / 1_000 for order, _ in rows]),
            np.array([growth for _, (_, growth, _) in rows], dtype=np.float64),
            columns,
            levels,
            1e-6,
        )
    fingerprint = Fingerprint(FUNCTION, "f" * 32, {})
    return Trace(found, peak_bytes, 0, 0.1, (fingerprint,), frozenset(), frozenset())


def fitted(traces: Sequence[Trace], coverage: float = 0.5, meter: str = "rss") -> BreakpointModel:
    """Return the model that made traces support."""
    peaks = [trace.peak_bytes for trace in traces]
    training = Training(
        len(traces), {}, (min(peaks), max(peaks)), meter, "forkserver", "3.12.1", "Linux x86_64", "glibc 2.36"
    )
    return fit_model([replace(trace) for trace in traces], len(traces), FUNCTION, lambda: training, coverage)
