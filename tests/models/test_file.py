from __future__ import annotations

import copy
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peakahead.models.errors import InvalidModel, PeakaheadError
from peakahead.models.file import check_writable, load
from peakahead.models.fingerprints import Fingerprint
from peakahead.models.formulas import Formula, Switch, Term
from peakahead.models.model import BreakpointModel, Stage, Training, UpperBound
from peakahead.models.readings import Reading, Step
from peakahead.models.sites import FunctionRef, Site

TARGET = FunctionRef("app", "handle")
BOUND = UpperBound(0.95, 0.05, 0.1, 2**21)


def example() -> BreakpointModel:
    site = Site(TARGET, 4, "f")
    event = Reading(Site(TARGET, 0, "event", True), (Step("item", "größe"),), "value", "last")
    size = Reading(site, (), "file_size", "adjacent")
    mode = Reading(site, (Step("attribute", "mode"),), "text", "last")
    switch = Switch(2, {"RGB": 3.0, "größer": 1.0})
    formula = Formula(1_000_000.0, (Term(2.5, (1,)), Term(0.001, (0, 1)), Term.switched((1,), switch)))
    seen = ((0.0, 9.0), (10.0, 1e6), frozenset({"RGB", "größer"}))
    return BreakpointModel(
        TARGET,
        (
            Stage(Site.start(TARGET), (), (), Formula(5e6), BOUND, 0.3, 0.5, 1.0, 1.0),
            Stage(site, (event, size, mode), seen, formula, BOUND, 0.01, 0.02, 0.99, 3.0),
        ),
        (Fingerprint(TARGET, "abc", {"cpython-312": "def"}),),
        Training(30, {"raised": 1}, (1, 10), "rss", "forkserver", "3.12.1", "Linux x86_64", "glibc 2.36", ("a note",)),
    )


@pytest.fixture
def saved(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "model.json"
    example().save(path)
    return path


def test_a_saved_model_loads_as_it_was(saved: pathlib.Path) -> None:
    assert load(saved) == example()
    assert load(str(saved)) == example()


def test_nothing_is_left_beside_a_saved_model(saved: pathlib.Path) -> None:
    example().save(saved)

    assert os.listdir(saved.parent) == ["model.json"]


def test_a_model_that_cannot_be_written_says_so(tmp_path: pathlib.Path) -> None:
    with pytest.raises(InvalidModel, match=r"missing/model.json can't be written: No such file"):
        example().save(tmp_path / "missing" / "model.json")


def test_whether_it_can_be_written_is_known_beforehand(tmp_path: pathlib.Path) -> None:
    check_writable(tmp_path / "model.json")
    for path in (tmp_path / "missing" / "model.json", tmp_path):
        with pytest.raises(InvalidModel, match="can't be written"):
            check_writable(path)


def test_a_file_cut_short_anywhere_is_refused(saved: pathlib.Path) -> None:
    content = saved.read_bytes()
    for length in range(0, len(content) - 2, 7):
        saved.write_bytes(content[:length])
        with pytest.raises(InvalidModel, match="not a whole JSON file"):
            load(saved)


def test_a_missing_file_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(InvalidModel, match=r"none\.json can't be read: No such file"):
        load(tmp_path / "none.json")


def test_other_json_is_no_model(tmp_path: pathlib.Path) -> None:
    for text in ("[]", "{}", "3", '{"format": "something else"}'):
        path = tmp_path / "other.json"
        path.write_text(text)
        with pytest.raises(InvalidModel, match="no peakahead model"):
            load(path)


def test_a_huge_file_is_not_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "huge.json"
    path.write_bytes(b" " * (5 * 2**20))
    with pytest.raises(InvalidModel, match="more than any model"):
        load(path)


def test_deep_nesting_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 200_000)
    with pytest.raises(InvalidModel):
        load(path)


def changed(saved: pathlib.Path, change: Callable[[Any], None]) -> pathlib.Path:
    data = copy.deepcopy(json.loads(saved.read_text()))
    change(data)
    saved.write_text(json.dumps(data))
    return saved


def test_a_future_version_is_refused_and_a_newer_minor_warned_of(saved: pathlib.Path) -> None:
    with pytest.warns(UserWarning, match=r"format version 1\.7, newer than 1\.0"):
        assert load(changed(saved, lambda data: data.update(version=[1, 7], extra="new"))) == example()
    with pytest.raises(InvalidModel, match=r"format version 2\.0, this peakahead reads 1: upgrade"):
        load(changed(saved, lambda data: data.update(version=[2, 0])))
    with pytest.raises(InvalidModel, match="not two whole numbers"):
        load(changed(saved, lambda data: data.update(version="1.0")))


def stage(data: Any) -> Any:
    return data["stages"][1]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda d: stage(d)["formula"].update(intercept="much"), r"stages\[1\]\.formula\.intercept"),
        (lambda d: stage(d)["formula"].update(intercept=-1), r"stages\[1\]\.formula\.intercept"),
        (lambda d: stage(d)["formula"]["terms"][0].update(coefficient=float("nan")), r"terms\[0\]\.coefficient"),
        (lambda d: stage(d)["formula"]["terms"][0].update(coefficient=None), r"terms\[0\]\.coefficient"),
        (lambda d: stage(d)["formula"]["terms"][0].update(coefficient=True), r"terms\[0\]\.coefficient"),
        (lambda d: stage(d)["formula"]["terms"][0].update(coefficient=10**400), r"terms\[0\]\.coefficient"),
        (lambda d: stage(d)["formula"]["terms"][0].update(factors=[7]), r"terms\[0\]\.factors"),
        (lambda d: stage(d)["formula"]["terms"][0].update(factors=[]), r"terms\[0\]\.factors"),
        (lambda d: stage(d)["formula"]["terms"][0].update(factors=[-1]), r"terms\[0\]\.factors"),
        (lambda d: stage(d)["formula"].update(terms=[{}] * 9), r"formula\.terms"),
        (lambda d: stage(d)["readings"][0].update(fold="eval"), r"readings\[0\]\.fold"),
        (lambda d: stage(d)["readings"][0].update(feature="__import__('os')"), r"readings\[0\]\.feature"),
        (lambda d: stage(d)["readings"][0]["path"][0].update(kind="call"), r"path\[0\]\.kind"),
        (lambda d: stage(d)["site"].update(line=-3), r"site\.line"),
        (lambda d: stage(d)["site"].update(variable="a b"), r"site\.variable"),
        (lambda d: stage(d)["site"]["function"].update(module=7), r"function\.module"),
        (lambda d: stage(d)["seen"].pop(), r"stages\[1\]\.seen"),
        (lambda d: stage(d)["seen"][0].update(low="few"), r"seen\[0\]\.low"),
        (lambda d: stage(d)["seen"][2].update(levels=[{"level": 3}]), r"seen\[2\]\.levels\[0\]\.level"),
        (lambda d: stage(d)["formula"]["terms"][2].update(factors=[2]), r"terms\[2\]\.factors"),
        (lambda d: stage(d)["formula"]["terms"][2]["switch"].update(reading=1), r"switch\.reading"),
        (lambda d: stage(d)["formula"]["terms"][2]["switch"].update(levels=[]), r"switch\.levels"),
        (lambda d: stage(d).update(lead=1.5), r"stages\[1\]\.lead"),
        (lambda d: d.update(stages=[]), "stages"),
        (lambda d: d.update(stages=d["stages"] * 20), "stages"),
        (lambda d: d["stages"].pop(0), "stages"),
        (lambda d: d.update(fingerprints=[]), "fingerprints has none for app:handle"),
        (lambda d: d["training"].update(failures={"raised": "many"}), r"failures\.raised"),
        (lambda d: d.update(target=None), "target"),
    ],
)
def test_every_field_is_checked_and_named(saved: pathlib.Path, change: Callable[[Any], None], place: str) -> None:
    with pytest.raises(InvalidModel, match=place):
        load(changed(saved, change))


def everywhere(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(found for key, value in items for found in everywhere(value, (*path, key)))]


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
PLACES = everywhere(example().to_json())[1:]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), JSON)
def test_whatever_stands_anywhere_ends_in_a_model_or_our_error(place: tuple[Any, ...], value: Any) -> None:
    data = example().to_json()
    holder = data
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    try:
        model = BreakpointModel.from_json(data)
    except PeakaheadError:
        return
    assert BreakpointModel.from_json(model.to_json()) == model


def test_a_formula_is_evaluated_term_by_term() -> None:
    formula = Formula(10.0, (Term(2.0, (0,)), Term(3.0, (0, 1))))

    assert formula.evaluate((5.0, 7.0)) == 10 + 2 * 5 + 3 * 5 * 7
    assert Formula(1.0, (Term(2.0, (1,)),)).compile()((9.0, 4.0)) == 9.0
    assert formula.compile()((5.0, 7.0)) == formula.evaluate((5.0, 7.0))


def test_a_category_switches_a_coefficient() -> None:
    formula = Formula(10.0, (Term.switched((0,), Switch(1, {"RGB": 3.0, "L": 1.0})),))

    assert formula.evaluate((5.0, "L")) == 15
    assert formula.evaluate((5.0, "RGB")) == 25
    assert formula.evaluate((5.0, "CMYK")) == 25, "an unknown level is taken for the dearest"
    assert formula.compile()((5.0, "L")) == 15
    stage = example().stages[1]
    assert not stage.is_beyond((1.0, 20.0, "RGB"))
    assert stage.is_beyond((1.0, 20.0, "CMYK"))
    assert stage.is_beyond((1.0, 2e6, "RGB"))


def test_the_summary_says_where_what_and_how_good() -> None:
    text = str(example())

    for part in (
        "app:handle",
        "30 invocations",
        "1 raised",
        "f at line 5 of handle",
        "977 KiB + 2.50 x largest two adjacent file_size(f) + 0.00100 x event['größe'] x",
        "1.0% median",
        "bound",
        "99% of the growth still ahead",
        "a note",
    ):
        assert part in text
