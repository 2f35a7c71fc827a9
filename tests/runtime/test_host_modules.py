"""Armed functions whose module is reloaded, replaced or rewritten by other tools; pytest's assertions among these."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import peakahead
from tests.programs.observing import observing, run_script

SOURCE = """\
def work(n):
    size = n * 2
    return size


def makes(n):
    def made(k):
        total = n + k
        return total
    return made


class Held:
    def __init__(self, n):
        self.n = n

    def method(self, k):
        both = self.n + k
        return both
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "reloaded_host.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield importlib.import_module("reloaded_host")
    sys.modules.pop("reloaded_host", None)


def forecasts(watched: Any, call: Any) -> int:
    with peakahead.predict_memory(watched) as run:
        call()
    return len(run.forecasts) - 1


def test_a_reloaded_module_has_bare_functions_that_can_be_armed_again(module: Any) -> None:
    watched = observing(module.work, module.Held.method)
    peakahead.arm(watched, strict=True)
    old, old_held = module.work, module.Held(1)
    armed_code = old.__code__

    importlib.reload(module)
    assert module.work is not old
    assert (module.work(4), old(4)) == (8, 8)
    assert forecasts(watched, lambda: module.work(4)) == 0, "nobody has armed the new function"
    assert forecasts(watched, lambda: old(4)) > 0, "the old one still is, for who holds it"
    bare = module.work.__code__

    peakahead.disarm(watched)
    assert module.work.__code__ is bare
    assert old.__code__ is not armed_code
    assert (old(4), old_held.method(2)) == (8, 3)

    peakahead.arm(watched, strict=True)
    assert module.work.__code__ is not bare
    assert forecasts(watched, lambda: module.work(4)) > 0
    assert module.Held(1).method(2) == 3
    peakahead.disarm(watched)
    assert module.work.__code__ is bare


def test_arming_again_after_a_reload_arms_the_new_function(module: Any) -> None:
    watched = observing(module.work)
    peakahead.arm(watched, strict=True)
    old = module.work
    importlib.reload(module)
    bare = module.work.__code__
    assert peakahead.arm(watched, strict=True)
    assert (module.work(4), old(4)) == (8, 8)
    assert forecasts(watched, lambda: module.work(4)) > 0
    peakahead.disarm(watched)
    assert module.work.__code__ is bare
    assert (module.work(4), old(4)) == (8, 8)


def test_a_function_that_was_reloaded_and_runs_bare_is_told_of_once(module: Any) -> None:
    watched = observing(module.work, module.Held.method)
    peakahead.arm(watched, strict=True)
    old = module.work
    importlib.reload(module)
    assert forecasts(watched, lambda: old(4)) > 0
    assert forecasts(watched, lambda: old(4)) > 0, "who holds the old one has nothing to be told"

    assert forecasts(watched, lambda: module.work(4)) == 0
    with pytest.warns(
        peakahead.ArmingWarning, match=r"reloaded_host was reloaded, .* call peakahead.arm\(model\) again"
    ):
        assert forecasts(watched, lambda: module.work(4)) == 0
    assert forecasts(watched, lambda: module.work(4)) == 0

    peakahead.arm(watched, strict=True)
    assert forecasts(watched, lambda: None) == 0
    assert forecasts(watched, lambda: module.work(4)) > 0, "nothing was replaced, though no breakpoint was hit"
    importlib.reload(module)
    assert forecasts(watched, lambda: module.work(4)) == 0
    sys.modules.pop("reloaded_host")
    with pytest.warns(peakahead.ArmingWarning, match="reloaded_host was reloaded"):
        assert forecasts(watched, lambda: None) == 0
    peakahead.disarm(watched)


def test_a_reload_with_another_source_leaves_the_new_function_bare(module: Any, tmp_path: Path) -> None:
    watched = observing(module.work)
    peakahead.arm(watched, strict=True)
    (tmp_path / "reloaded_host.py").write_text(SOURCE.replace("n * 2", "n * 2 + 100"))
    importlib.invalidate_caches()
    importlib.reload(module)
    assert module.work(1) == 102
    peakahead.disarm(watched)
    with pytest.warns(peakahead.StaleCodeWarning):
        assert not peakahead.arm(watched)
    assert module.work(1) == 102
    peakahead.disarm(watched)


def test_a_module_that_is_gone_or_replaced_can_still_be_disarmed(module: Any) -> None:
    watched = observing(module.work, module.makes)
    bare = module.work.__code__
    peakahead.arm(watched, strict=True)
    work = module.work
    sys.modules["reloaded_host"] = ModuleType("reloaded_host")
    assert work(3) == 6
    peakahead.disarm(watched)
    assert work.__code__ is bare


def test_a_function_replaced_by_another_one_is_left_alone(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = observing(module.work)
    peakahead.arm(watched, strict=True)
    armed = module.work
    monkeypatch.setattr(module, "work", lambda n: -n)
    assert module.work(3) == -3
    peakahead.disarm(watched)
    assert (module.work(3), armed(3)) == (-3, 6)


def test_another_tool_that_rewrote_the_code_before_and_after(module: Any) -> None:
    """Other tools swap `__code__` too: what one of them put there last isn't lost when we go."""
    original = module.work.__code__
    before = original.replace(co_name="renamed_before")
    module.work.__code__ = before
    watched = observing(module.work)
    peakahead.arm(watched, strict=True)
    assert module.work(3) == 6
    assert module.work.__code__.co_name == "renamed_before"
    peakahead.disarm(watched)
    assert module.work.__code__ is before

    peakahead.arm(watched, strict=True)
    after = module.work.__code__.replace(co_name="renamed_after")
    module.work.__code__ = after
    assert forecasts(watched, lambda: module.work(3)) > 0
    peakahead.disarm(watched)
    assert module.work(3) == 6
    assert module.work.__code__.co_name == "renamed_after", "it isn't ours to throw away"


def test_another_tool_that_replaced_the_code_while_it_was_armed(module: Any) -> None:
    watched = observing(module.work)
    peakahead.arm(watched, strict=True)

    def patched(n: int) -> int:
        return n * 1_000

    module.work.__code__ = patched.__code__
    peakahead.disarm(watched)
    assert module.work(3) == 3_000, "a patch made since is the host's"


TEST = """\
import pytest
from tests.programs.observing import arm_if_asked

def check(items, wanted):
    total = sum(items)
    assert total == wanted, "with a message"

def check_shortly(items, wanted):
    total = {"sum": sum(items), "items": items}
    assert total == wanted

def walrus(n):
    assert (found := n * 2) == 5 and found
    return found

@pytest.fixture
def number():
    made = 3
    yield made
    last = made
    assert last == 4

def test_one():
    check([1, 2], 4)

def test_two():
    left = [1, 2, 3, 5]
    right = [1, 2, 4]
    assert left == right

def test_three():
    check_shortly([1, 2], {"sum": 4, "items": [1, 2]})

def test_four():
    walrus(2)

def test_five():
    with pytest.raises(ValueError) as caught:
        found = int("x")
    text = str(caught.value)
    assert "none" in text

def test_six(number):
    doubled = number * 2
    assert doubled == 6

@pytest.mark.parametrize("n", [1, 2])
def test_seven(n):
    size = n
    assert size == 1

def test_eight():
    with pytest.raises(LookupError):
        kept = {}
        kept["x"] = 1

@pytest.fixture(autouse=True, scope="module")
def _armed():
    with arm_if_asked(check, check_shortly, walrus, test_two, test_five, test_eight):
        yield
"""


def test_pytest_tells_the_same_of_assertions_that_fail(tmp_path: Path) -> None:
    (tmp_path / "test_host.py").write_text(TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib -p no:cacheprovider\n")
    told = []
    for is_armed in (False, True):
        done = run_script(
            tmp_path,
            "-m",
            is_armed=is_armed,
            arguments=("pytest", "-q", "--showlocals", "test_host.py"),
            environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        )
        lines = [line for line in done.stdout.splitlines() if not _is_timed(line)]
        told.append("\n".join(lines))
        assert done.stderr == ""
    bare, armed = told
    for message in (
        "AssertionError: with a message",
        "assert 3 == 4",
        "Omitting 1 identical items",
        "def walrus",
        "DID NOT RAISE",
    ):
        assert message in bare
    assert armed == bare


def _is_timed(line: str) -> bool:
    return " in " in line.rpartition("failed")[2]
