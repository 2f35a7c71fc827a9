"""What goes wrong in `on_forecast`, in logs and in warnings is counted, told of once, and never the host's trouble."""

from __future__ import annotations

import contextlib
import logging
import warnings
from pathlib import Path
from typing import Any

import pytest

import peakahead
from tests.programs.observing import observing, run_script
from tests.programs.valued import Value, handle, run_reading, size_of


def test_on_forecast_that_raises_is_contained_by_default_and_let_through_if_asked() -> None:
    class Own(Exception):
        pass

    def raises(_: peakahead.Forecast) -> None:
        raise Own("mine")

    run, told = run_reading(size_of, on_forecast=raises)
    assert run.errors
    assert {type(error) for error in run.errors} == {Own}
    assert len(run.errors) == len(run.forecasts)
    assert len(told) == 1
    assert "on_forecast raised Own: mine" in told[0]
    with pytest.raises(Own):
        run_reading(size_of, on_forecast=raises, on_error="raise")


def test_its_errors_do_not_pile_up_without_end() -> None:
    """Kept exceptions keep their frames, and these the host's variables: a few of them tell enough."""

    def raises(_: peakahead.Forecast) -> None:
        raise LookupError

    run, _ = run_reading(size_of, times=3_000, on_forecast=raises)
    assert 1 <= len(run.errors) <= 1_000

    def broken(_: Any) -> float:
        raise LookupError

    run, _ = run_reading(broken, times=3_000)
    assert 1 <= len(run.errors) <= 1_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_disk_for_logs_is_not_the_hosts_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    full = logging.FileHandler("/dev/full")
    logger = logging.Logger("tests.full")  # one of its own, known to nobody else
    logger.addHandler(full)
    monkeypatch.setattr(logging, "raiseExceptions", False)

    def logs(forecast: peakahead.Forecast) -> None:
        logger.warning("up to %d", forecast.upper_bytes)

    def writes(forecast: peakahead.Forecast) -> None:
        with open("/dev/full", "w") as log:
            log.write(f"up to {forecast.upper_bytes}\n")

    run, _ = run_reading(size_of, on_forecast=logs)
    assert run.errors == [], "logging keeps them to itself"
    run, told = run_reading(size_of, on_forecast=writes)
    assert {type(error) for error in run.errors} == {OSError}
    assert len(told) == 1
    with contextlib.suppress(OSError):
        full.close()


FULL = """\
import peakahead, sys
from tests.programs.valued import Value, handle
from tests.programs.observing import observing, ARMED
import os

def broken(value):
    raise LookupError("mine")

peakahead.register_feature(Value, "broken", broken)
def on_forecast(forecast):
    print("up to", forecast.upper_bytes, file=sys.stderr, flush=True)
    raise LookupError("and this")

if os.environ[ARMED] == "1":
    watched = observing(handle, feature="broken")
    with peakahead.predict_memory(watched, on_forecast=on_forecast) as run:
        print(len(handle(3)), flush=True)
    assert run.errors
else:
    try:  # what could not be written stays in the buffer, and the interpreter's exit code tells of it
        print("up to", file=sys.stderr, flush=True)
    except OSError:
        pass
    print(len(handle(3)), flush=True)
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
@pytest.mark.parametrize("options", [(), ("-W", "error"), ("-W", "always")])
def test_a_warning_that_cannot_be_written_is_not_the_hosts_trouble(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "main.py").write_text(FULL)
    ended = []
    for is_armed in (False, True):
        with open("/dev/full", "w") as full:
            done = run_script(tmp_path, "main.py", is_armed=is_armed, options=options, stderr=full)
        ended.append((done.stdout, done.returncode))
    bare, armed = ended
    assert armed == bare
    assert bare[0] == "2\n"


def broken_reading(_: Any) -> float:
    raise LookupError("mine")


def test_a_warning_made_an_error_stays_out_of_the_host() -> None:
    def raises(_: peakahead.Forecast) -> None:
        raise LookupError("mine")

    watched = observing(handle, feature="type")
    peakahead.register_feature(Value, "broken_reading", broken_reading)
    broken = observing(handle, feature="broken_reading")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with peakahead.predict_memory(watched, on_forecast=raises) as run:
                assert len(handle(3)) == 2
            assert run.errors
            with peakahead.predict_memory(broken) as run:
                assert len(handle(3)) == 2
            assert run.errors
    finally:
        peakahead.disarm(watched)
        peakahead.disarm(broken)


def test_a_warning_hook_that_raises_stays_out_of_the_host() -> None:
    def show(*_: Any, **__: Any) -> None:
        raise OSError("no disk")

    def raises(_: peakahead.Forecast) -> None:
        raise LookupError("mine")

    watched = observing(handle, feature="type")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = show  # put back at the end of the block
            with peakahead.predict_memory(watched, on_forecast=raises) as run:
                assert len(handle(3)) == 2
        assert run.errors
    finally:
        peakahead.disarm(watched)
