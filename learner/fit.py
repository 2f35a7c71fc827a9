"""Fits a model to recorded traces."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..models.errors import InvalidOption, TrainingFailed
from ..models.model import BreakpointModel
from .corrections import Repeats, held_in_advance, stream
from .merging import merged, of_one_meter, open_folders
from .model_fit import fit_model
from .trace_folder import TraceFile
from .used import Used
from .versions import Present, Versions


def fit(
    traces: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    function: str | Callable[..., Any] | None = None,
    coverage: float = 0.95,
    jobs: int = 1,
) -> BreakpointModel:
    """Fit a breakpoint model to recorded traces, such as `record` and `learn(..., traces=folder)` leave.

    The files are read one after the other, each at most once, so folders of thousands take little memory. What was
    recorded on many machines counts as one: an invocation that several folders hold counts once. Set aside, counted
    and named in the model's notes, are traces of another version of the code, of another meter than most, of
    invocations that failed or overlapped, and what can't be read.

    Args:
        traces: The folder, or several.
        function: Which function's traces to fit, needed where there are several: its name, as "module:qualname", or
            the function itself. Of that only traces of its present version are used; of a name, those of the version
            that most are of.
        coverage: The share of invocations whose peak the upper bound is to cover.
        jobs: How many sites to search at a time; -1 for one a core.

    Raises:
        InvalidTrace: If a folder isn't there, or can't be read.
        InvalidTarget: If the function given has no Python source.
        InvalidOption: If there are traces of several functions, or none of the one asked for.
        TrainingFailed: If too few invocations succeeded for the coverage asked, or all are of another version than
            the function given.
    """
    check_coverage(coverage)
    folders = open_folders(traces)
    present = Present.of(function) if callable(function) else None
    name = str(present.target) if present is not None else function
    files, complaints, n_again = merged(folders)
    chosen = _of_one_function(files, name, [folder.path for folder in folders], complaints)
    return fit_files(chosen, complaints, coverage, jobs, beside=files, present=present, n_again=n_again)


def check_coverage(coverage: float) -> None:
    """Raise InvalidOption if the coverage is no share."""
    if not 0.0 < coverage < 1.0:
        raise InvalidOption(f"coverage={coverage!r} is not a share: give a number above 0 and below 1, such as 0.95")


def _of_one_function(
    files: list[TraceFile], function: Any, paths: Sequence[str], complaints: Sequence[str]
) -> list[TraceFile]:
    names = sorted({str(file.origin.target) for file in files})
    if function is None and len(names) == 1:
        function = names[0]
    if function not in names:
        where = f"{', '.join(paths)} {'holds' if len(paths) == 1 else 'hold'}"
        if not names:
            why = f" ({complaints[0]})" if complaints else ""
            raise InvalidOption(f"{where} no traces that can be read{why}: record some, with record or learn")
        asked = f"of {function}" if function is not None else "of one function alone"
        raise InvalidOption(f"{where} no traces {asked}, only of {', '.join(names)}: name one of them")
    return [file for file in files if str(file.origin.target) == function]


def fit_files(
    files: Sequence[TraceFile],
    complaints: Sequence[str],
    coverage: float,
    jobs: int,
    *,
    beside: Sequence[TraceFile] = (),
    present: Present | None = None,
    n_again: int = 0,
) -> BreakpointModel:
    """Fit a model to the traces of one function.

    Args:
        files: Where they are.
        complaints: What couldn't be read.
        coverage: The share of invocations whose peak the upper bound is to cover.
        jobs: How many sites to search at a time.
        beside: Further files, which tell what other functions left behind in the same processes.
        present: The code that is here now, where it is known.
        n_again: How many further files told of the same invocations.
    """
    if not files:
        raise TrainingFailed("no invocation left a trace: run one by hand, and correct the function or the arguments")
    versions = Versions(files[0].origin.target, present)
    of_meter, other_meters = of_one_meter(files)
    right = versions.of_target(of_meter)
    failed = [file.origin for file in right if file.origin.status != "ok"]
    succeeded = [file for file in right if file.origin.traced and file.origin.status == "ok"]
    if not succeeded:
        first = f", the first {failed[0].status} ({failed[0].detail})" if failed else ""
        raise TrainingFailed(
            f"all {len(failed)} invocations failed{first}: run one by hand, and correct the function or the arguments"
        )
    held = held_in_advance(succeeded, beside or files, versions.target)
    traced = [file for file in succeeded if not held[file.path].hides(file.origin.peak_bytes)]
    used = Used(
        succeeded[0].origin.meter,
        traced,
        [held[file.path] for file in traced],
        failed,
        list(complaints),
        versions,
        other_meters,
        len(succeeded) - len(traced),
        n_again,
    )
    used.check_enough(len(traced), coverage)
    repeats = Repeats.of([file.origin for file in right])
    return fit_model(
        stream(traced, repeats.offset_bytes, used.complaints, used.warmths, used.read),
        len(traced),
        versions.target,
        lambda: used.training(repeats, coverage),
        coverage,
        jobs=jobs,
        versions=versions,
    )
