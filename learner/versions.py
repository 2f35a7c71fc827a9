"""Which version of the code traces are of: those of another than the right one are set aside.

The right version of a function is the one that is here now, where that is known; else the one that most of the
traces are of, and of two with equally many the one that comes last. The target's is told by the head of each file,
before anything is read; those of other traced functions stand at the end of each, so they are compared once all are
read.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from ..models.errors import InvalidTarget, InvalidTrace, TrainingFailed
from ..models.fingerprints import Fingerprint, source_digest
from ..models.sites import FunctionRef
from .merging import most_frequent
from .target import reference, underlying_function
from .trace_folder import TraceFile
from .traces import Trace, read_trace
from .wording import first_of

_SHOWN_DIGITS = 8
_SHOWN_VERSIONS = 4


@dataclass(frozen=True, slots=True)
class Present:
    """The code that is here now.

    Attributes:
        target: The target's name.
        code: Its code.
    """

    target: FunctionRef
    code: CodeType

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Present:
        """Return what a function is now.

        Raises:
            InvalidTarget: If it has no Python source.
        """
        found = underlying_function(function)
        return cls(reference(found), found.__code__)

    def source(self, function: FunctionRef) -> str:
        """Return the digest of another function's source, or an empty text where it isn't found."""
        found: Any = sys.modules.get(function.module)
        for name in function.qualname.split("."):
            found = vars(found).get(name) if hasattr(found, "__dict__") else None
        try:
            code = underlying_function(found).__code__
        except InvalidTarget:
            return ""
        return source_digest(code) if code.co_qualname == function.qualname else ""


@dataclass(slots=True)
class Versions:
    """Tells the traces of the right version from the others.

    Attributes:
        present: The code that is here now, or None where it isn't known.
        target: The function.
        other_sources: How many traces are of other versions of the target, by their source.
        differing: How many are of the right version of the target, but of another of this function.
    """

    target: FunctionRef
    present: Present | None = None
    other_sources: Counter[str] = field(default_factory=Counter)
    differing: Counter[FunctionRef] = field(default_factory=Counter)
    _seen: list[dict[FunctionRef, Fingerprint]] = field(default_factory=list)
    _known: dict[str, Fingerprint] = field(default_factory=dict)
    _agreeing: list[int] | None = None

    def of_target(self, files: Sequence[TraceFile]) -> list[TraceFile]:
        """Return the files of the target's right version; one that doesn't say agrees with any.

        Raises:
            TrainingFailed: If all are of another version than the code that is here now.
        """
        sources = [file.origin.source for file in files if file.origin.source]
        if not sources:
            return list(files)
        if self.present is None:
            right = {most_frequent(sources)}
        else:
            now = source_digest(self.present.code)
            right = {source for source in dict.fromkeys(sources) if source == now or self._is_present(source, files)}
        self.other_sources.update(source for source in sources if source not in right)
        kept = [file for file in files if not file.origin.source or file.origin.source in right]
        if not kept:
            raise self._all_are_others(
                len(files), f"of it ({_shown(self.other_sources)}) than the code that is here now"
            )
        return kept

    def _is_present(self, source: str, files: Sequence[TraceFile]) -> bool:
        """Tell whether code from another source is the present code all the same, as where a decorator was replaced."""
        assert self.present is not None
        whole = (one.path for one in files if one.origin.source == source and one.origin.traced)
        try:
            with open(next(whole), "rb") as file:
                fingerprints = read_trace(file.read()).fingerprints
        except (OSError, InvalidTrace, StopIteration):
            return False
        return any(one.function == self.target and one.matches(self.present.code) for one in fingerprints)

    def seen(self, trace: Trace) -> Trace:
        """Keep which versions one trace, the next, is of, and return the trace."""
        shared = (self._known.setdefault(repr(one), one) for one in trace.fingerprints)  # most traces' are the same
        self._seen.append({one.function: one for one in shared})
        return trace

    def agreeing(self) -> list[int]:
        """Return which of the traces that were seen agree on all functions but the target, by their places.

        Raises:
            TrainingFailed: If all are of another version than the code that is here now.
        """
        if self._agreeing is None:
            self._agreeing = list(range(len(self._seen)))
            functions = {function for one in self._seen for function in one if _is_telling(function)}
            for function in sorted(functions - {self.target}):
                self._agreeing = self._agreeing_on(function, self._agreeing)
        return self._agreeing

    def _agreeing_on(self, function: FunctionRef, places: list[int]) -> list[int]:
        told = {place: self._seen[place][function].source for place in places if function in self._seen[place]}
        sources = [source for source in told.values() if source]
        now = self.present.source(function) if self.present is not None else ""
        if not sources or set(sources) <= {now}:
            return places
        right = now or most_frequent(sources)
        kept = [place for place in places if told.get(place, "") in ("", right)]
        if not kept:
            raise self._all_are_others(len(places), f"than the code that is here now, in which {function} differs")
        if len(kept) < len(places):
            self.differing[function] = len(places) - len(kept)
        return kept

    def fingerprints(self) -> dict[FunctionRef, Fingerprint]:
        """Return the fingerprints of the functions in the traces that agree, as all their Pythons know them."""
        merged: dict[FunctionRef, Fingerprint] = {}
        for place in self.agreeing():
            for function, one in self._seen[place].items():
                known = merged.get(function)
                if known is None or known.source != one.source:
                    merged[function] = one
                elif known is not one:
                    merged[function] = known.replaced(code={**known.code, **one.code})
        return merged

    def _all_are_others(self, count: int, what: str) -> TrainingFailed:
        return TrainingFailed(
            f"all {count} traces of {self.target} are of another version {what}: record the present code, "
            "or fit where the recorded one is"
        )

    @property
    def count(self) -> int:
        """How many traces were set aside."""
        return self.other_sources.total() + self.differing.total()

    def note(self) -> str:
        """Return what was set aside, in one sentence, or an empty text."""
        parts = []
        if self.other_sources:
            traces = "trace" if self.other_sources.total() == 1 else "traces"
            parts.append(
                f"{self.other_sources.total()} {traces} of another version of {self.target} "
                f"({_shown(self.other_sources)})"
            )
        parts += [f"{count} where {function} differs" for function, count in sorted(self.differing.items())]
        return f"Set aside: {', '.join(parts)}." if parts else ""


def _is_telling(function: FunctionRef) -> bool:
    """Tell whether a name means one function: a module may have many lambdas, and many functions called `_`."""
    names = function.qualname.replace(".<locals>", "").split(".")
    return not any(name.startswith("<") or name == "_" for name in names)


def _shown(sources: Counter[str]) -> str:
    told = [f"{source[:_SHOWN_DIGITS]}…" for source, _ in sources.most_common()]
    return f"{'source' if len(sources) == 1 else 'sources'} {first_of(told, _SHOWN_VERSIONS, ', ')}"
