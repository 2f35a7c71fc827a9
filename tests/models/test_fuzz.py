"""Damaged model files, a few hundred of them; `make fuzz` tries a hundred thousand, led by what they reach."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import peakahead
from benchmarks.fuzz import seeds
from benchmarks.fuzz.mutate import Donor, mutate
from benchmarks.fuzz.target import Finding, Target
from peakahead.models.model import UpperBound

FILES = seeds.files(seeds.by_hand())
DONORS = [Donor(content) for content in FILES]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Target:
    return Target(str(tmp_path_factory.mktemp("fuzz")))


def test_the_sound_files_load_and_are_used(target: Target) -> None:
    assert all(target(content) for content in FILES)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(FILES), st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_damaged_files_are_refused_or_harmless(target: Target, content: bytes, seed: int, rounds: int) -> None:
    random = Random(seed)
    for _ in range(rounds):
        content = mutate(content, random, DONORS)
    target(content)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
@example(b"")
@example(b"\x80\x04]\x94.")  # a pickle
def test_any_bytes_are_refused(target: Target, content: bytes) -> None:
    assert not target(content)


def test_many_damaged_files_load_still() -> None:
    """Else nothing would be tried but the loader."""
    random = Random(5)
    damaged = [mutate(random.choice(FILES), random, DONORS) for _ in range(300)]
    assert len(set(damaged)) > 250
    assert sum(_loads(content) for content in damaged) > 20


def _loads(content: bytes) -> bool:
    try:
        peakahead.BreakpointModel.from_json(json.loads(content))
    except (ValueError, RecursionError, peakahead.InvalidModel):
        return False
    return True


def test_what_must_not_be_is_found(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """The target itself: it tells a bound that no integer can hold, and a loader that raises another's error."""

    def without_end(self: Any, growth: float, beyond: bool) -> float:
        return growth + self.margin * 1e308 * 1e308

    with monkeypatch.context() as patch:
        patch.setattr(UpperBound, "above", without_end)
        with pytest.raises(Finding, match="a bound of inf bytes"):
            target(FILES[0])
    with monkeypatch.context() as patch:
        patch.setattr("peakahead.models.file.decode", lambda content: {}["missing"])
        with pytest.raises(KeyError):
            target(FILES[0])
