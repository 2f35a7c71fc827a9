"""Records against what they stand in for: frozen dataclasses with slots."""

from __future__ import annotations

import copy
import dataclasses
import operator
import pickle
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peakahead.models.records import Record


class Shape(Record, order=True):
    """A record."""

    name: str
    sides: Any
    note: str = "plain"
    parts: tuple[Any, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.name} of {self.sides}"


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Reference:
    """The same as a dataclass."""

    name: str
    sides: Any
    note: str = "plain"
    parts: tuple[Any, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.name} of {self.sides}"


class Unordered(Record):
    name: str


class Secretive(Record, unshown=("name", "note")):
    name: str
    sides: int
    note: str = "plain"


@dataclasses.dataclass(frozen=True, slots=True)
class SecretiveReference:
    name: str = dataclasses.field(repr=False)
    sides: int
    note: str = dataclasses.field(default="plain", repr=False)


# Without NaN: dataclasses of 3.13 compare field by field, and so hold a NaN to differ from itself, earlier ones not.
ONE = st.sampled_from([0, 1, 1.0, True, -2, "", "a", "b", None, (), (1,)])
ANY: Any = Shape  # the type checkers see the mistakes in calls too
VALUES = st.tuples(ONE, ONE, ONE, ONE)
NAMES = ("name", "sides", "note", "parts")


def outcome(action: Callable[[], Any]) -> Any:
    """Return what an action gives, or the class of what it raises."""
    try:
        return action()
    except (TypeError, AttributeError) as error:
        return type(error)


def fields_of(shape: Any) -> Any:
    return tuple(getattr(shape, name) for name in NAMES) if not isinstance(shape, type) else shape


@settings(deadline=None)
@given(st.lists(ONE, max_size=5), st.dictionaries(st.sampled_from((*NAMES, "other")), ONE))
def test_fields_are_given_by_place_and_by_name(values: list[Any], named: dict[str, Any]) -> None:
    made = outcome(lambda: Shape(*values, **named))

    assert fields_of(made) == fields_of(outcome(lambda: Reference(*values, **named)))


@pytest.mark.parametrize("compare", [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge])
@settings(deadline=None)
@given(VALUES, VALUES)
def test_records_compare_by_their_fields_in_order(
    compare: Callable[[Any, Any], Any], left: tuple[Any, ...], right: tuple[Any, ...]
) -> None:
    for other in (right, left, (*left[:3], right[3])):
        expected = outcome(lambda other=other: compare(Reference(*left), Reference(*other)))
        assert outcome(lambda other=other: compare(Shape(*left), Shape(*other))) is expected


@settings(deadline=None)
@given(VALUES, VALUES)
def test_equal_records_are_one_key(left: tuple[Any, ...], right: tuple[Any, ...]) -> None:
    assert len({Shape(*left), Shape(*right), Shape(*left)}) == len({Reference(*left), Reference(*right)})


@settings(deadline=None)
@given(VALUES)
def test_a_record_shows_its_fields(values: tuple[Any, ...]) -> None:
    assert repr(Shape(*values)) == repr(Reference(*values)).replace("Reference", "Shape", 1)


def test_fields_that_are_left_out_are_not_shown() -> None:
    assert (
        repr(Secretive("a", 3)) == repr(SecretiveReference("a", 3)).replace("Reference", "", 1) == "Secretive(sides=3)"
    )
    assert Secretive("a", 3) != Secretive("b", 3)


@settings(deadline=None)
@given(VALUES)
def test_copies_are_equal(values: tuple[Any, ...]) -> None:
    shape = Shape(*values)
    copies = [copy.copy(shape), copy.deepcopy(shape)]
    copies += [pickle.loads(pickle.dumps(shape, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for one in copies:
        assert type(one) is Shape
        assert one == shape


def test_a_deep_copy_is_deep_and_a_copy_is_not() -> None:
    for cls in (Shape, Reference):
        shape = cls("a", [1])
        assert copy.copy(shape).sides is shape.sides
        assert copy.deepcopy(shape).sides is not shape.sides


@settings(deadline=None)
@given(VALUES, st.dictionaries(st.sampled_from((*NAMES, "other")), ONE))
def test_fields_are_replaced(values: tuple[Any, ...], changes: dict[str, Any]) -> None:
    shape = Shape(*values)
    ways: list[Callable[..., Any]] = [Shape.replaced]
    if sys.version_info >= (3, 13):
        ways.append(copy.replace)
    for replaced in ways:
        made = outcome(lambda replaced=replaced: replaced(shape, **changes))
        assert fields_of(made) == fields_of(outcome(lambda: dataclasses.replace(Reference(*values), **changes)))
    assert fields_of(shape) == values


@pytest.mark.parametrize("cls", [Shape, Reference])
def test_a_record_does_not_change(cls: Any) -> None:
    shape = cls("a", 3)
    with pytest.raises(AttributeError):
        shape.sides = 4
    with pytest.raises(AttributeError):
        del shape.sides
    assert shape == cls("a", 3)
    assert not hasattr(shape, "__dict__")


def test_a_record_takes_nothing_else() -> None:
    shape: Any = Shape("a", 3)
    with pytest.raises(AttributeError, match=r"a Shape doesn't change: make another, with `replaced\(other=\.\.\.\)`"):
        shape.other = 1
    with pytest.raises(AttributeError, match="can't be deleted"):
        del shape.other


@pytest.mark.parametrize("cls", [Shape, Reference])
def test_match_sees_the_fields(cls: Any) -> None:
    def matched(value: object) -> object:
        match value:
            case cls("square", 4, "plain", ()):
                return "all"
            case cls("square", sides):
                return sides
            case cls(note="round"):
                return "round"
        return None

    made = [cls("square", 4), cls("square", (1, 2)), cls("disc", 0, "round"), cls("line", 1), Unordered("square")]
    assert list(map(matched, made)) == ["all", (1, 2), "round", None, None]
    assert cls.__match_args__ == NAMES


@pytest.mark.parametrize("cls", [Shape, Reference])
def test_a_field_that_has_no_hash_makes_a_record_without(cls: Any) -> None:
    with pytest.raises(TypeError, match="unhashable type: 'dict'"):
        hash(cls("a", {}))
    assert cls("a", {}) == cls("a", {})


def test_records_of_different_classes_are_not_equal_and_have_no_order() -> None:
    class Other(Record, order=True):
        name: str
        sides: Any
        note: str = "plain"
        parts: tuple[Any, ...] = ()

    one: Any = Shape("a", 3)
    assert one != Other("a", 3)
    for other in (Other("a", 3), ("a", 3, "plain", ()), Reference("a", 3)):
        with pytest.raises(TypeError):
            _ = one < other
    with pytest.raises(TypeError):
        _ = Unordered("a") < Unordered("b")  # type: ignore[operator]  # the mistake it is about


def test_methods_and_properties_stay() -> None:
    assert Shape("square", 4).title == Reference("square", 4).title
    assert Shape.__doc__ == "A record."


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ANY("a"), "Shape was given no value for sides"),
        (lambda: ANY(note="b"), "Shape was given no value for name, sides"),
        (lambda: ANY(1, 2, "3", (), 5), r"Shape has 4 fields \(name, sides, note, parts\), and 5 values were given"),
        (lambda: ANY("a", 3, name="b"), "Shape was given two values for name"),
        (lambda: ANY("a", 3, color="red"), "Shape has no field color: give name, sides, note, parts"),
        (lambda: ANY("a", 3).replaced(color="red"), "Shape has no field color"),
    ],
)
def test_what_is_wrong_with_a_call_is_said(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_what_is_wrong_with_a_class_is_said() -> None:
    with pytest.raises(TypeError, match=r"Shared\.items has a default that can change"):

        class Shared(Record):
            items: list[int] = []  # noqa: RUF012 - the mistake it is about

    with pytest.raises(TypeError, match="Late has a field without a default after one with a default"):

        class Late(Record):
            first: int = 1
            second: int  # type: ignore[misc]  # the mistake it is about

    with pytest.raises(TypeError, match="Square derives from a record"):

        class Square(Shape):
            color: str = "red"

    with pytest.raises(TypeError, match="Empty has no fields"):

        class Empty(Record):
            pass
