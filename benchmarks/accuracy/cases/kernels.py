"""MemFigLess's kernels, on its published payloads: 10 to 10,000 in steps of 200."""

from __future__ import annotations

from ..case import Case, Making
from ..functions import kernels

_PAYLOADS = tuple(range(10, 10_000, 200))
_NOTE = "30 payloads drawn for training, the other 20 unseen; none larger, since the protocol has none"


def _as_published(_: Making) -> tuple[int]:
    raise NotImplementedError("its payloads are published")


def _square(n: int) -> float:
    return float(n * n)


CASES = (
    Case(
        kernels.matrix_product,
        _as_published,
        _square,
        "n squared",
        ("quadratic",),
        ("number",),
        payloads=_PAYLOADS,
        published_r2=0.79,
        note=_NOTE,
    ),
    Case(
        kernels.linear_solve,
        _as_published,
        _square,
        "n squared",
        ("quadratic", "native"),
        ("number",),
        payloads=_PAYLOADS,
        published_r2=0.96,
        note=_NOTE,
    ),
    Case(
        kernels.pagerank,
        _as_published,
        float,
        "n",
        ("native",),
        ("number", "graph"),
        payloads=_PAYLOADS,
        published_r2=0.87,
        note=_NOTE,
    ),
    Case(
        kernels.breadth_first,
        _as_published,
        float,
        "n",
        ("native",),
        ("number", "graph"),
        payloads=_PAYLOADS,
        published_r2=0.73,
        note=_NOTE,
    ),
)
