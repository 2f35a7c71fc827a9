"""What samples need of many traces: each site's running readings over all invocations, at the moments that matter.

Every hit of a site may be a sample, but neighbouring hits of a long loop tell the same, so of each invocation a
few are kept. A sample knows what other sites had read by then; so of those sites' hits the ones are kept that were
the latest at some sample. Nothing else of a trace is, which is why a thousand of them fit into memory. The running
readings are folded before anything is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..models.folds import FOLD_NAMES
from ..models.readings import Reading
from ..models.sites import FunctionRef, Site
from .traces import Booleans, Column, Floats, Integers, SiteHits, Trace

MAX_ROWS = 24  # of one invocation at one site
_MIN_ROWS = 3
_ALL_ROWS = 3_000  # of all invocations at one site, beyond which each is given fewer
_STEEPEST_SHARE = 1 / 3  # of the rows: those after which growth rose most
_REPEATING_FOLDS = ("sum", "count", "adjacent")  # they depend on every hit, also those inside a recursion
MOST_NUMBER = 1e30  # of a column that can tell anything of bytes: squares of it still have squares
LEAST_RELATIVE_RANGE = 1e-3  # of a column; clocks and other near-constants would act as an intercept
MAX_LEVELS = 8  # of a category
_NO_MOMENTS = np.empty(0, dtype=np.int64)
INVOCATION = 2**40  # more than any trace has hits: invocation and order become one sorted key


@dataclass(frozen=True, slots=True)
class _Thinned:
    """What is kept of one site's hits in one invocation."""

    invocation: int
    hits: int
    first_order: int
    elapsed_s: float
    spent_s: float
    lead: float
    order: Integers
    rows: Integers  # which of the kept hits are samples
    y: Floats
    growth: Floats
    columns: list[Column]
    folded: Floats  # of shape (n_kept, n_folds, n_columns)
    levels: dict[Column, list[str | None]]


@dataclass(frozen=True, slots=True)
class Category:
    """A category's column.

    Attributes:
        reading: What it is.
        levels: Its levels.
        codes: The level of each row, of shape (n_rows,).
    """

    reading: Reading
    levels: tuple[str, ...]
    codes: Integers

    def at(self, rows: Integers) -> Category:
        return Category(self.reading, self.levels, self.codes[rows])


@dataclass(frozen=True, slots=True)
class SiteHistory:
    """One site over all invocations that passed it.

    Attributes:
        site: The site.
        keys: Invocation and order of each kept hit, ascending, of shape (n_kept,).
        readings: What the columns are, from plain to less so.
        values: Running readings, of shape (n_kept, n_readings), NaN where nothing was read yet.
        categories: The categories, their codes of shape (n_kept,).
        rows: Which kept hits are samples, of shape (n_rows,).
        y: Growth in bytes until the site's next hit, of shape (n_rows,).
        growth: Growth in bytes at the hit itself, of shape (n_rows,).
        invocations: Those that passed the site, of shape (n_invocations,).
        starts: Where each one's rows begin, of shape (n_invocations,).
        first_order: The median place of the first hit among all.
        lead: The median share of the growth still ahead at the first hit.
        hits: The median number of hits.
        elapsed_s: The median time of the first hit.
        spent_s: The median seconds that a hit's readings took.
    """

    site: Site
    keys: Integers
    readings: tuple[Reading, ...]
    values: Floats
    categories: tuple[Category, ...]
    rows: Integers
    y: Floats
    growth: Floats
    invocations: Integers
    starts: Integers
    first_order: float
    lead: float
    hits: float
    elapsed_s: float
    spent_s: float


@dataclass(frozen=True, slots=True)
class History:
    """All sites that are candidates, in the order of their first hits, and the peaks.

    Attributes:
        sites: The candidates.
        peaks: In bytes, of shape (n_invocations,).
    """

    sites: tuple[SiteHistory, ...]
    peaks: Floats

    @classmethod
    def of(
        cls,
        traces: Iterable[Trace],
        n_traces: int,
        share: float = 0.9,
        chosen: Callable[[], Sequence[int]] | None = None,
    ) -> History:
        """Read traces, one after the other, and keep of each what samples need.

        Args:
            traces: One an invocation.
            n_traces: How many there are.
            share: Sites that fewer of the invocations passed are no candidates.
            chosen: Tells, once all are read, the places of those that count, ascending; None for all.
        """
        max_rows = min(MAX_ROWS, max(_MIN_ROWS, _ALL_ROWS // max(1, n_traces)))
        by_site: dict[Site, list[_Thinned]] = {}
        peaks: list[float] = []
        recursive: set[FunctionRef] = set()
        for invocation, trace in enumerate(traces):
            for site, thinned in _thin_trace(trace, invocation, max_rows):
                by_site.setdefault(site, []).append(thinned)
            peaks.append(trace.peak_bytes)
            recursive |= trace.recursive
        if chosen is not None:
            places = chosen()
            if len(places) < len(peaks):
                by_site = _only(by_site, places)
                peaks = [peaks[place] for place in places]
        enough = max(1, int(np.ceil(share * len(peaks))))
        sites = [
            _joined(site, parts, site.function in recursive) for site, parts in by_site.items() if len(parts) >= enough
        ]
        return cls(tuple(sorted(sites, key=lambda one: (one.first_order, one.site))), np.array(peaks, dtype=np.float64))


def _only(by_site: dict[Site, list[_Thinned]], places: Sequence[int]) -> dict[Site, list[_Thinned]]:
    """Return what is kept of the invocations at some places alone, numbered anew."""
    anew = {place: number for number, place in enumerate(places)}
    return {
        site: kept
        for site, parts in by_site.items()
        if (kept := [replace(part, invocation=anew[part.invocation]) for part in parts if part.invocation in anew])
    }


def _thin_trace(trace: Trace, invocation: int, max_rows: int) -> Iterable[tuple[Site, _Thinned]]:
    kept = {}
    for site, hits in trace.hits.items():
        until_next = np.append(hits.growth[1:], trace.peak_bytes)
        kept[site] = until_next, thinned_rows(until_next, max_rows)
    moments = np.unique(
        np.concatenate([_NO_MOMENTS, *(trace.hits[site].order[rows] for site, (_, rows) in kept.items())])
    )
    for site, (until_next, rows) in kept.items():
        hits = trace.hits[site]
        latest = np.searchsorted(hits.order, moments, side="right") - 1
        known = np.unique(latest[latest >= 0])
        numbers = [column for column in hits.columns if column not in hits.levels]
        yield (
            site,
            _Thinned(
                invocation,
                len(hits.order),
                int(hits.order[0]),
                float(hits.elapsed_s[0]),
                hits.spent_s,
                1.0 - float(hits.growth[0]) / trace.peak_bytes if trace.peak_bytes > 0 else 1.0,
                hits.order[known],
                np.searchsorted(known, rows),
                until_next[rows],
                hits.growth[rows],
                numbers,
                folded(hits, numbers)[known],
                {column: _texts(hits, column, known) for column in hits.levels},
            ),
        )


def _texts(hits: SiteHits, column: Column, known: Integers) -> list[str | None]:
    levels = hits.levels[column]
    codes = hits.columns[column][known]
    return [levels[int(code)] if 0 <= code < len(levels) else None for code in codes.tolist()]


def folded(hits: SiteHits, columns: Sequence[Column]) -> Floats:
    """Return every fold of every column after each hit, of shape (n_hits, n_folds, n_columns).

    As in production, a hit whose value doesn't offer the reading changes nothing; NaN before the first that does.
    """
    n = len(hits.order)
    result = np.full((n, len(FOLD_NAMES), len(columns)), np.nan)
    whole = []
    for index, column in enumerate(columns):
        read = np.isfinite(hits.columns[column])
        if read.all():
            whole.append(index)
        elif read.any():
            latest = np.cumsum(read) - 1
            known = latest >= 0
            result[known, :, index] = _folds(hits.columns[column][read][:, None])[latest[known], :, 0]
    if whole:
        result[:, :, whole] = _folds(np.column_stack([hits.columns[columns[index]] for index in whole]))
    return result


def _folds(values: Floats) -> Floats:
    before = np.vstack([np.zeros((1, values.shape[1])), values[:-1]])
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows tells nothing, and is dropped for it
        by_fold = {
            "last": values,
            "max": np.maximum.accumulate(values, axis=0),
            "sum": np.cumsum(values, axis=0),
            "count": np.broadcast_to(np.arange(1.0, len(values) + 1.0)[:, None], values.shape),
            "adjacent": np.maximum.accumulate(values + before, axis=0),
        }
    return np.stack([by_fold[fold] for fold in FOLD_NAMES], axis=1)


def thinned_rows(labels: Floats, max_rows: int) -> Integers:
    """Return which hits of an invocation to keep: some evenly spread, and those after which growth rose most."""
    if len(labels) <= max_rows:
        return np.arange(len(labels))
    n_steepest = round(max_rows * _STEEPEST_SHARE)
    spread = np.linspace(0, len(labels) - 1, max_rows - n_steepest).round().astype(np.int64)
    steepest = np.argsort(-np.diff(labels, prepend=0.0), kind="stable")[:n_steepest]
    return np.union1d(spread, steepest)


def _joined(site: Site, parts: Sequence[_Thinned], is_recursive: bool) -> SiteHistory:
    readings, values = _numbers(site, parts, is_recursive)
    n_kept = np.cumsum([0, *(len(part.order) for part in parts)])
    n_rows = [len(part.rows) for part in parts]
    return SiteHistory(
        site,
        np.concatenate([part.invocation * INVOCATION + part.order for part in parts]),
        readings,
        values,
        _categories(site, parts),
        np.concatenate([first + part.rows for first, part in zip(n_kept[:-1], parts, strict=True)]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.growth for part in parts]),
        np.array([part.invocation for part in parts]),
        np.cumsum([0, *n_rows[:-1]]),
        float(np.median([part.first_order for part in parts])),
        float(np.clip(np.median([part.lead for part in parts]), 0.0, 1.0)),
        float(np.median([part.hits for part in parts])),
        float(np.median([part.elapsed_s for part in parts])),
        float(np.median([part.spent_s for part in parts])),
    )


def _numbers(site: Site, parts: Sequence[_Thinned], is_recursive: bool) -> tuple[tuple[Reading, ...], Floats]:
    """Return the columns that were read in every invocation and can tell anything, plain ones first."""
    common = set(parts[0].columns).intersection(*(part.columns for part in parts[1:]))
    columns = sorted((c for c in parts[0].columns if c in common), key=lambda column: len(column[0]))
    blocks = []
    for part in parts:
        place = {column: index for index, column in enumerate(part.columns)}
        blocks.append(part.folded[:, :, [place[column] for column in columns]])
    values = np.concatenate(blocks).reshape(sum(len(part.order) for part in parts), -1)
    readings = [Reading(site, path, feature, fold) for fold in FOLD_NAMES for path, feature in columns]
    allowed = [not is_recursive or reading.fold not in _REPEATING_FOLDS for reading in readings]
    kept = telling_columns(values, set(), np.array(allowed, dtype=bool))
    return tuple(readings[column] for column in kept), values[:, kept]


def telling_columns(values: Floats, seen: set[bytes], allowed: Booleans | None = None) -> list[int]:
    """Return the columns that can tell anything: not negative, not near-constant, not an earlier one's duplicate.

    NaN, where nothing had been read yet, doesn't count against a column.

    Args:
        values: The columns, of shape (n_rows, n_columns).
        seen: Digests of earlier columns of the same rows; those of what is returned are added.
        allowed: Which columns come into question, of shape (n_columns,), or None for all.
    """
    if not values.size:
        return []
    low = np.fmin.reduce(values, axis=0)
    high = np.fmax.reduce(values, axis=0)
    telling = (low >= 0) & (high <= MOST_NUMBER)
    telling &= high - np.where(telling, low, 0.0) > LEAST_RELATIVE_RANGE * high
    if allowed is not None:
        telling &= allowed
    columns = []
    for column in np.flatnonzero(telling).tolist():
        scaled = (values[:, column] / high[column]).astype(np.float32)  # bytes and megabytes say the same
        key = hashlib.blake2b(scaled.tobytes(), digest_size=16).digest()
        if key not in seen:
            seen.add(key)
            columns.append(column)
    return columns


def _categories(site: Site, parts: Sequence[_Thinned]) -> tuple[Category, ...]:
    """Return the categories that were read at every hit and have a few levels, each in more than one invocation."""
    common = set(parts[0].levels).intersection(*(part.levels for part in parts[1:]))
    found: list[Category] = []
    for path, feature in sorted((c for c in parts[0].levels if c in common), key=lambda column: len(column[0])):
        texts = [text for part in parts for text in part.levels[path, feature]]
        levels = sorted({text for text in texts if text is not None})
        if None not in texts and 2 <= len(levels) <= min(MAX_LEVELS, len(parts) // 3):
            code = {level: index for index, level in enumerate(levels)}
            codes = np.array([code[text] for text in texts if text is not None])
            found.append(Category(Reading(site, path, feature), tuple(levels), codes))
    return tuple(found)
