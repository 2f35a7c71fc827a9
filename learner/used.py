"""What a model is learned from, and what was left out: what its training notes say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from ..models.errors import TrainingFailed
from ..models.model import Training
from ..models.sizes import format_size
from .bound import check_enough
from .corrections import Repeats
from .merging import differences, most_frequent
from .origin import Origin
from .trace_folder import TraceFile
from .versions import Versions
from .warmth import Warmth
from .wording import first_of

_LONGEST_NOTE = 1_000


@dataclass(frozen=True, slots=True)
class Used:
    """What a model is learned from, and what was left out.

    Attributes:
        meter: What measured it.
        traced: The files to read.
        warmths: What each one's process held in advance, of shape (n_traced,).
        failed: Where those come from that didn't succeed.
        complaints: What can't be read.
        versions: Which version is the right one.
        other_meters: How many were measured by others.
        n_hidden: How many were hidden by memory that their process had freed.
        n_again: How many further files told of the same invocations.
        read: Which of the files were read.
    """

    meter: str
    traced: list[TraceFile]
    warmths: list[Warmth]
    failed: list[Origin]
    complaints: list[str]
    versions: Versions
    other_meters: Counter[str]
    n_hidden: int
    n_again: int
    read: list[int] = field(default_factory=list)

    def check_enough(self, n_traced: int, coverage: float) -> None:
        """Raise TrainingFailed, saying what was left out, if the rest is too little for the coverage."""
        try:
            check_enough(n_traced, coverage)
        except TrainingFailed as error:
            reasons = []
            if self.failed:
                first = self.failed[0]
                reasons.append(
                    f"{len(self.failed)} of {n_traced + len(self.failed)} invocations failed, "
                    f"one {first.status} ({first.detail})"
                )
            reasons += [note[0].lower() + note[1:].removesuffix(".") for note in self._left_out()]
            if not reasons:
                raise
            raise TrainingFailed("; ".join([*reasons, str(error)])) from None

    def training(self, repeats: Repeats, coverage: float) -> Training:
        """Return how the model was trained, once all is read.

        Raises:
            TrainingFailed: If what could be read is too little for the coverage.
        """
        places = [self.read[place] for place in self.versions.agreeing()]
        self.check_enough(len(places), coverage)
        origins = [self.traced[place].origin for place in places]
        held = [self.warmths[place] for place in places]
        peaks = [
            max(0, origin.peak_bytes + repeats.offset_bytes + warmth.shift_bytes)
            for origin, warmth in zip(origins, held, strict=True)
        ]
        failures = Counter(origin.status for origin in self.failed)
        failures += Counter(
            {
                "unreadable": len(self.complaints),
                "of another version": self.versions.count,
                "of another meter": self.other_meters.total(),
                "hidden": self.n_hidden,
            }
        )
        notes = [*self._left_out(), *differences(origins), *_warm_notes(held)]
        return Training(
            len(origins),
            dict(sorted(failures.items())),
            (min(peaks), max(peaks)),
            self.meter,
            most_frequent(origin.isolation for origin in origins),
            most_frequent(origin.python for origin in origins),
            most_frequent(origin.platform for origin in origins),
            most_frequent(origin.allocator for origin in origins),
            tuple(note[:_LONGEST_NOTE] for note in notes),
            repeats.noise,
        )

    def _left_out(self) -> list[str]:
        """Return what was left out but failures, one sentence each."""
        notes = []
        if self.complaints:
            notes.append(f"Left out, since they can't be read: {first_of(self.complaints)}.")
        if self.versions.count:
            notes.append(self.versions.note())
        for meter, count in sorted(self.other_meters.items()):
            notes.append(f"Set aside: {count} measured by {meter}, which isn't mixed with {self.meter}.")
        if self.n_hidden:
            notes.append(
                f"Set aside: {self.n_hidden} whose need was hidden, since their process had freed more than that."
            )
        if self.n_again:
            notes.append(f"Counted once: {self.n_again} of which there was a second file.")
        return notes


def _warm_notes(held: Sequence[Warmth]) -> list[str]:
    """Return what is to be said of invocations that ran in one process after the other."""
    warm = [warmth for warmth in held if not warmth.is_first]
    notes = []
    if warm:
        kept = median(warmth.shift_bytes for warmth in warm)
        notes.append(
            f"{len(warm)} of {len(held)} ran after others in their process, and are taken as in a cold one: "
            f"what it held of theirs in advance, {format_size(kept)} in the median, is added."
        )
    if any(not warmth.is_known for warmth in warm):
        notes.append(
            "No process's first invocation is among them, so what that alone needs, pages of libraries above all, is "
            "unknown: in a cold process the peak is higher by as much."
        )
    return notes
