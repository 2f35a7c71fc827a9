"""The traces of many folders as one: each invocation counted once, all measured by one meter."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from ..models.errors import InvalidOption
from .origin import Origin
from .trace_folder import TraceFile, TraceFolder
from .wording import first_of

_LONGEST_LIST = 6  # values that a note spells out


def open_folders(traces: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[TraceFolder]:
    """Return the folders of traces, given as one or as several.

    Raises:
        InvalidOption: If there are none.
        InvalidTrace: If one isn't there.
    """
    paths = [traces] if isinstance(traces, str | os.PathLike) else list(traces)
    if not paths:
        raise InvalidOption("traces names no folder: give the one that the traces were recorded into, or several")
    return [TraceFolder(path, make=False) for path in paths]


def merged(folders: Sequence[TraceFolder]) -> tuple[list[TraceFile], list[str], int]:
    """Return the trace files of folders, a complaint for each that can't be read, and how many were there twice.

    They come in the order of their names, whichever folder each lies in, so that the order of the folders changes
    nothing.
    """
    files: list[TraceFile] = []
    complaints: list[str] = []
    for folder in folders:
        found, complained = folder.files()
        files += found
        complaints += [os.path.join(folder.path, text) for text in complained] if len(folders) > 1 else complained
    files.sort(key=lambda file: (os.path.basename(file.path), file.path))
    once = list(_counted_once(files))
    return once, complaints, len(files) - len(once)


def _counted_once(files: Sequence[TraceFile]) -> Iterator[TraceFile]:
    """Yield of each invocation one file: where a copy was made while it ran, the one that tells its end."""
    by_invocation: dict[Hashable, list[TraceFile]] = {}
    for file in files:
        by_invocation.setdefault(_identity(file), []).append(file)
    for copies in by_invocation.values():
        yield copies[0] if len(copies) == 1 else max(copies, key=_told)


def _identity(file: TraceFile) -> Hashable:
    origin = file.origin
    if origin.process:
        return origin.target, origin.process, origin.place, origin.invocation
    return os.path.basename(file.path), origin


def _told(file: TraceFile) -> tuple[bool, int]:
    try:
        size = os.path.getsize(file.path)
    except OSError:
        size = 0
    return file.origin.status != "unfinished", size


def of_one_meter(files: Sequence[TraceFile]) -> tuple[list[TraceFile], Counter[str]]:
    """Return the files of the meter that most were measured by, and how many of others there are.

    Meters are never mixed: they tell different things, and one raises what another says. Of two that come equally
    often it is that of the last file.
    """
    meter = most_frequent(file.origin.meter for file in files) if files else ""
    others = Counter(file.origin.meter for file in files if file.origin.meter != meter)
    return [file for file in files if file.origin.meter == meter], others


def most_frequent(values: Iterable[str]) -> str:
    """Return the value that comes most often, and of several the one that comes last."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.pop(value, 0) + 1  # anew, at the end
    return max(reversed(counts), key=counts.__getitem__)


_ENVIRONMENT: dict[str, Callable[[Origin], str]] = {
    "Pythons": lambda origin: origin.python,
    "platforms": lambda origin: origin.platform,
    "allocators": lambda origin: origin.allocator,
    "isolations": lambda origin: origin.isolation,
}


def differences(origins: Sequence[Origin]) -> Iterator[str]:
    """Yield a note for each part of the environment in which the traces differ."""
    for what, of in _ENVIRONMENT.items():
        counts = Counter(map(of, origins)).most_common()
        if len(counts) > 1:
            told = [f"{count} of {value}" for value, count in counts]
            yield f"Learned from several {what}: {first_of(told, _LONGEST_LIST, ', ')}."
