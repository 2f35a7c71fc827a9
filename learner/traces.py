"""Traces, read back: the hits of one invocation as arrays."""

from __future__ import annotations

import functools
import json
import struct
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..models.errors import InvalidModel, InvalidTrace
from ..models.features import TYPE
from ..models.fields import Fields
from ..models.fingerprints import Fingerprint
from ..models.readings import Path, Step
from ..models.sites import FunctionRef, Site
from .origin import check_magic, records
from .recording import DEFINITION, FOOTER, HIT, HIT_HEAD, HIT_READING

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Column = tuple[Path, str]  # what is read of a site's variable
_MOST = 100_000  # functions or sites in one trace


@dataclass(frozen=True, slots=True)
class SiteHits:
    """All hits of one site in one invocation, in order.

    Attributes:
        order: Their places among all hits of the invocation, of shape (n_hits,).
        elapsed_s: Seconds since the invocation began, of shape (n_hits,).
        growth: High-water growth in bytes at the hit, of shape (n_hits,).
        columns: What was read, each of shape (n_hits,), NaN where a hit's value didn't offer it. Of a category,
            the places of its levels.
        levels: The levels of those columns that are categories.
        spent_s: Seconds that a hit's readings took, on average.
    """

    order: Integers
    elapsed_s: Floats
    growth: Floats
    columns: dict[Column, Floats]
    levels: dict[Column, tuple[str, ...]] = field(default_factory=dict)
    spent_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Trace:
    """What one invocation did.

    Attributes:
        hits: By site; sites that were retired aren't here.
        peak_bytes: The highest growth.
        baseline_bytes: What the process held when it began.
        duration_s: How long it ran, traced.
        fingerprints: Of the functions in which sites were hit.
        recursive: The functions that called themselves.
        retired: The sites that were too hot, or too slow to read.
    """

    hits: dict[Site, SiteHits]
    peak_bytes: int
    baseline_bytes: int
    duration_s: float
    fingerprints: tuple[Fingerprint, ...]
    recursive: frozenset[FunctionRef]
    retired: frozenset[Site]

    def shifted(self, offset_bytes: int) -> Trace:
        """Return the trace with a constant added where it grew: what tracing is known to have kept from it."""
        if not offset_bytes:
            return self
        hits = {
            site: replace(hits, growth=np.where(hits.growth > 0, np.maximum(hits.growth + offset_bytes, 0.0), 0.0))
            for site, hits in self.hits.items()
        }
        return replace(self, hits=hits, peak_bytes=max(0, self.peak_bytes + offset_bytes))


def read_trace(content: bytes) -> Trace:
    """Return the trace in a trace file's content.

    Raises:
        InvalidTrace: If it is no trace, is damaged, or was cut short.
    """
    check_magic(content)
    try:
        return _read(content)
    except (LookupError, ValueError, TypeError, OverflowError, RecursionError, struct.error, InvalidModel) as error:
        raise InvalidTrace(f"the trace is damaged ({error}): record it again") from error


def _read(content: bytes) -> Trace:
    sites: list[Site] = []
    columns: list[Column] = []
    levels: dict[int, list[str]] = {}
    rows: list[list[tuple[int, float, int, list[tuple[int, float]]]]] = []
    order = 0
    footer: Fields | None = None
    for tag, payload in records(content):
        if tag == HIT:
            place, elapsed, growth = HIT_HEAD.unpack_from(payload)
            rows[place].append((order, elapsed, growth, list(HIT_READING.iter_unpack(payload[HIT_HEAD.size :]))))
            order += 1
        elif tag == DEFINITION:
            match _definition(bytes(payload)):
                case Site() as site:
                    sites.append(site)
                    rows.append([])
                case _Level(of, text):
                    levels.setdefault(of, []).append(text)
                case column:
                    columns.append(column)
        elif tag == FOOTER:
            footer = Fields(json.loads(bytes(payload)), "trace")
    if footer is None:
        raise InvalidTrace("the trace was cut short: its process ended before the invocation did")
    retired = {sites[number] for number in footer.items("retired", _MOST)}
    spent = dict(zip(sites, footer.items("spent_s", _MOST), strict=False))
    return Trace(
        {
            site: _arrays(row, columns, levels, float(spent.get(site, 0.0)))
            for site, row in zip(sites, rows, strict=True)
            if row and site not in retired
        },
        footer.integer("peak_bytes"),
        footer.integer("baseline_bytes"),
        footer.number("duration_s", 0.0),
        tuple(Fingerprint.from_json(child) for child in footer.children("functions", _MOST)),
        frozenset(FunctionRef.from_json(child) for child in footer.children("recursive", _MOST)),
        frozenset(retired),
    )


class _Level(NamedTuple):
    """A category's level, and the number of its column."""

    of: int
    text: str


@functools.lru_cache(2**16)  # the traces of one function define the same over and over
def _definition(payload: bytes) -> Site | _Level | Column:
    fields = Fields(json.loads(payload), "trace")
    if fields.has("column"):
        return _path(fields), fields.name("feature")
    if fields.has("level"):
        return _Level(fields.integer("of"), fields.text("level"))
    return Site.from_json(fields)


def _path(fields: Fields) -> Path:
    return tuple(
        Step(step.choice("kind", ("attribute", "item")), step.text("name")) for step in fields.children("path", 10)
    )


def _arrays(
    rows: list[tuple[int, float, int, list[tuple[int, float]]]],
    columns: list[Column],
    levels: dict[int, list[str]],
    spent_s: float,
) -> SiteHits:
    read: dict[int, Floats] = {}
    for index, (_, _, _, readings) in enumerate(rows):
        for column, number in readings:
            if column not in read:
                read[column] = np.full(len(rows), np.nan)
            read[column][index] = number
    for number, values in read.items():
        if columns[number] == ((), TYPE):  # written where it changed
            known = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
            read[number] = values[known]
    return SiteHits(
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.float64),
        np.array([row[2] for row in rows], dtype=np.float64),
        {columns[number]: values for number, values in read.items()},
        {columns[number]: tuple(levels[number]) for number in read if number in levels},
        spent_s,
    )
