"""One invocation while it is recorded, in a process that serves others before and after.

What a child has from being young must be made here. Garbage is collected, and what was freed given back to the
system, since growth that reuses it wouldn't show. The mark is reset, and the meter chosen by whether it then stands
where it should. The hits go to a file of this machine's that has no name, so that nothing is left of it whatever
happens; the trace is copied from there, whole, to where it is kept.
"""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
from collections.abc import Iterator
from time import perf_counter

from ..models.guard import is_from_signal_handler
from .descriptors import OwnDescriptor
from .freed import give_back_freed
from .known_code import KnownCode
from .meters import OwnGrowth, RssMeter, SampledMeter, StatusMeter, process_meter
from .origin import Origin, head_with
from .pools import TakenPools
from .recording import MAGIC, Recorder
from .spelled import SpelledNames
from .tracer import MAX_HITS, Tracer
from .warming import findings, warm

_COPIED_BYTES = 2**16  # at a time: a larger block, freed, would raise the C library's mmap threshold
METER, SAMPLED_METER = "rss", "rss, sampled"


class Recorded:
    """One invocation, from `begin` until `end`.

    Args:
        known: What is known of the code.
        spelled: Which names may be written, or None for all, with short texts.
        is_cold: True if this process records its first.

    Attributes:
        is_sampled: True if the high-water mark can't be reset.
    """

    def __init__(self, known: KnownCode, spelled: SpelledNames | None, is_cold: bool) -> None:
        self._known = known
        self._spelled = spelled
        self._is_cold = is_cold
        self._n_pauses = 0
        self._process_meter: RssMeter | StatusMeter | SampledMeter | None = None
        self._taken = contextlib.ExitStack()  # what is to be given back, but the meter

    def begin(self) -> None:
        """Begin to measure and trace; whatever fails here, a time limit of the host's included, `close` is to follow.

        Raises:
            OSError: If there is no room for its hits, or nothing to measure it with.
        """
        self._file = OwnDescriptor(_unnamed_file())
        self._taken.callback(self._file.close)
        self._recorder = Recorder(self._file.number)
        self._taken.callback(self._recorder.abandon)
        self._process_meter = meter = process_meter()
        self.is_sampled = isinstance(meter, SampledMeter)
        self._meter = OwnGrowth(meter)
        if self._is_cold:  # and let go of before the rest: were it held, later invocations would begin so much lower
            warm(self._meter)
        gc.collect()
        self._taken.callback(TakenPools().release)
        give_back_freed()
        self.baseline_bytes = self._meter.start()
        self._tracer = Tracer(
            self._known.is_traced,
            self._meter,
            self._recorder,
            self.baseline_bytes,
            stores_of=self._known.stores_of,
            may_name=self._spelled.may_name if self._spelled is not None else None,
            spares=True,
        )
        self._taken.callback(self._tracer.stop)
        self._began = perf_counter()
        self._tracer.start()

    @property
    def failure(self) -> str:
        """What tracing raised, by its class's name, or empty."""
        return self._tracer.failure

    def pause(self) -> None:
        """Leave out what happens from here to `resume`: a generator's caller runs."""
        if self._n_pauses <= MAX_HITS:  # after as many pieces whatever is hit in each is retired
            self._n_pauses += 1
            self._tracer.pause()
        self._meter.pause()

    def resume(self) -> None:
        self._meter.resume()
        if self._n_pauses <= MAX_HITS:
            self._tracer.resume()

    def end(self) -> int:
        """End the measuring and return the peak's growth, in bytes."""
        self._tracer.stop()
        self._duration_s = perf_counter() - self._began
        self.peak_bytes = max(0, self._meter.high_water() - self.baseline_bytes)
        return self.peak_bytes

    def content(self, origin: Origin) -> Iterator[bytes]:
        """Yield the trace file, piece by piece, after `end`."""
        self._recorder.close(
            {
                "status": origin.status,
                "detail": origin.detail,
                "duration_s": self._duration_s,
                "baseline_bytes": self.baseline_bytes,
                "peak_bytes": self.peak_bytes,
                **findings(self._tracer, self._known.fingerprint_of),
            }
        )
        yield head_with(origin)
        at = len(MAGIC)
        while piece := os.pread(self._file.number, _COPIED_BYTES, at):
            yield piece
            at += len(piece)

    def close(self) -> None:
        """Stop, if that hasn't been done, and let go of the hits."""
        self.abandon()
        if self._process_meter is not None:
            self._process_meter.close()

    def abandon(self) -> None:
        """Do the same in a forked child, whose meter is the parent's."""
        self._taken.close()


def _unnamed_file() -> int:
    """Return the descriptor of a file that is gone when it is closed."""
    try:
        with tempfile.TemporaryFile(prefix="peakahead-") as file:
            return os.dup(file.fileno())
    except OSError as error:
        if is_from_signal_handler(error) or not hasattr(os, "memfd_create"):
            raise
        return os.memfd_create("peakahead")  # nowhere to write: in memory that isn't the process's
