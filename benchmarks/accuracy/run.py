"""Measures the cases: learns each, then forecasts invocations never seen and larger ones, beside every other method."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

import joblib
import numpy as np

import peakahead
from peakahead import Invocation
from peakahead.commands.armed import armed_task, run_armed
from peakahead.learner.isolation import servers
from peakahead.models.errors import PeakaheadError
from peakahead.models.model import Stage
from peakahead.models.summary import formula_text

from .baselines import BestLine, baselines
from .case import GROUPS, Case
from .cases import all_cases, missing
from .entry import EntryArguments
from .figures import METHODS

JOBS = 2


def run(
    names: Sequence[str] = (),
    stored: dict[str, Any] | None = None,
    keep: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Measure cases, and merge them into results stored before.

    Args:
        names: Of the cases; empty for all.
        stored: Results to keep the other cases of.
        keep: Called with the results after each case, so that an interrupted run isn't lost.
    """
    lacking = missing()
    for theme, libraries in lacking.items():
        print(f"{theme}: not run, as {', '.join(libraries)} isn't installed", file=sys.stderr)
    cases = all_cases()
    found: dict[str, Any] = dict(stored["cases"]) if stored else {}
    results: dict[str, Any] = {"cases": {}, "missing": lacking}
    for name in names or cases:
        began = perf_counter()
        found[name] = measure_case(cases[name])
        found[name]["seconds"] = seconds = round(perf_counter() - began, 1)
        print(f"{name}: {seconds:.0f} s, {found[name].get('failure', 'done')}", file=sys.stderr, flush=True)
        results["cases"] = {known: found[known] for known in cases if known in found}
        if keep is not None:
            keep(results)
    return results


def measure_case(case: Case, groups: dict[str, int] | None = None, coverage: float = 0.95) -> dict[str, Any]:
    """Return one case's raw results: the model in short, and a row an invocation.

    Args:
        case: The case.
        groups: How many invocations of each group.
        coverage: Of the model's upper bound.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        made = case.invocations(Path(folder), stack, groups or GROUPS)
        trained: list[tuple[Invocation, int]] = []

        def note(progress: peakahead.Progress) -> None:
            if progress.last.status == "ok":
                trained.append((made["train"][progress.done - 1], progress.last.peak_bytes))

        try:
            model = peakahead.learn(
                case.function, made["train"], jobs=JOBS, coverage=coverage, before=case.before, progress=note
            )
        except PeakaheadError as error:
            return {"failure": str(error)}
        calls = [(group, call) for group in ("unseen", "larger") for call in made[group]]
        others = _others(case, trained, [call for _, call in calls])
        rows, failed = [], []
        for number, (outcome, said) in enumerate(_measured(case, model, [call for _, call in calls])):
            group = calls[number][0]
            if outcome.status != "ok":
                failed.append(f"{group}: {outcome.status}, {outcome.detail}"[:200])
                continue
            last = said.forecasts[-1]
            row = [group, outcome.peak_bytes, last.stage, last.growth_bytes, last.upper_bytes]
            rows.append(row + [round(both[number]) for pair in others for both in pair])
        driven = [[case.oracle(*call.args), peak] for call, peak in trained]
    return {
        "drives": case.drives,
        "drivers": list(case.drivers),
        "families": list(case.families),
        "note": case.note,
        "published_r2": case.published_r2,
        "stages": [_stage(stage) for stage in model.stages],
        "noise": model.training.noise,
        "training failures": model.training.failures,
        "failed": failed,
        "trained": driven,
        "columns": ["group", "peak", "stage", *(f"{method} {what}" for method in METHODS for what in _WHAT)],
        "rows": rows,
    }


_WHAT = ("forecast", "bound")


def _others(case: Case, trained: list[tuple[Invocation, int]], calls: list[Invocation]) -> list[Any]:
    """Return what each other method says of the calls, a forecast and a bound each, in the order of `METHODS`."""
    before = [call for call, _ in trained]
    peaks = np.array([peak for _, peak in trained], float)
    entry = EntryArguments(case.function).fit(before)
    X, X_calls = entry.transform(before), entry.transform(calls)
    said = {}
    for name, estimator in baselines().items():
        estimator.fit(X, peaks)
        said[name] = (estimator.predict(X_calls), estimator.bound(X_calls))
    line = BestLine().fit([[case.oracle(*call.args)] for call in before], peaks)
    driver = [[case.oracle(*call.args)] for call in calls]
    said["oracle"] = (line.predict(driver), line.bound(driver))
    return [said[name] for name in METHODS if name != "ours"]


def _measured(case: Case, model: peakahead.BreakpointModel, calls: list[Invocation]) -> Iterable[Any]:
    """Run each invocation armed in a process of its own."""
    task = armed_task(case.function, model, before=case.before)
    parallel = joblib.Parallel(n_jobs=JOBS, prefer="threads")
    try:
        return parallel(joblib.delayed(run_armed)(task, call) for call in calls)
    finally:
        servers.close(task)


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "site": "the start" if stage.site.is_start else str(stage.site),
        "reads": [str(reading) for reading in stage.readings],
        "growth": formula_text(stage),
        "error": stage.error,
        "error_larger": stage.error_larger,
        "lead": stage.lead,
        "hits": stage.hits,
    }
