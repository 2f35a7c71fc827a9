"""Fits a model to recorded traces."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

from ..models.errors import InvalidOption, TrainingFailed
from ..models.model import BreakpointModel, Training
from .bound import check_enough
from .corrections import Repeats, stream
from .model_fit import fit_model
from .origin import Origin
from .trace_folder import TraceFile, TraceFolder

_NAMED = 3  # complaints that a note spells out


def fit(
    traces: str | os.PathLike[str], *, function: str | None = None, coverage: float = 0.95, jobs: int = 1
) -> BreakpointModel:
    """Fit a breakpoint model to the traces in a folder, such as `learn(..., traces=folder)` leaves.

    The files are read one after the other, each at most once, so a folder of thousands takes little memory.

    Args:
        traces: The folder.
        function: Which function's traces to fit, as "module:qualname"; needed where there are several.
        coverage: The share of invocations whose peak the upper bound is to cover.
        jobs: How many sites to search at a time; -1 for one a core.

    Raises:
        InvalidTrace: If the folder can't be read.
        InvalidOption: If there are traces of several functions, or none of the one asked for.
        TrainingFailed: If too few invocations succeeded for the coverage asked.
    """
    check_coverage(coverage)
    folder = TraceFolder(traces)
    files, complaints = folder.files()
    chosen = _of_one_function(files, function, folder.path, complaints)
    return fit_files(chosen, complaints, coverage, jobs)


def check_coverage(coverage: float) -> None:
    """Raise InvalidOption if the coverage is no share."""
    if not 0.0 < coverage < 1.0:
        raise InvalidOption(f"coverage={coverage!r} is not a share: give a number above 0 and below 1, such as 0.95")


def _of_one_function(
    files: list[TraceFile], function: str | None, path: str, complaints: Sequence[str]
) -> list[TraceFile]:
    names = sorted({str(file.origin.target) for file in files})
    if function is None and len(names) == 1:
        function = names[0]
    if function not in names:
        there = f"of {', '.join(names)}" if names else "that can be read" + "".join(f" ({c})" for c in complaints[:1])
        asked = f"of {function}" if function is not None else "of one function alone"
        raise InvalidOption(
            f"{path} holds no traces {asked}, only {there}: "
            + ("say which with function=" if names else "record some with learn(..., traces=folder)")
        )
    return [file for file in files if str(file.origin.target) == function]


def fit_files(files: list[TraceFile], complaints: list[str], coverage: float, jobs: int) -> BreakpointModel:
    """Fit a model to the traces of one function."""
    origins = [file.origin for file in files]
    traced = [file for file in files if file.origin.traced and file.origin.status == "ok"]
    failed = [origin for origin in origins if origin.status != "ok"]
    if not traced:
        first = f", the first {failed[0].status} ({failed[0].detail})" if failed else ""
        raise TrainingFailed(
            f"all {len(failed)} invocations failed{first}: run one by hand, and correct the function or the arguments"
        )
    _check_enough_left(len(traced), failed, coverage)
    repeats = Repeats.of(origins)
    left_out: list[str] = list(complaints)
    return fit_model(
        stream(traced, repeats.offset_bytes, left_out),
        len(traced),
        traced[0].origin.target,
        lambda: _training([file.origin for file in traced], failed, left_out, repeats),
        coverage,
        jobs=jobs,
    )


def _check_enough_left(n_traced: int, failed: Sequence[Origin], coverage: float) -> None:
    """Raise TrainingFailed, naming a failure, if those that succeeded are too few for the coverage."""
    try:
        check_enough(n_traced, coverage)
    except TrainingFailed as error:
        if not failed:
            raise
        raise TrainingFailed(
            f"{len(failed)} of {n_traced + len(failed)} invocations failed, "
            f"one {failed[0].status} ({failed[0].detail}); {error}"
        ) from None


def _training(
    origins: Sequence[Origin], failed: Sequence[Origin], left_out: Sequence[str], repeats: Repeats
) -> Training:
    failures = Counter(origin.status for origin in failed)
    notes = []
    if left_out:
        failures["unreadable"] = len(left_out)
        more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
        notes.append(f"Left out, since they can't be read: {'; '.join(left_out[:_NAMED])}{more}."[:1_000])
    peaks = [max(0, origin.peak_bytes + repeats.offset_bytes) for origin in origins]
    return Training(
        len(origins),
        dict(sorted(failures.items())),
        (min(peaks), max(peaks)),
        origins[0].meter,
        origins[0].isolation,
        origins[0].python,
        origins[0].platform,
        origins[0].allocator,
        tuple(notes),
        repeats.noise,
    )
