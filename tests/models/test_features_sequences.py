"""Containers, iterators and sequences of sized things, against what they themselves say."""

from __future__ import annotations

import array
import collections
import itertools
import operator
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from peakahead.models.sequences import MAX_ITEMS
from tests.models.values import offered


@pytest.mark.parametrize(
    "sized",
    [
        range(3, 100, 7),
        collections.deque([1, 2, 3]),
        collections.Counter("hello"),
        collections.OrderedDict(a=1),
        collections.defaultdict(int, {1: 2}),
        array.array("d", [1, 2, 3]),
        {1: 2}.keys(),
        {1: 2}.values(),
        {1: 2}.items(),
    ],
)
def test_containers_tell_their_length(sized: Any) -> None:
    assert offered(sized)["len"] == len(sized)


def test_an_array_tells_its_bytes() -> None:
    values = array.array("d", range(10))
    assert offered(values)["nbytes"] == values.itemsize * len(values) == 80


def test_a_range_beyond_all_bounds_says_nothing() -> None:
    assert set(offered(range(10**400))) == {"type"}


@pytest.mark.parametrize(
    "made",
    [
        lambda: iter([1, 2, 3]),
        lambda: reversed([1, 2, 3]),
        lambda: iter((1, 2, 3)),
        lambda: iter("abc"),
        lambda: iter("äöü€"),
        lambda: iter(b"abc"),
        lambda: iter(bytearray(b"abc")),
        lambda: iter(range(10)),
        lambda: iter(range(2**70, 2**70 + 4)),
        lambda: iter({1: 2, 3: 4}),
        lambda: iter({1: 2, 3: 4}.values()),
        lambda: iter({1: 2, 3: 4}.items()),
        lambda: reversed({1: 2, 3: 4}),
        lambda: iter({1, 2, 3}),
        lambda: iter(collections.deque([1, 2, 3])),
        lambda: itertools.repeat(7, 5),
    ],
)
def test_built_in_iterators_tell_what_is_left_and_are_not_drawn_from(made: Callable[[], Iterator[object]]) -> None:
    iterator = made()
    next(iterator)
    expected = operator.length_hint(iterator)
    assert offered(iterator)["length_hint"] == expected > 0
    assert len(list(iterator)) == expected


class Asked:
    """A sequence that counts how often its length is asked for."""

    asked = 0

    def __len__(self) -> int:
        type(self).asked += 1
        return 3

    def __getitem__(self, index: int) -> int:
        return [1, 2, 3][index]


def test_iterators_that_would_ask_a_users_sequence_are_left_alone() -> None:
    for iterator in (iter(Asked()), reversed(Asked()), enumerate(Asked()), itertools.repeat(7)):  # type: ignore[call-overload]
        assert set(offered(iterator)) == {"type"}
    assert Asked.asked == 1  # by `reversed` itself


@pytest.mark.parametrize("kind", [list, tuple, collections.deque])
@pytest.mark.parametrize("n", [1, 5, MAX_ITEMS, 2_000])
def test_a_sequence_of_sized_things_tells_the_sum_and_the_largest(kind: Any, n: int) -> None:
    texts = ["x" * 10] * n
    found = offered(kind(texts))
    assert found["len_sum"] == 10.0 * n
    assert found["len_max"] == 10.0
    assert found["len_adjacent"] == (20.0 if n > 1 else 10.0)
    assert found["sampled"] == (n if n <= MAX_ITEMS else MAX_ITEMS // 2)


def test_a_sample_is_spread_over_the_sequence() -> None:
    sizes = list(range(10_000))
    found = offered([range(size) for size in sizes])
    assert found["len_sum"] == pytest.approx(sum(sizes), rel=0.02)
    assert found["len_max"] == pytest.approx(max(sizes), rel=0.02)


def test_the_first_item_decides_and_others_count_if_they_have_it() -> None:
    assert offered([b"abc", None, [1, 2]])["len_sum"] == 5.0
    assert "len_sum" not in offered([None, b"abc"])
    assert "len_sum" not in offered([])
    assert offered([array.array("d", [1, 2]), b"x"])["nbytes_sum"] == 16.0
