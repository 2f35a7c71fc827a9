"""Reads the results that production logs: lines of JSON in files of many processes, some of them still written to.

A line that can't be read is counted and named, and the others are read. A line whose writing isn't finished isn't
damaged. A process writes its lines in order, so that their order holds even where its clock was set back: among several
processes' lines each is placed by the latest time that its process had told by then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..models.errors import InvalidModel, InvalidOption
from ..models.fields import Fields
from ..models.result import RESULTS_SUFFIX, Result
from .wording import first_of

_LONGEST_LINE = 2**20
_HINT = "give the folder that predict_memory(..., results=folder) writes to"


@dataclass(slots=True)
class ResultLog:
    """The results in some folders, and those below them.

    Args:
        folders: Where to look.

    Attributes:
        files: The files found, each once.
        lines: How many lines were read, the unreadable among them.
        damaged: Why lines, or whole files, can't be read, one sentence each.
        unfinished: Files whose last line isn't whole: it is being written, or its process ended meanwhile.
        copies: How many lines are copies of others, and counted once.
        stepped: Files in which the clock was set back.
    """

    folders: Sequence[str]
    files: list[str] = field(default_factory=list)
    lines: int = 0
    damaged: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    copies: int = 0
    stepped: list[str] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Find the files.

        Raises:
            InvalidOption: If a folder is missing, or if there are no files of results.
        """
        for folder in self.folders:
            if not os.path.isdir(folder):
                what = "is a file" if os.path.exists(folder) else "doesn't exist"
                raise InvalidOption(f"{folder} {what}: {_HINT}")
            for path, _, names in os.walk(folder, onerror=self._complain):
                self.files += [os.path.join(path, name) for name in names if name.endswith(RESULTS_SUFFIX)]
        self.files = sorted({os.path.realpath(file): file for file in sorted(self.files)}.values())
        if not self.files:
            why = f" ({self.damaged[0]})" if self.damaged else ""
            raise InvalidOption(f"{', '.join(self.folders)} holds no files *{RESULTS_SUFFIX}{why}: {_HINT}")

    def read(self) -> Iterator[tuple[float, Result]]:
        """Yield each result, with the time to order it by, which never falls within a file."""
        for file in self.files:
            latest = float("-inf")
            for result in self._read_file(file):
                if result.ended_at < latest and self.stepped[-1:] != [file]:
                    self.stepped.append(file)
                latest = max(latest, result.ended_at)
                yield latest, result

    def _read_file(self, file: str) -> Iterator[Result]:
        try:
            with open(file, "rb") as opened:
                number = 0
                while line := opened.readline(_LONGEST_LINE):
                    number += 1
                    yield from self._read_line(line, file, number)
        except OSError as error:  # taken away meanwhile, or not ours to read
            self._complain(error)

    def _read_line(self, line: bytes, file: str, number: int) -> Iterator[Result]:
        if not line.strip():
            return
        self.lines += 1
        digest = hash(line)
        if digest in self._seen:
            self.copies += 1
            return
        where = f"{file}, line {number}"
        try:
            result = Result.from_json(Fields(json.loads(line), where))
        except InvalidModel as error:
            self.damaged.append(str(error).partition(": the model file")[0])  # its advice is for models
        except (ValueError, RecursionError):
            if line.endswith(b"\n") or len(line) == _LONGEST_LINE:
                self.damaged.append(f"{where} isn't JSON")
            else:
                self.lines -= 1
                self.unfinished.append(where)
        else:
            self._seen.add(digest)
            yield result

    def _complain(self, error: OSError) -> None:
        self.damaged.append(f"{error.filename} can't be read ({error.strerror})")

    def notes(self) -> Iterator[str]:
        """Yield what a reader of the results should know of the files, one sentence each."""
        if self.damaged:
            yield f"{len(self.damaged)} left out as unreadable: {first_of(self.damaged)}"
        if self.unfinished:
            yield f"{len(self.unfinished)} not yet written to the end, and left out: {first_of(self.unfinished)}"
        if self.copies:
            yield f"{self.copies} lines are copies of others, and counted once"
        if self.stepped:
            yield f"the clock was set back in {first_of(self.stepped)}: the order of their lines is kept"
