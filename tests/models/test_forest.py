"""Forests: what they say, by hand, and what a damaged file may not do."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from peakahead.models.errors import InvalidModel
from peakahead.models.fields import Fields
from peakahead.models.forest import LEAF, Forest, Input, Tree

SPLIT = Tree((0, LEAF, 1, LEAF, LEAF), (5.0, 0.0, 0.5, 0.0, 0.0), (1, 0, 3, 0, 0), (2, 0, 4, 0, 0), (0, 1, 0, 2, 4))
FOREST = Forest((Input(0), Input(1, "L")), (SPLIT, Tree((LEAF,), (0.0,), (0,), (0,), (3.0,))))
IS_CATEGORY = [False, True]


def test_a_forest_averages_its_trees_leaves() -> None:
    assert FOREST.evaluate((5.0, "L")) == (1 + 3) / 2
    assert FOREST.evaluate((5.1, "RGB")) == (2 + 3) / 2
    assert FOREST.evaluate((5.1, "L")) == (4 + 3) / 2


def test_a_forest_comes_back_from_json() -> None:
    assert Forest.from_json(Fields(FOREST.to_json(), "forest"), IS_CATEGORY) == FOREST


def set_in(*path: Any, to: Any) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = to

    return change


@pytest.mark.parametrize(
    "damage",
    [
        set_in("trees", 0, "left", 2, to=0),  # a walk that never ends
        set_in("trees", 0, "right", 0, to=5),
        set_in("trees", 0, "inputs", 0, to=2),
        set_in("trees", 0, "thresholds", to=[1.0]),
        set_in("trees", 0, "factors", 1, to=-1.0),
        set_in("trees", 0, "thresholds", 0, to="5"),
        set_in("trees", to=[]),
        set_in("inputs", to=[]),
        set_in("inputs", 0, "level", to="L"),  # a number has no levels
        set_in("inputs", 1, "level", to=None),  # and a category is no number
        set_in("inputs", 0, "reading", to=2),
    ],
)
def test_a_damaged_forest_is_refused(damage: Callable[[Any], None]) -> None:
    data = copy.deepcopy(FOREST.to_json())
    damage(data)
    with pytest.raises(InvalidModel, match="damaged"):
        Forest.from_json(Fields(data, "forest"), IS_CATEGORY)
