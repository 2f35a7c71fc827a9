"""Traces, and what is made of them."""

from __future__ import annotations

import pytest

from peakahead.learner.corrections import Repeats
from peakahead.learner.history import History
from peakahead.learner.origin import Origin
from peakahead.learner.samples import site_samples
from peakahead.models.sites import FunctionRef
from tests.learner.scripted import ScriptedMeter, trace

MIB = 2**20


def grows(sizes: list[int], meter: ScriptedMeter) -> None:
    held = 0
    for size in sizes:
        meter.level = max(meter.level, held + size)
        held = size


def test_a_sample_is_what_is_needed_until_the_site_speaks_again() -> None:
    traces = []
    for sizes in ([3, 5, 4], [7, 2]):
        meter = ScriptedMeter()
        found = trace(lambda sizes=sizes, meter=meter: grows(sizes, meter), meter)
        traces.append(found)
    history = History.of(traces, 2)
    (site,) = (one.site for one in history.sites if one.site.variable == "size")

    samples = site_samples(history, site)

    assert samples.y.tolist() == [3, 8, 9, 7, 9]
    assert samples.growth.tolist() == [0, 3, 8, 0, 7]
    assert samples.peaks.tolist() == [9, 9]
    columns = {str(r): samples.X[:, i].tolist() for i, r in enumerate(samples.readings) if r.site == site}
    assert columns["size"] == [3, 5, 4, 7, 2]
    assert columns["sum of size"] == [3, 8, 12, 7, 9]
    assert columns["hits of size"] == [1, 2, 3, 1, 2]
    assert columns["largest two adjacent size"] == [3, 8, 9, 7, 9]
    # What is read only after the first hit isn't known there; what never varies tells nothing.
    assert {r.site.variable for r in samples.readings} == {"sizes", "size"}


def test_a_shift_is_given_where_there_was_growth() -> None:
    meter = ScriptedMeter()
    found = trace(lambda: grows([3, 5], meter), meter).shifted(10)

    assert found.peak_bytes == 18
    growth = next(hits.growth for site, hits in found.hits.items() if site.variable == "size")
    assert growth.tolist() == [0, 13]


def origin(invocation: int, peak: int, traced: bool = True, status: str = "ok") -> Origin:
    target = FunctionRef("app", "handle")
    return Origin(target, f"{invocation:04}", status, "", traced, peak, "rss", "forkserver", "3.12.1", "Linux", "glibc")


@pytest.mark.parametrize(
    ("differences", "offset"),
    [
        ([5, 6, 5, 7, 5], 5),
        ([-900, 800, 20, -40, 600], 0),
        ([0, 0, 0, 0, 0], 0),
        ([-8, -9, -8, -8, -7], -8),
        ([3], 0),
        ([5 * MIB, 5 * MIB, 5 * MIB], 0),
        ([-9 * MIB, MIB // 2, MIB // 2 + 9], 0),  # of a function that draws numbers: two that are close by chance
    ],
)
def test_the_offset_is_told_only_where_it_stands_out_of_the_noise(differences: list[int], offset: int) -> None:
    traced = [origin(k, 10 * MIB) for k in range(9)]
    again = [origin(k, 10 * MIB + difference, False) for k, difference in enumerate(differences)]
    lost = [origin(8, 5, False, "raised")]

    assert Repeats.of([*traced, *again, *lost]).offset_bytes == offset


def test_the_noise_is_how_far_equal_invocations_differ() -> None:
    traced = [origin(k, 10 * MIB) for k in range(5)]
    again = [origin(k, round(10 * MIB * (1 + share)), False) for k, share in enumerate((0.0, 0.02, -0.02, 0.01, -0.01))]

    assert Repeats.of([*traced, *again]).noise == pytest.approx(0.01, rel=0.05)
    assert Repeats.of(traced) == Repeats(0, None)


def test_the_lead_is_the_share_still_ahead_at_the_first_hit() -> None:
    meter = ScriptedMeter()

    def half() -> None:
        meter.level = 50
        first = 1
        meter.level = 100
        del first

    found = [trace(half, meter)]
    history = History.of(found, 1)
    (site,) = (one.site for one in history.sites)

    assert site_samples(history, site).lead == pytest.approx(0.5)
