"""MemFigLess's kernels, on its published payloads: 10 to 10,000 in steps of 200."""

from __future__ import annotations

from collections.abc import Callable

from ..case import Case, Making
from ..functions import kernels

_PAYLOADS = tuple(range(10, 10_000, 200))
_NOTE = "30 payloads drawn for training, the other 20 unseen; none larger, since the protocol has none"


def _as_published(_: Making) -> tuple[int]:
    raise NotImplementedError("its payloads are published")


def _square(n: int) -> float:
    return float(n * n)


def _kernel(
    function: Callable[[int], object],
    oracle: Callable[[int], float],
    drives: str,
    drivers: tuple[str, ...],
    families: tuple[str, ...],
    published_r2: float,
) -> Case:
    """Return the case of a kernel, whose only argument is the protocol's payload."""
    return Case(
        function,
        _as_published,
        oracle,
        drives,
        drivers,
        families,
        payloads=_PAYLOADS,
        published_r2=published_r2,
        note=_NOTE,
    )


CASES = (
    _kernel(kernels.matrix_product, _square, "n squared", ("quadratic",), ("number",), 0.79),
    _kernel(kernels.linear_solve, _square, "n squared", ("quadratic", "native"), ("number",), 0.96),
    _kernel(kernels.pagerank, float, "n", ("native",), ("number", "graph"), 0.87),
    _kernel(kernels.breadth_first, float, "n", ("native",), ("number", "graph"), 0.73),
)
