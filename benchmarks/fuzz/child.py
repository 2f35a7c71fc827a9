"""`python -m benchmarks.fuzz.child FOLDER [OPTION of libFuzzer ...]`: fuzzes as long as it is told, or till it finds.

FOLDER holds the start corpus in `corpus`, and gets what is found, and `told.json`: how many files loaded as models, and
how far the memory rose while one was loaded and used, above what was held before it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from random import Random
from typing import Any

import atheris as installed

atheris: Any = installed  # its names come from C

with atheris.instrument_imports(include=["peakahead.models", "peakahead.runtime"]):
    from . import target

from peakahead.learner.meters import StatusMeter  # noqa: E402 - not before the target

from . import CORPUS, MOST_GROWTH_BYTES, TOLD  # noqa: E402
from .mutate import Donor, mutate  # noqa: E402

BY_LIBFUZZER = 0.2  # the share of mutations that know nothing of JSON


def main(folder: str, options: list[str]) -> None:
    corpus = Path(folder, CORPUS)
    donors = [Donor(path.read_bytes()) for path in sorted(corpus.iterdir())]
    use = target.Target(folder)
    meter = StatusMeter()
    told = {"loaded": 0, "highest_growth_bytes": 0}
    file = os.open(Path(folder, TOLD), os.O_WRONLY | os.O_CREAT)  # libFuzzer ends without running anything of Python's

    def one(content: bytes) -> None:
        before = meter.start()
        is_loaded = use(content)
        grown = meter.high_water() - before
        if is_loaded or grown > told["highest_growth_bytes"]:
            told["loaded"] += is_loaded
            told["highest_growth_bytes"] = max(told["highest_growth_bytes"], grown)
            os.pwrite(file, json.dumps(told).encode(), 0)
        if grown > MOST_GROWTH_BYTES:
            raise target.Finding(f"{grown:,} bytes of memory")

    def mutated(content: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < BY_LIBFUZZER:
            return bytes(atheris.Mutate(content, most))
        return mutate(content, random, donors)[:most]

    gc.freeze()  # arming looks through all objects, of which few are the model's doing
    atheris.Setup([sys.argv[0], *options, str(corpus)], one, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
