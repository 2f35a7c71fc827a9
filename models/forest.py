"""A small forest that corrects a formula, exported as plain numbers and evaluated in plain Python.

It says by which factor growth differs from what the formula gives, as an average over its trees' leaves; so it
stays between the factors that training saw. Where a reading lies beyond the training range the formula stands
alone: a forest knows nothing there.
"""

from __future__ import annotations

from .fields import Fields
from .formulas import Value
from .records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

MAX_TREES = 64
MAX_NODES = 127  # of one tree
LEAF = -1


class Input(Record):
    """What a node's question is about.

    Attributes:
        reading: The index of the reading among the stage's.
        level: For a category, the level that counts as 1, all others as 0; None for a number.
    """

    reading: int
    level: str | None = None

    def of(self, values: Sequence[Value]) -> Any:
        value = values[self.reading]
        return value if self.level is None else float(value == self.level)

    def to_json(self) -> dict[str, Any]:
        return {"reading": self.reading} | ({} if self.level is None else {"level": self.level})

    @classmethod
    def from_json(cls, fields: Fields, is_category: Sequence[bool]) -> Input:
        reading = fields.integer("reading", high=len(is_category) - 1)
        level = fields.text("level") if fields.has("level") else None
        if (level is not None) != is_category[reading]:
            raise fields.complaint("a level where the reading is a category, and only there", "level")
        return cls(reading, level)


class Tree(Record):
    """A regression tree by its nodes, each child after its parent.

    Attributes:
        inputs: The index of the input that a node asks about, LEAF for a leaf.
        thresholds: Up to which value the left child is next.
        left: The left child of each node; of a leaf, 0.
        right: The right child of each node; of a leaf, 0.
        factors: What a leaf says; positive.
    """

    inputs: tuple[int, ...]
    thresholds: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    factors: tuple[float, ...]

    def evaluate(self, known: Sequence[float]) -> float:
        """Return the factor at the leaf that the inputs, of shape (n_inputs,), lead to."""
        node = 0
        while (asked := self.inputs[node]) != LEAF:
            node = (self.left if known[asked] <= self.thresholds[node] else self.right)[node]
        return self.factors[node]

    def to_json(self) -> dict[str, Any]:
        return {
            "inputs": list(self.inputs),
            "thresholds": list(self.thresholds),
            "left": list(self.left),
            "right": list(self.right),
            "factors": list(self.factors),
        }

    @classmethod
    def from_json(cls, fields: Fields, n_inputs: int) -> Tree:
        inputs = fields.integers("inputs", MAX_NODES, LEAF, n_inputs - 1)
        n = len(inputs)
        thresholds = fields.numbers("thresholds", MAX_NODES)
        left, right = (fields.integers(side, MAX_NODES, 0, n - 1) for side in ("left", "right"))
        factors = fields.numbers("factors", MAX_NODES, low=0.0)
        if not n or {len(thresholds), len(left), len(right), len(factors)} != {n}:
            raise fields.complaint("five lists of one length, at least 1")
        for node, asked in enumerate(inputs):
            if asked != LEAF and min(left[node], right[node]) <= node:  # else a walk might never end
                raise fields.complaint("a tree whose children come after their parents")
        return cls(inputs, thresholds, left, right, factors)


class Forest(Record):
    """Trees whose average is the factor by which the formula's growth is corrected.

    Attributes:
        inputs: What the trees ask about.
        trees: The trees.
    """

    inputs: tuple[Input, ...]
    trees: tuple[Tree, ...]

    def evaluate(self, values: Sequence[Value]) -> float:
        """Return the factor for running readings of shape (n_readings,), as the stage orders them."""
        known = [one.of(values) for one in self.inputs]
        return sum(tree.evaluate(known) for tree in self.trees) / len(self.trees)

    def to_json(self) -> dict[str, Any]:
        return {
            "inputs": [one.to_json() for one in self.inputs],
            "trees": [tree.to_json() for tree in self.trees],
        }

    @classmethod
    def from_json(cls, fields: Fields, is_category: Sequence[bool]) -> Forest:
        """Build a forest from decoded JSON.

        Args:
            fields: The forest's fields.
            is_category: For each of the stage's readings, whether it is a category.
        """
        inputs = tuple(Input.from_json(child, is_category) for child in fields.children("inputs", MAX_NODES))
        trees = tuple(Tree.from_json(child, len(inputs)) for child in fields.children("trees", MAX_TREES))
        if not inputs or not trees:
            raise fields.complaint("at least one input and one tree")
        return cls(inputs, trees)
