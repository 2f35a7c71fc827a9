"""Files that someone wrote to harm who loads them: each is refused by our error, soon, and in little memory.

Each is loaded in a process of its own, by the kernel's measure of which the memory is told.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import peakahead
from benchmarks.fuzz import MOST_GROWTH_BYTES, seeds
from peakahead.models.decoding import MAX_OBJECTS, MAX_VALUES, decode
from peakahead.models.file import MAX_BYTES, load

SLOWEST_S = 60  # on a machine that is busy; they take a tenth of a second

# The host has lifted Python's own limits, as some do.
LOADED = """
import resource, sys
import peakahead
from peakahead.learner.meters import StatusMeter
path, frames = sys.argv[1:]
peakahead.load, peakahead.InvalidModel
sys.setrecursionlimit(int(frames))
sys.set_int_max_str_digits(0)
meter = StatusMeter()
before = meter.start()
try:
    said = str(peakahead.load(path))
except peakahead.InvalidModel as error:
    said = f"refused: {error}"
print(meter.high_water() - before)
print(said)
"""


def loaded(path: Path, frames: int = 1_000) -> tuple[int, str]:
    """Return how far the memory of a fresh process rises while it loads a file, and what comes of it."""
    command = [sys.executable, "-c", LOADED, str(path), str(frames)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SLOWEST_S, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    grown, _, said = done.stdout.partition("\n")
    return int(grown), said


def filled(item: str, length: int = MAX_BYTES, around: str = "[]") -> bytes:
    """Return a list, or another container, of as many items as go into a file."""
    return f"{around[0]}{','.join([item] * (length // len(item.encode() + b',') - 1))}{around[1]}".encode()[:length]


def distinct_keys(count: int) -> bytes:
    return ("{" + ",".join(f'"{number:x}":0' for number in range(count)) + "}").encode()


NOT_WHOLE = "is not a whole JSON file"
NO_MODEL = "no peakahead model"
FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", NOT_WHOLE),
    "100,000 lists deep": (lambda: b"[" * 100_000, NOT_WHOLE),
    "just few enough lists, each in the one before": (lambda: b"[" * MAX_OBJECTS, NOT_WHOLE),
    "as many objects": (lambda: b'{"":' * MAX_OBJECTS, NOT_WHOLE),
    "as deep between texts of brackets": (lambda: b'["]]\\"]",' * (MAX_OBJECTS // 2), NOT_WHOLE),
    "as deep after an escaped backslash": (lambda: b'["]]\\\\",' * (MAX_OBJECTS // 2), NOT_WHOLE),
    "4 MiB of empty objects": (lambda: filled("{}"), NOT_WHOLE),
    "4 MiB of small objects": (lambda: filled('{"":0}'), NOT_WHOLE),
    "4 MiB of small lists": (lambda: filled("[0]"), NOT_WHOLE),
    "just few enough objects": (lambda: filled('{"":0}', 7 * (MAX_OBJECTS - 10)), NO_MODEL),
    "4 MiB of short texts": (lambda: filled('"āā"'), NOT_WHOLE),
    "just few enough texts": (lambda: filled('"āāāāāāā"', 17 * (MAX_VALUES - 10)), NO_MODEL),
    "just few enough keys": (lambda: distinct_keys(MAX_VALUES), NO_MODEL),
    "4 MiB of digits": (lambda: b"9" * MAX_BYTES, NOT_WHOLE),
    "a fraction of 4 MiB of digits": (lambda: b"0." + b"9" * (MAX_BYTES - 2), NO_MODEL),
    "a number of 10,000 digits": (lambda: b'{"format": ' + b"9" * 10_000 + b"}", NOT_WHOLE),
    "4 MiB of text": (lambda: b'"' + b"x" * (MAX_BYTES - 2) + b'"', NO_MODEL),
    "4 MiB of wide letters": (lambda: '"{}"'.format("\U0001f600" * (MAX_BYTES // 4 - 1)).encode(), NO_MODEL),
    "4 MiB of escapes": (lambda: b'"' + b"\\ud800" * (MAX_BYTES // 6 - 1) + b'"', NO_MODEL),
    "4 MiB of quotes": (lambda: b'"' * MAX_BYTES, NOT_WHOLE),
    "4 MiB of backslashes": (lambda: b'["' + b"\\" * (MAX_BYTES - 2), NOT_WHOLE),
    "4 MiB of closing brackets": (lambda: b"]" * MAX_BYTES, NOT_WHOLE),
    "4 MiB of blanks": (lambda: b" " * MAX_BYTES, NOT_WHOLE),
    "a byte more": (lambda: b" " * (MAX_BYTES + 1), "more than any model"),
    "NUL": (lambda: b"\0" * 100, NOT_WHOLE),
    "no UTF-8": (lambda: b'{"\xff": 1}', NOT_WHOLE),
    "half a surrogate, encoded": (lambda: b'["\xed\xa0\x80"]', NOT_WHOLE),
    "UTF-16": (lambda: '{"format": "peakahead model"}'.encode("utf-16"), NOT_WHOLE),
    "UTF-32": (lambda: '{"format": "peakahead model"}'.encode("utf-32"), NOT_WHOLE),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_hostile_file_is_refused_in_little_memory(kind: str, tmp_path: Path) -> None:
    make, complaint = FILES[kind]
    path = tmp_path / "model.json"
    path.write_bytes(make())
    assert path.stat().st_size <= MAX_BYTES + 1

    grown, said = loaded(path, frames=1_000_000)

    assert said.startswith("refused: ")
    assert complaint in said
    assert len(said) < 1_000
    assert grown < MOST_GROWTH_BYTES


MODEL = seeds.by_hand()[-1]  # four stages: a category, a forest, a nested function's variable


def stage(data: Any, index: int = 2) -> Any:
    return data["stages"][index]


def tree(data: Any) -> Any:
    return stage(data)["forest"]["trees"][0]


def renamed(data: Any, **names: str) -> None:
    """Call the function that a breakpoint lies in something else, everywhere."""
    for place in [
        data["fingerprints"][0]["function"],
        *(reading["site"]["function"] for reading in stage(data, 1)["readings"]),
    ]:
        place.update(names)


CHANGES: dict[str, tuple[Callable[[Any], object], str]] = {
    "a tree whose node is its own child": (lambda d: tree(d)["left"].__setitem__(0, 0), "children come after"),
    "a tree that leads back": (lambda d: tree(d)["right"].__setitem__(2, 0), "children come after"),
    "a tree that leads outside": (lambda d: tree(d)["left"].__setitem__(0, 5), "left should be a whole number"),
    "a tree that asks what isn't there": (lambda d: tree(d)["inputs"].__setitem__(0, 2), "inputs should be"),
    "a tree of lists of unequal length": (lambda d: tree(d)["factors"].pop(), "five lists of one length"),
    "a thousand trees": (lambda d: stage(d)["forest"].update(trees=[tree(d)] * 1_000), "at most 64 items"),
    "a flag for a number": (lambda d: stage(d)["bound"].update(grain_bytes=True), "grain_bytes should be"),
    "a flag for an index": (lambda d: stage(d)["formula"]["terms"][0].update(factors=[False]), "factors should be"),
    "flags for a version": (lambda d: d.update(version=[True, False]), "not two whole numbers"),
    "a version nested 90 deep": (lambda d: d.update(version=json.loads("[" * 90 + "]" * 90)), "not two whole"),
    "a version of 4,000 texts": (lambda d: d.update(version=["x" * 500] * 4_000), "not two whole numbers"),
    "a key of a million letters": (lambda d: d["training"].update(failures={"x" * 10**6: 1}), "of short names"),
    "a key that a terminal obeys": (lambda d: d["training"].update(failures={"\x1b]0;": "x"}), r"failures\.\\x1b\]0;"),
    "a name of 1,001 letters": (lambda d: renamed(d, qualname="x" * 1_001), "at most 1000 characters"),
    "a call for a name": (lambda d: renamed(d, module="__import__('os').system('x')"), "a name as Python writes it"),
    "a relative name": (lambda d: renamed(d, module=".."), "a name as Python writes it"),
    "NUL in a name": (lambda d: renamed(d, module="os\0"), "a name as Python writes it"),
    "half a surrogate in a name": (lambda d: renamed(d, module="\ud800"), "a name as Python writes it"),
    "a category that is summed": (lambda d: stage(d, 1)["readings"][1].update(fold="sum"), "the fold last"),
    "one start after another": (lambda d: d["stages"].insert(1, d["stages"][0]), "only the first is the start"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_hostile_field_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    change, complaint = CHANGES[kind]
    data = MODEL.to_json()
    change(data)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(data))

    with pytest.raises(peakahead.InvalidModel, match=complaint) as caught:
        load(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2_000


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9" * 400, "true", '"1"', "[1]", "{}"]
)
def test_what_is_no_finite_number_is_no_number(literal: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(MODEL.to_json()).replace('"intercept": 7000000.0', f'"intercept": {literal}'))

    with pytest.raises(peakahead.InvalidModel, match=r"stages\[2\]\.formula\.intercept should be a"):
        load(path)


def test_of_a_repeated_key_the_last_counts_and_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    text = json.dumps(MODEL.to_json())
    path.write_text(text.replace('"version": [', '"version": ["x"], "version": [', 1))
    assert load(path) == MODEL
    path.write_text(text[:-1] + ', "stages": 3}')
    with pytest.raises(peakahead.InvalidModel, match="stages should be a list"):
        load(path)


def test_a_newer_minor_version_may_be_any_whole_number(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(MODEL.to_json() | {"version": [1, 10**30]}))

    with pytest.warns(UserWarning, match=f"format version 1.{10**30}, newer than"):
        assert load(path) == MODEL


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(MODEL.to_json()), encoding="utf-8-sig")

    assert load(path) == MODEL


def test_a_reading_is_a_number_or_a_category_in_all_stages(tmp_path: Path) -> None:
    """Else a feature that isn't registered yet would give one stage's formula the other's texts."""
    data = MODEL.to_json()
    (one, other) = (json.loads(json.dumps(stage(data, 1))) for _ in range(2))
    for copied, seen in ((one, {"levels": [{"level": "a"}]}), (other, {"low": 0, "high": 1})):
        copied.update(readings=[copied["readings"][0] | {"feature": "of_mine"}], seen=[seen])
        copied["formula"].update(terms=[])
    data.update(stages=[data["stages"][0], one, other])
    path = tmp_path / "model.json"
    path.write_text(json.dumps(data))

    with pytest.raises(peakahead.InvalidModel, match="a number everywhere, or a category everywhere"):
        load(path)


def test_texts_that_are_no_unicode_are_saved_and_shown_escaped(tmp_path: Path) -> None:
    """A level may be the name of a file that the file system's encoding doesn't cover."""
    data = MODEL.to_json()
    data["training"]["notes"] = ["\udcff \x1b[31m \x00 größer"]
    path = tmp_path / "model.json"
    path.write_text(json.dumps(data))

    model = load(path)
    model.save(path)

    assert load(path) == model
    assert json.loads(path.read_text(encoding="utf-8")) == data
    assert r"\udcff \x1b[31m \x00 größer" in str(model)


def test_a_path_that_is_none_is_named(tmp_path: Path) -> None:
    for path, reason in (
        (f"{tmp_path}/\0", "null byte"),
        (str(tmp_path), "directory"),
        (f"{tmp_path}/{'x' * 5_000}", "too long"),
    ):
        with pytest.raises(peakahead.InvalidModel, match=f"can't be read: .*{reason}"):
            load(path)


def test_a_forecast_is_finite_whatever_the_model_says() -> None:
    huge = seeds.by_hand()[-1].to_json()
    for one in huge["stages"]:
        one["bound"].update(margin=1e308, margin_beyond=1e308)
        one["formula"]["intercept"] = 1e308
        for grown in (one["forest"] or {"trees": []})["trees"]:
            grown["factors"] = [1e308] * len(grown["factors"])
    model = peakahead.BreakpointModel.from_json(huge)

    for one in model.stages:
        known = ["RGB" if isinstance(seen, frozenset) else 2.0 for seen in one.seen]
        growth = one.compile()(known)
        assert int(growth) <= int(one.bound.above(growth, one.is_beyond(known)))


def test_a_model_far_larger_than_any_that_learn_makes_loads(tmp_path: Path) -> None:
    """The decoder's bounds leave room for sixteen stages, four of them with forests as large as can be."""
    data = MODEL.to_json()
    full = stage(data)
    nodes = 127
    full["forest"]["trees"] = [
        {
            "inputs": [0] * (nodes // 2) + [-1] * (nodes - nodes // 2),
            "thresholds": [0.5] * nodes,
            "left": [min(2 * node + 1, nodes - 1) for node in range(nodes)],
            "right": [min(2 * node + 2, nodes - 1) for node in range(nodes)],
            "factors": [1.25] * nodes,
        }
    ] * 64
    plain = stage(data, 3)
    plain["readings"] = plain["readings"][:1] * 12
    plain["seen"] = plain["seen"][:1] * 12
    data["stages"] = [data["stages"][0], *[full] * 4, *[plain] * 11]
    data["findings"] = data["findings"][:1] * 64
    model = peakahead.BreakpointModel.from_json(data)
    path = tmp_path / "model.json"
    model.save(path)

    grown, said = loaded(path)

    assert path.stat().st_size > 1_900_000
    assert said.strip() == str(model)
    assert grown < MOST_GROWTH_BYTES


def test_what_decodes_decodes_as_the_standard_library_has_it() -> None:
    for content in (b'{"a": [1, 2.5, null, true, "\\"]}\\\\"]}', b" [] ", b'"[[["', b"-0", b"1e3"):
        assert decode(content) == json.loads(content)
