"""`peakahead watch`: compares what production forecast with what was measured, and says when to learn again."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from ..learner.evidence import Evidence
from ..learner.result_log import ResultLog
from ..learner.watching import FINE, LEARN_AGAIN, LEAST_ERROR, LEVEL, MOST_BEYOND, TOLERANCE, Watched
from ..learner.watching import watch as watch_results
from ..models.errors import InvalidOption
from ..models.fields import printable
from ..models.result import Result
from .console import console, errors

_UNITS_S = {"m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_COLOURS = {FINE: "green", LEARN_AGAIN: "red"}  # the others are yellow
_FOOTNOTE = (
    "In production, below it in training or what the coverage allows.\n"
    f"learn again: more than 1 - coverage needed more than their bound, or more than half of the errors exceed "
    f"{TOLERANCE:g} x training's median and {LEAST_ERROR:.0%}; or more than {MOST_BEYOND:.0%} lie beyond the range "
    "(told without a test).\n"
    "leave room: more than 1 - coverage of the peaks stand above the bound, but by what was there before.\n"
    f"Each is a bet against chance: without a change it fails a model in {LEVEL:.1%} of cases at most, over all looks "
    "together."
)


@click.command()
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True)
@click.option("--since", metavar="WHEN", help="Only what ended since: 90m, 12h, 7d, 2w, or a date such as 2026-11-20.")
@click.option("--function", "functions", multiple=True, metavar="MODULE:FUNCTION", help="Only this one; repeatable.")
@click.option("--check", is_flag=True, help="Exit with 1 if a function should be learned again.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def watch(folders: tuple[str, ...], since: str | None, functions: tuple[str, ...], check: bool, as_json: bool) -> int:
    """Say whether models still hold in production, and when to learn again.

    Reads what predict_memory(..., results=FOLDER) logged there and in the folders below, of any number of processes and
    machines, also while they write.

    Exits with 2 if there is nothing to read.
    """
    since_s = None if since is None else _moment(since)
    log = ResultLog(folders)
    seen: Counter[str] = Counter()
    found = watch_results(_asked(log, since_s, functions, seen))
    notes = list(log.notes())
    if as_json:
        click.echo(json.dumps({"functions": [_as_record(watched) for watched in found], "files": _as_files(log)}))
    elif found:
        console.print(_table(found))
        for watched in found:
            colour = _COLOURS.get(watched.verdict, "yellow")
            sentence = f"{watched.function} ({watched.model}): {watched.sentence}"
            console.print(f"[{colour}]{_shown(sentence)}[/]", soft_wrap=True)
        console.print(f"[dim]{_FOOTNOTE}[/]")
    for note in notes:
        errors.print(f"[yellow]warning:[/] {_shown(note)}", soft_wrap=True)
    if not found:
        raise InvalidOption(_nothing(log, since, functions, seen))
    return int(check and any(watched.verdict == LEARN_AGAIN for watched in found))


def _asked(
    log: ResultLog, since_s: float | None, functions: Sequence[str], seen: Counter[str]
) -> Iterator[tuple[float, Result]]:
    """Yield the results that are asked for, and count all by their function."""
    for at, result in log.read():
        seen[result.function] += 1
        if (since_s is None or result.ended_at >= since_s) and (not functions or result.function in functions):
            yield at, result


def _nothing(log: ResultLog, since: str | None, functions: Sequence[str], seen: Counter[str]) -> str:
    where = ", ".join(log.folders)
    if not seen:
        return f"{where} holds no result that can be read, in {len(log.files)} files: let a function end an invocation"
    missing = [function for function in functions if function not in seen]
    if missing:
        return f"{where} holds no results of {', '.join(missing)}, only of {', '.join(sorted(seen))}"
    return f"{where} holds no results since {since}, but {seen.total()} older ones: ask for an earlier time"


def _moment(text: str) -> float:
    """Return the seconds since the epoch of a date or of a time ago.

    Raises:
        InvalidOption: If it is neither.
    """
    ago = re.fullmatch(r"(?a)\s*(\d{1,9}(?:\.\d+)?)\s*([mhdw])\s*", text)
    if ago:
        return time.time() - float(ago[1]) * _UNITS_S[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()  # the time here, if it names no zone
    except (ValueError, OverflowError, OSError):
        raise InvalidOption(
            f"--since {text!r} is no time: write 90m, 12h, 7d or 2w, or a date such as 2026-11-20 or 2026-11-20T08:00"
        ) from None


def _table(found: Sequence[Watched]) -> Table:
    table = Table()
    table.add_column("function\nmodel", overflow="fold")
    table.add_column("runs", justify="right")
    table.add_column("left out", no_wrap=True)
    for heading in ("median\nerror", "above\nbound", "beyond\nrange"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for watched in found:
        colour = _COLOURS.get(watched.verdict, "yellow")
        table.add_row(
            f"{_shown(watched.function)}\n[dim]{_shown(watched.model)}[/]",
            f"{watched.invocations:,}",
            "\n".join(f"{n:,} {reason}" for reason, n in watched.left_out.items()) or "0",
            "" if watched.median_error is None else f"{watched.median_error:.1%}\n/ {watched.trained_error:.1%}",
            f"{_share(watched.above, watched)}\n/ {1.0 - watched.coverage:.1%}" if watched.counted else "",
            _share(watched.beyond, watched),
            f"[{colour}]{watched.verdict}[/]",
        )
    return table


def _shown(text: str) -> str:
    return escape(printable(text))


def _share(n: int, watched: Watched) -> str:
    return f"{n / watched.counted:.1%}" if watched.counted else ""


def _as_record(watched: Watched) -> dict[str, Any]:
    return {
        "function": watched.function,
        "model": watched.model,
        "verdict": watched.verdict,
        "why": watched.reasons,
        "sentence": watched.sentence,
        "invocations": watched.invocations,
        "left_out": watched.left_out,
        "counted": watched.counted,
        "needed": watched.needed,
        "median_error": watched.median_error,
        "median_error_in_training": watched.trained_error,
        "above_bound": watched.above,
        "coverage": watched.coverage,
        "extrapolating": watched.beyond,
        "warm": watched.warm,
        "first_at": watched.first_at,
        "last_at": watched.last_at,
        "tests": {name: _as_test(getattr(watched, name)) for name in ("bound", "errors", "processes")},
    }


def _as_test(found: Evidence) -> dict[str, Any]:
    return {
        "trials": found.trials,
        "events": found.events,
        "p_value": found.p_value,
        "level": LEVEL,
        "rejected": found.alarm is not None,
    }


def _as_files(log: ResultLog) -> dict[str, Any]:
    return {
        "files": len(log.files),
        "lines": log.lines,
        "damaged": log.damaged,
        "unfinished": log.unfinished,
        "copies": log.copies,
        "clock_set_back": log.stepped,
    }
