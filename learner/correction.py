"""Whether a forest may correct the chosen formula: where the error is more than noise, and only if it earns its place.

A forest is hard to read and knows nothing beyond the range. So it is tried where no formula is good enough, at the
few early sites that tell most, and must cut the error within the range markedly without losing it beyond.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..models.sites import Site
from .choice import MARKED, MIN_LEAD, Choice, Scored
from .forest_fit import correct
from .history import History
from .judging import Candidate
from .samples import SiteSamples
from .terms import CONSTANT

_GOOD_ERROR = 0.05  # of a formula: nobody gives up reading it for less
_TRIED = 3  # of the best sites


def corrected(
    choice: Choice,
    scored: list[Scored],
    history: History,
    samples_of: Callable[[Site], SiteSamples],
    median: Candidate,
    noise: float | None,
) -> Choice:
    """Return the choice with its main stage corrected by a forest, or as it was.

    Args:
        choice: The formulas chosen.
        scored: The sites that were searched, earliest first.
        history: Of all candidate sites.
        samples_of: Gives a site's samples.
        median: The median peak as a forecast.
        noise: The median relative difference of equal invocations' peaks, if it is known.
    """
    main = next((found for found in reversed(choice.stages) if found.lead >= MIN_LEAD), None)
    bar = median if main is None else main.candidate
    if bar.mean_error <= max(_GOOD_ERROR, 2 * (noise or 0.0)):
        return choice
    best: tuple[Site, Candidate] | None = None
    for site in _sites_to_try(scored, history, main):
        found = next((one for one in scored if one.site == site), None)
        samples = samples_of(site)
        for terms in dict.fromkeys([*([found.candidate.terms] if found else []), CONSTANT]):
            candidate = correct(samples, terms)
            if candidate is not None and (best is None or candidate.mean_error < best[1].mean_error):
                best = site, candidate
    if best is None or not _earns_its_place(best[1], bar):
        return choice
    site, candidate = best
    samples = samples_of(site)
    stage = Scored(site, candidate, samples.lead, samples.hits, samples.elapsed_s, samples.spent_s)
    kept = [other for other in choice.stages if other is not main and other.site != site]
    return replace(
        choice,
        stages=tuple(sorted([*kept, stage], key=lambda one: one.elapsed_s)),
        verdicts=choice.verdicts
        | ({main.site: "a forest elsewhere is far better"} if main is not None else {})
        | {site: "chosen: no formula is good enough, and a forest is far better"},
    )


def _sites_to_try(scored: list[Scored], history: History, main: Scored | None) -> list[Site]:
    """Return the best early sites, the last at entry and the last of all, which know most; none after the main one."""
    early = [one.site for one in history.sites if one.lead >= MIN_LEAD]
    if main is not None:
        early = early[: early.index(main.site) + 1]
    best = sorted((found for found in scored if found.site in early), key=lambda found: found.score)[:_TRIED]
    at_entry = [site for site in early if site.entry]
    return list(dict.fromkeys([*(found.site for found in best), *at_entry[-1:], *early[-1:]]))


def _earns_its_place(candidate: Candidate, bar: Candidate) -> bool:
    return candidate.mean_error < MARKED * bar.mean_error and candidate.score <= bar.score
