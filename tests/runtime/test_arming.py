"""Arming real functions of real modules, and taking it back."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import peakahead
from peakahead.models.fingerprints import Fingerprint
from peakahead.models.model import BreakpointModel
from peakahead.models.readings import Reading
from peakahead.models.sites import FunctionRef, Site
from peakahead.runtime import facts
from tests.programs import targets
from tests.runtime.models import at_entry, line_of, model, stored, watching


def seen(watched: BreakpointModel, call: Callable[[], object]) -> list[int]:
    """Run a call armed; return what the stage after the start forecast, which is what was read."""
    with peakahead.predict_memory(watched) as run:
        call()
    return [forecast.growth_bytes for forecast in run.forecasts[1:]]


def raw(name: str) -> FunctionType:
    """Return the innermost function of a decorated one."""
    found: Any = getattr(targets, name)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    if found.__code__.co_qualname != name:
        (found,) = (cell.cell_contents for cell in found.__closure__)
    assert isinstance(found, FunctionType)
    return found


service = targets.Service(7)
CASES: list[tuple[FunctionType, str, str, Callable[[], object], int]] = [
    (targets.work, "size", "size = ", lambda: targets.work(5), 10),
    (targets.Service.handle, "amount", "amount = ", lambda: service.handle(3), 21),
    (targets.Service.check, "checked", "checked = ", lambda: service.check(3), 4),
    (targets.Service.__dict__["doubled"].fget, "twice", "twice = ", lambda: service.doubled, 14),
    (raw("decorated"), "size", "size = ", lambda: targets.decorated(2), 6),
    (raw("concealed"), "size", "size = ", lambda: targets.concealed(2), 8),
    (raw("cached"), "size", "size = ", lambda: targets.cached(2), 10),
]


@pytest.mark.parametrize(("function", "variable", "text", "call", "value"), CASES, ids=lambda case: str(case)[:40])
def test_functions_of_every_kind_are_armed_and_given_back(
    function: FunctionType, variable: str, text: str, call: Callable[[], object], value: int
) -> None:
    original = function.__code__
    watched = watching(function, stored(function, variable, text))

    assert peakahead.arm(watched, strict=True)
    assert function.__code__ is not original
    assert seen(watched, call) == [value]
    peakahead.disarm(watched)
    assert function.__code__ is original


def test_a_parameter_is_read_at_entry_also_where_a_nested_function_uses_it() -> None:
    for function, call in (
        (targets.work, lambda: targets.work(6)),
        (targets.closes_over, lambda: targets.closes_over(6)),
    ):
        watched = watching(function, at_entry(function, "n"))
        assert seen(watched, call) == [6]
        peakahead.disarm(watched)


def test_a_nested_function_is_armed_in_its_parent_and_where_it_lives() -> None:
    before = targets.outer(10)
    code = before.__code__
    ref = FunctionRef(targets.__name__, code.co_qualname)
    site = Site(ref, line_of(targets.outer, "product = ") - 1, "product")
    watched = watching(targets.outer, site, code=code)
    parent = targets.outer.__code__

    peakahead.arm(watched, strict=True)
    after = targets.outer(100)
    assert seen(watched, lambda: before(2)) == [20]
    assert seen(watched, lambda: after(2)) == [200]
    peakahead.disarm(watched)

    assert targets.outer.__code__ is parent
    assert before.__code__ is code
    assert after.__code__ is code
    assert after(3) == 300


def test_generators_and_coroutines_are_armed() -> None:
    import asyncio

    watched = watching(targets.generator, stored(targets.generator, "item", "item = "))
    assert seen(watched, lambda: list(targets.generator(4))) == [0, 10, 20, 30]
    peakahead.disarm(watched)
    watched = watching(targets.coroutine, stored(targets.coroutine, "again", "again = "))
    assert seen(watched, lambda: asyncio.run(targets.coroutine(4))) == [9]
    peakahead.disarm(watched)


def test_arming_twice_is_once_and_disarming_twice_is_none() -> None:
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    original = targets.work.__code__

    assert peakahead.arm(watched)
    armed = targets.work.__code__
    assert peakahead.arm(watched)
    assert targets.work.__code__ is armed
    peakahead.disarm(watched)
    peakahead.disarm(watched)
    assert targets.work.__code__ is original


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_models_share_a_function_and_leave_it_in_any_order(order: tuple[int, int]) -> None:
    original = targets.work.__code__
    pair = [
        watching(targets.work, stored(targets.work, "size", "size = ")),
        watching(targets.work, at_entry(targets.work, "n")),
    ]
    for each in pair:
        peakahead.arm(each, strict=True)

    with peakahead.predict_memory(pair[0]) as one, peakahead.predict_memory(pair[1]) as two:
        targets.work(4)
    assert one.forecast.growth_bytes == 8
    assert two.forecast.growth_bytes == 4
    first, second = order
    peakahead.disarm(pair[first])
    assert seen(pair[second], lambda: targets.work(5)) == [(10, 5)[second]]
    peakahead.disarm(pair[second])
    assert targets.work.__code__ is original


def test_a_function_that_is_not_what_was_trained_runs_unarmed_with_a_warning() -> None:
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    stale = watched.replaced(fingerprints=(Fingerprint(watched.target, "another", {"cpython-311": "other"}),))
    original = targets.work.__code__

    with pytest.warns(
        peakahead.StaleCodeWarning, match=r"targets:work isn't the code that was trained; train it again"
    ):
        assert not peakahead.arm(stale)
    with warnings.catch_warnings(), peakahead.predict_memory(stale) as run:
        warnings.simplefilter("error")  # it was said once
        targets.work(3)

    assert targets.work.__code__ is original
    assert not run.is_armed
    assert run.forecast.growth_bytes == 1_000
    with pytest.raises(peakahead.ArmingError, match="isn't the code that was trained"):
        peakahead.arm(stale, strict=True)
    peakahead.disarm(stale)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (FunctionRef("tests.programs.targets", "nobody"), "tests.programs.targets has no function nobody"),
        (FunctionRef("no_such_module_anywhere", "f"), r"the module no_such_module_anywhere can't be imported \(Module"),
        (
            FunctionRef("tests.programs.targets", "outer.<locals>.nobody"),
            "has no nested function outer.<locals>.nobody",
        ),
    ],
)
def test_a_function_that_is_missing_is_named_and_nothing_is_changed(reference: FunctionRef, message: str) -> None:
    present = stored(targets.work, "size", "size = ")
    codes = {present.function: targets.work.__code__, reference: targets.work.__code__}
    readings = [Reading(present, (), "value"), Reading(Site(reference, 1, "x"), (), "value")]
    from peakahead.models.formulas import Formula

    both = model(targets.work, (present, readings, Formula(0.0)), fingerprints=codes)
    original = targets.work.__code__

    with pytest.warns(peakahead.ArmingWarning, match=message):
        assert not peakahead.arm(both)
    assert targets.work.__code__ is original
    with pytest.raises(peakahead.ArmingError, match=message):
        peakahead.arm(both, strict=True)
    peakahead.disarm(both)


def test_a_python_whose_bytecode_is_unknown_stays_unarmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "IS_SUPPORTED", False)
    watched = watching(targets.work, stored(targets.work, "size", "size = "))

    with pytest.warns(peakahead.ArmingWarning, match="use CPython 3.11 to 3.13"):
        assert not peakahead.arm(watched)
    peakahead.disarm(watched)


def test_the_warning_points_at_the_caller() -> None:
    watched = watching(targets.work, Site(FunctionRef(targets.__name__, "work"), 99, "size"))

    with pytest.warns(peakahead.ArmingWarning, match="no assignment of size at line 100") as caught:
        peakahead.arm(watched)
    assert caught[0].filename == __file__
    peakahead.disarm(watched)


def test_a_frame_that_runs_keeps_the_code_it_began_with() -> None:
    watched = watching(targets.generator, stored(targets.generator, "item", "item = "))
    running = targets.generator(3)
    assert next(running) == 0

    with peakahead.predict_memory(watched) as run:
        assert list(running) == [10, 20]

    assert len(run.forecasts) == 1
    peakahead.disarm(watched)


def test_production_imports_neither_numpy_nor_the_learner(tmp_path: Path) -> None:
    watched = watching(targets.work, stored(targets.work, "size", "size = "))
    path = tmp_path / "model.json"
    watched.save(path)
    script = f"""
import sys, peakahead
model = peakahead.load({str(path)!r})
before = set(sys.modules)
assert "bytecode" not in before
peakahead.arm(model, strict=True)
from tests.programs import targets
with peakahead.predict_memory(model) as run:
    targets.work(21)
assert run.forecast.growth_bytes == 42, run.forecasts
ours = sorted(name for name in sys.modules if name.startswith("peakahead.learner"))
print(ours, sorted({{"numpy", "scipy", "sklearn", "joblib", "click", "rich"}} & set(sys.modules)))
"""
    root = Path(__file__).parents[2]

    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "[] []", done.stderr
