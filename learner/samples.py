"""Samples: what was known at each hit of a site, and what the invocation came to need until the next.

x holds the running readings known by then, from this site and from every site that fired earlier in the
invocation (an as-of join); y is the high-water growth up to the site's next hit, or at the end. So a site in a
loop learns what is needed until it speaks again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.readings import Reading
from ..models.sites import Site
from .history import INVOCATION, Category, History, telling_columns
from .traces import Floats, Integers


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
        spent_s: The median seconds that a hit's readings took.
        categories: The categories known by then, their codes of shape (n_rows,).
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
    spent_s: float = 0.0
    categories: tuple[Category, ...] = ()


def site_samples(history: History, site: Site) -> SiteSamples:
    """Return the samples of a site, with what was always known there of every earlier site.

    Args:
        history: Of all candidate sites.
        site: Where to sample; one of them.
    """
    place = next(index for index, one in enumerate(history.sites) if one.site == site)
    own = history.sites[place]
    keys = own.keys[own.rows]
    of_row = np.repeat(own.invocations, np.diff([*own.starts, len(own.rows)]))
    readings: list[Reading] = []
    categories: list[Category] = []
    blocks: list[Floats] = [np.empty((len(keys), 0))]
    seen: set[bytes] = set()
    for known in history.sites[: place + 1]:
        latest = np.searchsorted(known.keys, keys, side="right") - 1
        if (latest < 0).any() or (known.keys[latest] // INVOCATION != of_row).any():
            continue  # in some invocation it came later, or not at all
        values = known.values[latest]
        always = np.logical_and.reduce(np.isfinite(values), axis=0)
        telling = telling_columns(values, seen, always)
        blocks.append(values[:, telling])
        readings += [known.readings[column] for column in telling]
        categories += [category.at(latest) for category in known.categories]
    return SiteSamples(
        site,
        tuple(readings),
        np.hstack(blocks),
        own.y,
        own.growth,
        own.starts,
        own.invocations,
        history.peaks[own.invocations],
        own.lead,
        own.hits,
        own.elapsed_s,
        own.spent_s,
        _distinct(categories),
    )


def _distinct(categories: list[Category]) -> tuple[Category, ...]:
    """Return the categories that vary, each partition of the rows once."""
    seen: set[bytes] = set()
    found = []
    for category in categories:
        _, first, partition = np.unique(category.codes, return_index=True, return_inverse=True)
        key = np.argsort(np.argsort(first))[partition].astype(np.int16).tobytes()
        if len(first) > 1 and key not in seen:
            seen.add(key)
            found.append(category)
    return tuple(found)
