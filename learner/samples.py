"""Samples: what was known at each hit of a site, and what the invocation came to need until the next.

Every hit of a site is a sample. x holds the running readings known by then, from this site and from every site
that fired earlier in the invocation (an as-of join); y is the high-water growth up to the site's next hit, or at
the end. So a site in a loop learns what is needed until it speaks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..models.folds import FOLD_NAMES
from ..models.readings import Reading
from ..models.sites import Site
from .traces import Column, Floats, Integers, SiteHits, Trace

MAX_ROWS = 24  # of one invocation at one site: neighbouring hits of a long loop tell the same
_STEEPEST_ROWS = 8
_REPEATING_FOLDS = ("sum", "count", "adjacent")  # they depend on every hit, also those inside a recursion


@dataclass(frozen=True, slots=True)
class SiteSamples:
    """The samples of one site over all invocations that passed it.

    Attributes:
        site: The site.
        readings: What the columns are, from the earliest site to this one and from plain to less so.
        X: Running readings, of shape (n_rows, n_readings).
        y: Growth in bytes until the next hit, of shape (n_rows,).
        growth: Growth in bytes at the hit itself, of shape (n_rows,).
        starts: Where each invocation's rows begin, of shape (n_invocations,).
        invocations: Indexes of the invocations that passed the site, of shape (n_invocations,).
        peaks: Their peak growth in bytes, of shape (n_invocations,).
        lead: The median share of the growth still ahead at the first hit.
        hits: The median number of hits.
        elapsed_s: The median time of the first hit.
    """

    site: Site
    readings: tuple[Reading, ...]
    X: Floats
    y: Floats
    growth: Floats
    starts: Integers
    invocations: Integers
    peaks: Floats
    lead: float
    hits: float
    elapsed_s: float


def candidate_sites(traces: Sequence[Trace], share: float = 0.9) -> list[Site]:
    """Return the sites that at least this share of the invocations passed, in the order of their first hits."""
    first_hits: dict[Site, list[float]] = {}
    retired: set[Site] = set().union(*(trace.retired for trace in traces))
    for trace in traces:
        for site, hits in trace.hits.items():
            first_hits.setdefault(site, []).append(float(hits.order[0]))
    enough = max(1, int(np.ceil(share * len(traces))))
    common = [site for site, orders in first_hits.items() if len(orders) >= enough and site not in retired]
    return sorted(common, key=lambda site: (float(np.median(first_hits[site])), site))


def site_samples(traces: Sequence[Trace], site: Site, sites: Sequence[Site]) -> SiteSamples:
    """Return the samples of a site, with the columns of `sites` that were always known there.

    Args:
        traces: One an invocation, of shape (n_traces,).
        site: Where to sample.
        sites: Where readings may come from, earliest first; this one among them.
    """
    passed = [index for index, trace in enumerate(traces) if site in trace.hits]
    earlier = list(sites[: sites.index(site) + 1])
    columns = {known: _common_columns(traces, known) for known in earlier}
    blocks, labels, reached, starts, leads = [], [], [], [], []
    row = 0
    for index in passed:
        trace = traces[index]
        own = trace.hits[site]
        until_next = np.append(own.growth[1:], trace.peak_bytes)
        kept = _thin(until_next)
        blocks.append(np.hstack([_as_of(trace, known, columns[known], own.order[kept]) for known in earlier]))
        labels.append(until_next[kept])
        reached.append(own.growth[kept])
        starts.append(row)
        row += len(kept)
        leads.append(1.0 - own.growth[0] / trace.peak_bytes if trace.peak_bytes > 0 else 1.0)
    readings = [
        Reading(known, path, feature, fold)
        for known in earlier
        for fold in FOLD_NAMES
        for path, feature in columns[known]
    ]
    X = np.vstack(blocks)
    recursive = frozenset[object]().union(*(trace.recursive for trace in traces))
    usable = np.isfinite(X).all(axis=0) & np.array(
        [r.fold not in _REPEATING_FOLDS or r.site.function not in recursive for r in readings], dtype=bool
    )
    return SiteSamples(
        site,
        tuple(reading for reading, use in zip(readings, usable, strict=True) if use),
        X[:, usable],
        np.concatenate(labels),
        np.concatenate(reached),
        np.array(starts),
        np.array(passed),
        np.array([traces[index].peak_bytes for index in passed], dtype=np.float64),
        float(np.clip(np.median(leads), 0.0, 1.0)),
        float(np.median([len(traces[index].hits[site].order) for index in passed])),
        float(np.median([traces[index].hits[site].elapsed_s[0] for index in passed])),
    )


def _common_columns(traces: Sequence[Trace], site: Site) -> list[Column]:
    """Return what was read at a site in every invocation that passed it, plain paths first."""
    found: dict[Column, int] = {}
    passed = 0
    for trace in traces:
        if site in trace.hits:
            passed += 1
            for column in trace.hits[site].columns:
                found[column] = found.get(column, 0) + 1
    return sorted((c for c, times in found.items() if times == passed), key=lambda column: len(column[0]))


def _as_of(trace: Trace, site: Site, columns: Sequence[Column], order: Integers) -> Floats:
    """Return the running readings of a site as they stood at some moments.

    Returns:
        An array of shape (n_moments, n_folds * n_columns), NaN where nothing had been read yet.
    """
    hits = trace.hits.get(site)
    if hits is None:
        return np.full((len(order), len(FOLD_NAMES) * len(columns)), np.nan)
    latest = np.searchsorted(hits.order, order, side="right") - 1
    known = folded(hits, columns)[np.maximum(latest, 0)]
    known[latest < 0] = np.nan
    return known


def folded(hits: SiteHits, columns: Sequence[Column]) -> Floats:
    """Return every fold of every column after each hit, of shape (n_hits, n_folds * n_columns)."""
    values = (
        np.column_stack([hits.columns[column] for column in columns]) if columns else np.empty((len(hits.order), 0))
    )
    before = np.vstack([np.zeros((1, values.shape[1])), values[:-1]])
    by_fold = {
        "last": values,
        "max": np.maximum.accumulate(values, axis=0),
        "sum": np.cumsum(values, axis=0),
        "count": np.broadcast_to(np.arange(1.0, len(values) + 1.0)[:, None], values.shape),
        "adjacent": np.maximum.accumulate(values + before, axis=0),
    }
    return np.hstack([by_fold[fold] for fold in FOLD_NAMES])


def _thin(labels: Floats) -> Integers:
    """Return which rows of an invocation to keep: some evenly spread, and those after which growth rose most."""
    if len(labels) <= MAX_ROWS:
        return np.arange(len(labels))
    spread = np.linspace(0, len(labels) - 1, MAX_ROWS - _STEEPEST_ROWS).round().astype(np.int64)
    steepest = np.argsort(-np.diff(labels, prepend=0.0), kind="stable")[:_STEEPEST_ROWS]
    return np.union1d(spread, steepest)
