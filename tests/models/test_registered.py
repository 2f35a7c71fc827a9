"""Features that users register: what they teach, and that they harm nobody."""

from __future__ import annotations

import json
import signal
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import peakahead
from peakahead.models import features
from peakahead.models.errors import InvalidOption
from peakahead.models.features import is_category, written
from peakahead.models.formulas import Formula, Switch, Term
from peakahead.models.model import BreakpointModel
from peakahead.models.readings import Reading
from peakahead.models.registered import MAX_SLOW, SLOW_S
from tests.models.values import inside, offered
from tests.programs import targets
from tests.runtime.models import model, stored, watching


class Order:
    def __init__(self, items: int = 3) -> None:
        self.items = items


class Rush(Order):
    pass


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    for kept in (features._registered, features._sources, features._readers_by_class):
        kept.clear()


def test_a_registered_feature_is_read_of_the_class_and_its_subclasses() -> None:
    peakahead.register_feature(Order, "weight", lambda order: order.items * 2, written="weight of {}")
    peakahead.register_feature(f"{Order.__module__}.Order", "kind", lambda _: "plain", category=True)

    for order in (Order(), Rush()):
        assert offered(order) == {"weight": 6.0, "kind": "plain", "type": type(order).__name__}
        assert inside(order)[".items:value"] == 3.0  # as before
    assert (written("weight"), written("kind")) == ("weight of {}", "kind({})")
    assert (is_category("weight"), is_category("kind")) == (False, True)


def test_registering_again_replaces_as_reloading_a_module_does() -> None:
    for weight in (1, 2):
        peakahead.register_feature(Order, "weight", lambda _, weight=weight: weight)  # type: ignore[misc]  # it is bound
    assert offered(Order())["weight"] == 2.0


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((3, "weight", len), {}, "cls=3 is no class"),
        (("Order", "weight", len), {}, "cls='Order' is no class: give one, or its name as 'module.Class'"),
        ((Order, "no name", len), {}, "name='no name' is no identifier"),
        ((Order, "x" * 65, len), {}, "is no identifier of at most 64"),
        ((Order, "weight", 3), {}, "read=3 is not callable"),
        ((Order, "weight", len), {"written": "weight"}, r"written='weight' is no text with one {}"),
        ((list, "len", len), {}, "name='len' is already read of builtins.list"),
        (("pandas.DataFrame", "rows", len), {}, "name='rows' is already read of pandas.DataFrame"),
        ((Order, "len", len), {"category": True}, "name='len' is already a number that is written"),
        ((Order, "text", len), {}, "name='text' is already a category"),
        ((Order, "type", len), {}, "name='type' is already a category"),
    ],
)
def test_what_cannot_be_registered_says_why(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(InvalidOption, match=message) as caught:
        peakahead.register_feature(*arguments, **options)
    assert "\n" not in str(caught.value)
    assert features._registered == {}


def test_what_is_registered_for_a_subclass_counts_before_what_its_base_offers() -> None:
    class Batch(list[str]):
        pass

    peakahead.register_feature(Batch, "len_sum", lambda _: 7, written=written("len_sum"))
    assert offered(Batch(["a", "b"]))["len_sum"] == 7.0


def test_a_built_in_name_may_be_registered_for_a_class_that_lacks_it() -> None:
    peakahead.register_feature(Order, "len", lambda order: order.items)
    assert offered(Order())["len"] == 3.0
    assert offered([1])["len"] == 1.0


def raising(_: object) -> float:
    raise LookupError("nothing there")


@pytest.mark.parametrize(
    "read",
    [raising, lambda _: None, lambda _: "7", lambda _: -1, lambda _: float("nan"), lambda _: float("inf"),
     lambda _: 10**400, lambda _: [1], lambda _: 1j],
)  # fmt: skip
def test_what_is_no_number_says_nothing(read: Any) -> None:
    peakahead.register_feature(Order, "weight", read)
    assert offered(Order()) == {"type": "Order"}


@pytest.mark.parametrize("read", [raising, lambda _: 3, lambda _: b"x", lambda _: "x" * 41])
def test_what_is_no_short_text_says_nothing(read: Any) -> None:
    peakahead.register_feature(Order, "kind", read, category=True)
    assert offered(Order()) == {"type": "Order"}


def test_a_slow_feature_is_given_up() -> None:
    calls = []

    def slow(_: Order) -> float:
        calls.append(1)
        time.sleep(2 * SLOW_S)
        return 1.0

    peakahead.register_feature(Order, "weight", slow)
    read = features.readers_for(Order)["weight"]
    with pytest.warns(RuntimeWarning, match=f"took longer than 10 ms {MAX_SLOW} times in a row, and isn't read"):
        told = [read(Order()) for _ in range(MAX_SLOW + 5)]
    assert told == [1.0] * MAX_SLOW + [None] * 5
    assert len(calls) == MAX_SLOW


def test_a_time_limit_of_the_hosts_passes() -> None:
    class Expired(Exception):
        pass

    def expire(*_: object) -> None:
        raise Expired

    peakahead.register_feature(Order, "weight", lambda _: signal.raise_signal(signal.SIGUSR1))
    before = signal.signal(signal.SIGUSR1, expire)
    try:
        with pytest.raises(Expired):
            features.readers_for(Order)["weight"](Order())
    finally:
        signal.signal(signal.SIGUSR1, before)


def switched(is_text: bool) -> BreakpointModel:
    """Return a model of `work`, whose `size` it reads by a feature nobody built in."""
    site = stored(targets.work, "size", "size = ")
    if not is_text:
        return watching(targets.work, site, feature="weight")
    formula = Formula(0.0, (Term.switched((), Switch(0, {"plain": 5.0, "rush": 9.0})),))
    made = model(targets.work, (site, [Reading(site, (), "weight")], formula))
    data = made.to_json()
    data["stages"][1]["seen"] = [{"levels": [{"level": "plain"}, {"level": "rush"}]}]
    return BreakpointModel.from_json(json.loads(json.dumps(data)))


@pytest.mark.parametrize("is_text", [False, True])
def test_a_model_whose_feature_is_not_registered_warns_once_and_says_nothing(is_text: bool) -> None:
    made = switched(is_text)
    with pytest.warns(peakahead.ArmingWarning, match="no feature 'weight' is registered here"):
        assert peakahead.arm(made)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with peakahead.predict_memory(made) as run:
            targets.work(5)
    peakahead.disarm(made)
    assert [forecast.stage for forecast in run.forecasts] == [0]


@pytest.mark.parametrize("is_text", [False, True])
def test_a_feature_registered_as_the_other_kind_says_nothing(is_text: bool) -> None:
    read = (lambda _: 7) if is_text else (lambda _: "plain")
    peakahead.register_feature(int, "weight", read, category=not is_text)
    made = switched(is_text)
    with peakahead.predict_memory(made) as run:
        targets.work(5)
    peakahead.disarm(made)
    assert [forecast.stage for forecast in run.forecasts] == [0]


def test_a_registered_category_switches_the_forecast() -> None:
    peakahead.register_feature(int, "weight", lambda n: "rush" if n > 100 else "plain", category=True)
    made = switched(True)
    with peakahead.predict_memory(made) as run:
        targets.work(5)
    peakahead.disarm(made)
    assert run.forecast.growth_bytes in {5, 9}


def test_a_model_that_takes_a_category_for_a_number_is_damaged(tmp_path: Path) -> None:
    site = stored(targets.work, "size", "size = ")
    made = watching(targets.work, site, feature="text")
    with pytest.raises(peakahead.InvalidModel, match=r"seen should be a range of each number and the levels of each"):
        BreakpointModel.from_json(json.loads(json.dumps(made.to_json())))
