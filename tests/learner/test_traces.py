"""Traces, and what is made of them."""

from __future__ import annotations

import pytest

from peakahead.learner.history import History
from peakahead.learner.isolation import Outcome
from peakahead.learner.learn import _Work
from peakahead.learner.samples import site_samples
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


@pytest.mark.parametrize(
    ("differences", "offset"),
    [([5, 6, 5, 7, 5], 5), ([-900, 800, 20, -40, 600], 0), ([0, 0, 0, 0, 0], 0), ([-8, -9, -8, -8, -7], -8)],
)
def test_the_offset_is_told_only_where_it_stands_out_of_the_noise(
    monkeypatch: pytest.MonkeyPatch, differences: list[int], offset: int
) -> None:
    again = iter(differences)
    traced = [Outcome("ok", peak_bytes=1_000 + k) for k in range(5)]
    work = _Work(b"", [bytes([k]) for k in range(5)], 1, True, None)
    monkeypatch.setattr(
        _Work,
        "_measure",
        lambda _self, arguments, _traced: iter(
            [Outcome("ok", peak_bytes=1_000 + argument[0] + next(again)) for argument in arguments]
        ),
    )

    assert work.untraced_offset(traced, 5)[0] == offset
    assert work.untraced_offset(traced, 0) == (0, None)
    assert work.untraced_offset([Outcome("raised")], 5) == (0, None)


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
