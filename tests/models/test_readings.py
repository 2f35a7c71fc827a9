from __future__ import annotations

import enum
import io
import os
import pathlib
import tempfile
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pytest

from peakahead.models.readings import MAX_READINGS, Step, is_leaf, read_all
from tests.models.values import read_one


def readings_of(value: Any) -> dict[str, float | str]:
    """Return what a value offers, without its type, which every value does."""
    found = {"".join(map(str, path)) + ":" + feature: told for path, feature, told in read_all(value)}
    assert found.pop(":type") == type(value).__name__
    return found


@pytest.fixture
def file_of_1234(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "some.dat"
    path.write_bytes(b"x" * 1234)
    return path


class Colour(enum.IntEnum):
    RED = 3


class Shade(enum.Enum):
    DARK = (0, 0, 0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, {":value": 7.0}),
        (True, {":value": 1.0, ":text": "True"}),
        (2.5, {":value": 2.5}),
        (Colour.RED, {":value": 3.0, ":name": "RED"}),
        (Shade.DARK, {":name": "DARK"}),
        (np.int64(9), {":value": 9.0}),
        (np.float32(0.5), {":value": 0.5}),
        (np.bool_(True), {":value": 1.0}),
        ("no such file", {":len": 12.0, ":text": "no such file"}),
        ("x" * 41, {":len": 41.0}),
        ([1, 2, 3], {":len": 3.0}),
        (b"abc", {":len": 3.0}),
        ({1, 2}, {":len": 2.0}),
        (OrderedDict(a=1), {":len": 1.0, "['a']:value": 1.0}),
        (None, {}),
        (float("nan"), {}),
        (float("inf"), {}),
        (10**400, {}),
        (io.BytesIO, {":class": "BytesIO"}),
        (os, {}),
        (len, {}),
    ],
)
def test_what_a_value_offers(value: Any, expected: dict[str, float]) -> None:
    assert readings_of(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(7, 2.5, np.int64(9), Colour.RED, "text", b"ab", [{"a": 1}], ({"a": 1},), {1, 2}, OrderedDict(a={"b": 1})),
        *({"a": 1}, np.ones(3), pathlib.Path("none"), io.StringIO(), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_leaf_classes_have_no_children(value: Any) -> None:
    if is_leaf(type(value)):
        assert [path for path, _, _ in read_all(value) if path] == []


def test_numbers_and_texts_are_leaves_and_dicts_are_not() -> None:
    assert all(map(is_leaf, (int, bool, float, str, bytes, np.ndarray)))
    assert not any(map(is_leaf, (dict, object, type(None))))


def test_an_array_offers_its_bytes_and_its_shape() -> None:
    assert readings_of(np.zeros((10, 20))) == {
        ":nbytes": 1600.0,
        ":shape0": 10.0,
        ":shape1": 20.0,
        ":dtype": "float64",
    }


def test_a_json_like_dict_offers_its_leaves_by_path() -> None:
    event = {"body": "x" * 50, "image": {"width": 640, "height": 480}, "tags": ["a", "b"]}

    assert readings_of(event) == {
        ":len": 3.0,
        "['body']:len": 50.0,
        "['image']:len": 2.0,
        "['tags']:len": 2.0,
        "['tags']:len_sum": 2.0,
        "['tags']:len_max": 1.0,
        "['tags']:len_adjacent": 2.0,
        "['tags']:sampled": 2.0,
        "['image']['width']:value": 640.0,
        "['image']['height']:value": 480.0,
    }


def test_an_object_offers_its_attributes_and_slots() -> None:
    @dataclass(slots=True)
    class Header:
        width: int
        height: int

    class Image:
        depth = 3

        def __init__(self) -> None:
            self.header = Header(640, 480)

    assert readings_of(Image()) == {".header.width:value": 640.0, ".header.height:value": 480.0}
    # A class's plain default isn't found by looking at the instance, but can be read by name.
    assert read_one((Step("attribute", "depth"),), "value", Image()) == 3.0


def test_a_named_tuple_offers_its_fields() -> None:
    pair = namedtuple("Pair", "a b")(1, [2, 3])
    assert readings_of(pair) == {":len": 2.0, ".a:value": 1.0, ".b:len": 2.0}
    assert read_one((Step("attribute", "b"),), "len", pair) == 2.0
    assert readings_of(os.stat("."))[".st_size:value"] == os.stat(".").st_size
    half_made = tuple.__new__(type(pair), ())
    assert readings_of(half_made) == {":len": 0.0}


@pytest.mark.parametrize("mode", ["r", "rb", "r+b"])
def test_the_size_behind_an_open_file_is_read_without_moving_it(file_of_1234: pathlib.Path, mode: str) -> None:
    with open(file_of_1234, mode) as file:
        file.read(10)
        position = os.lseek(file.fileno(), 0, os.SEEK_CUR)
        assert readings_of(file) == {":file_size": 1234.0}
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == position
    assert readings_of(file) == {}  # closed


def test_an_unbuffered_file_and_a_detached_one(file_of_1234: pathlib.Path) -> None:
    with open(file_of_1234, "rb", buffering=0) as raw:
        assert readings_of(raw) == {":file_size": 1234.0}
    text = open(file_of_1234)  # noqa: SIM115 - detached, it can't be closed
    buffered = text.detach()
    assert readings_of(text) == {}
    assert readings_of(buffered) == {":file_size": 1234.0}
    buffered.close()


def test_the_size_behind_a_path_of_any_kind(file_of_1234: pathlib.Path) -> None:
    (entry,) = os.scandir(file_of_1234.parent)
    for path in (str(file_of_1234), file_of_1234, entry):
        assert readings_of(path)[":file_size"] == 1234.0
    assert ":file_size" not in readings_of(str(file_of_1234.parent))  # a folder's size isn't a file's


def test_the_sizes_behind_a_list_of_paths(tmp_path: pathlib.Path) -> None:
    paths = []
    for index, size in enumerate((100, 900, 500, 50)):
        paths.append(tmp_path / f"{index}.dat")
        paths[-1].write_bytes(b"x" * size)

    for kind in (list, tuple):
        found = readings_of(kind(map(str, paths)))
        assert found == {
            ":len": 4.0,
            ":file_size_sum": 1550.0,
            ":file_size_max": 900.0,
            ":file_size_adjacent": 1400.0,
            ":sampled": 4.0,
        }


def test_a_long_list_of_paths_is_sampled(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "one.dat"
    path.write_bytes(b"x" * 10)

    found = readings_of([str(path)] * 5_000)

    assert found == {
        ":len": 5000.0,
        ":file_size_sum": 50_000.0,
        ":file_size_max": 10.0,
        ":file_size_adjacent": 20.0,
        ":sampled": 500.0,
    }


def test_the_number_of_readings_is_bounded() -> None:
    class Wide:
        def __init__(self) -> None:
            for index in range(500):
                setattr(self, f"field{index}", {"a": index, "b": [index]})

    assert len(read_all(Wide())) == MAX_READINGS


def test_a_loop_of_references_ends() -> None:
    class Node:
        def __init__(self) -> None:
            self.me = self
            self.size = 4

    assert readings_of(Node()) == {".size:value": 4.0}


class Hostile(list[int]):
    """Everything that a value can do when it is looked at."""

    @property
    def boom(self) -> NoReturn:
        raise AssertionError("a property ran")

    def __len__(self) -> NoReturn:
        raise AssertionError("__len__ ran")

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError("__getattr__ ran")

    def __getattribute__(self, name: str) -> NoReturn:
        raise AssertionError("__getattribute__ ran")

    def __getitem__(self, index: Any) -> NoReturn:
        raise AssertionError("__getitem__ ran")


class HostileObject:
    def __init__(self) -> None:
        object.__setattr__(self, "size", 5)

    @property
    def boom(self) -> NoReturn:
        raise AssertionError("a property ran")

    @property
    def __class__(self) -> NoReturn:  # type: ignore[override]  # that it lies is the point
        raise AssertionError("__class__ ran")

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError("__getattr__ ran")

    def __getattribute__(self, name: str) -> NoReturn:
        raise AssertionError("__getattribute__ ran")

    def __len__(self) -> NoReturn:
        raise AssertionError("__len__ ran")


class LyingNumber(int):
    def __int__(self) -> NoReturn:
        raise AssertionError("__int__ ran")

    def __lt__(self, other: object) -> NoReturn:
        raise AssertionError("__lt__ ran")


class LyingPath(str):
    def __str__(self) -> NoReturn:
        raise AssertionError("__str__ ran")

    def __fspath__(self) -> NoReturn:
        raise AssertionError("__fspath__ ran")


def test_no_code_of_the_value_runs() -> None:
    hostile = Hostile([1, 2])
    assert readings_of(hostile) == {":len": 2.0}
    assert readings_of(HostileObject()) == {".size:value": 5.0}
    assert readings_of(LyingNumber(3)) == {":value": 3.0}
    assert readings_of(LyingPath("no such file")) == {":len": 12.0, ":text": "no such file"}
    assert read_one((Step("attribute", "boom"),), "value", HostileObject()) is None
    assert read_one((Step("item", "key"),), "value", hostile) is None


def test_a_wrapped_temporary_file_runs_no_code_of_its_wrapper() -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x" * 77)
        file.flush()
        assert readings_of(file)[".file:file_size"] == 77.0


def test_production_reads_what_training_read(file_of_1234: pathlib.Path) -> None:
    event = {"n": 3, "path": str(file_of_1234), "rows": [1, 2], "array": np.zeros((3, 4))}
    for path, feature, number in read_all(event):
        assert read_one(path, feature, event) == number
