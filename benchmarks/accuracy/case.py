"""What a case is: a function, how it is invoked, and the one number that truly drives its peak."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from peakahead import Invocation

# What settles a function's growth; each is covered by a case.
DRIVERS = {
    "product": "a product of two arguments",
    "sum": "a sum over a loop that keeps what it loads",
    "neighbours": "neighbours in a loop that rebinds",
    "quadratic": "a quadratic in one length",
    "switch": "a flag or a dtype that switches the factor",
    "drawn": "a number drawn inside",
    "helper": "a value known only in a helper in another module",
    "self": "a value known only in a method's `self`",
    "closure": "a value known only in a closure",
    "comprehension": "a value known only in a comprehension",
    "generators": "a value known only in a generator pipeline",
    "coroutine": "a value known only in a coroutine",
    "thread": "a value known only in a thread that the function starts",
    "recursion": "a value known only in a recursion",
    "native": "native memory that tracemalloc can't see",
    "two stages": "arguments that tell half, and a header that tells the rest",
    "decoy": "a decoy that correlates and comes after",
    "constant": "nothing at all",
    "several": "two or three drivers at once",
}
# What its readings are taken from; each is covered by a case.
FAMILIES = {
    "number": "numbers and flags",
    "length": "lengths",
    "file": "file sizes behind handles and paths",
    "paths": "lists of paths",
    "zip": "zip",
    "tar": "tar",
    "gzip": "gzip",
    "bytesio": "BytesIO",
    "mmap": "mmap",
    "image": "PIL images",
    "pandas": "pandas",
    "arrow": "pyarrow and Parquet",
    "polars": "polars",
    "sparse": "SciPy's sparse matrices",
    "graph": "igraph and networkx",
    "chunked": "h5py and zarr",
    "http": "HTTP content lengths",
    "sqlite": "SQLite rows and counts",
    "fields": "fields of dataclasses, namedtuples, attrs and pydantic",
    "leaves": "leaves of JSON-like dicts",
    "category": "dtype names, enums, short strings, flags",
}
GROUPS = {"train": 30, "unseen": 30, "larger": 15}  # invocations
_LARGER = (2.0, 4.0)  # times the largest of the training range


@dataclass(frozen=True, slots=True)
class Making:
    """What one invocation is made from.

    Attributes:
        folder: An empty folder of its own, for its inputs.
        random: The random generator of this invocation.
        group: train, unseen or larger.
        address: Of the case's service, or empty.
    """

    folder: Path
    random: np.random.Generator
    group: str
    address: str = ""

    def size(self, low: float, high: float, power: float = 1.0) -> float:
        """Draw from a range, evenly on a log scale; for the larger group, from 2 to 4 times its end.

        Args:
            low: The smallest size trained.
            high: The largest size trained.
            power: How much of the larger group's factor this size takes: a half for each of two that multiply.
        """
        if self.group == "larger":
            return high * self.random.uniform(*_LARGER) ** power
        return float(np.exp(self.random.uniform(np.log(low), np.log(high))))

    def whole(self, low: float, high: float, power: float = 1.0) -> int:
        """Draw a whole number, as `size` does."""
        return round(self.size(low, high, power))


@dataclass(frozen=True, slots=True)
class Case:
    """One function of the benchmark.

    Attributes:
        function: The function.
        make: From a `Making` to the arguments of one invocation.
        oracle: From an invocation's arguments to the number that truly drives its peak.
        drives: What that number is, in words.
        drivers: Which of `DRIVERS` it covers.
        families: Which of `FAMILIES` it covers.
        payloads: Where a published protocol gives them: the only argument of every invocation.
        before: Called in each process before its memory is measured: what loads a library's parts that come late.
        service: What runs beside it; entered with a folder, it gives its address.
        published_r2: The coefficient of determination that MemFigLess published, if it did.
        note: What a reader should know of how it is invoked.
    """

    function: Callable[..., Any]
    make: Callable[[Making], tuple[Any, ...]]
    oracle: Callable[..., float]
    drives: str
    drivers: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    payloads: tuple[int, ...] = ()
    before: Callable[[], object] | None = None
    service: Callable[[Path], AbstractContextManager[str]] | None = None
    published_r2: float | None = None
    note: str = ""

    @property
    def name(self) -> str:
        return self.function.__name__

    def invocations(self, folder: Path, stack: ExitStack, groups: dict[str, int]) -> dict[str, list[Invocation]]:
        """Make the invocations of each group.

        Args:
            folder: Where their inputs go.
            stack: What ends the case's service.
            groups: How many of each group; a published protocol has its own.
        """
        if self.payloads:
            return self._published(groups)
        address = stack.enter_context(self.service(folder)) if self.service else ""
        made = {}
        for group, count in groups.items():
            made[group] = []
            for number in range(count):
                own = folder / f"{group}-{number:02}"
                own.mkdir(parents=True)
                random = np.random.default_rng([self._seed, list(GROUPS).index(group), number])
                made[group].append(Invocation(self.make(Making(own, random, group, address))))
        return made

    def _published(self, groups: dict[str, int]) -> dict[str, list[Invocation]]:
        """Train on as many of the payloads as asked, drawn by a fixed seed; the rest are unseen."""
        drawn = np.random.default_rng(self._seed).permutation(self.payloads).tolist()
        n = groups["train"]
        parts = {"train": drawn[:n], "unseen": drawn[n : n + groups["unseen"]], "larger": []}
        return {group: [Invocation((n,)) for n in parts[group]] for group in groups}

    @property
    def _seed(self) -> int:
        return zlib.crc32(self.name.encode())
