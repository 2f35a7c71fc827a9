"""A container that serves one invocation after the other: its arguments are the model's file and the order.

With `learn` for the order, it learns that model.
"""

from __future__ import annotations

import json
import random
import sys

import peakahead

MIB = 2**20
ROW_BYTES = 240 + 8  # of the allocator's classes, and in the list


def make_rows(size: int) -> int:
    rows = [bytes(200) for _ in range(size // ROW_BYTES)]
    return len(rows)


def main(model_path: str, order: str) -> None:
    if order == "learn":
        peakahead.learn(make_rows, [(k * MIB,) for k in range(1, 31)], jobs=2, repeats=3).save(model_path)
        return
    generator = random.Random(5)
    sizes = [int(MIB * 32 ** generator.random()) for _ in range(60)]
    if order != "random":
        sizes.sort(reverse=order == "descending")
    model = peakahead.load(model_path)
    peakahead.arm(model, strict=True)
    results: list[peakahead.Result] = []
    serve = peakahead.predict_memory(model, on_result=results.append)(make_rows)
    for size in sizes:
        serve(size)
    print(json.dumps([result.to_json() for result in results]))


if __name__ == "__main__":
    from tests.programs import warm  # by the name that the model knows

    warm.main(*sys.argv[1:])
