"""NumPy and SciPy."""

from __future__ import annotations

import os

import numpy as np
import scipy.sparse

from ..case import Case, Making
from ..functions import arrays


def _grid(making: Making) -> tuple[arrays.Grid]:
    return (arrays.Grid(making.whole(200, 1_500, 0.5), making.whole(200, 1_500, 0.5)),)


def _features(making: Making) -> tuple[int, int, str]:
    dtype = str(making.random.choice(["float32", "float64"]))
    return making.whole(5_000, 60_000, 0.5), making.whole(8, 80, 0.5), dtype


def _bytes_of_features(rows: int, columns: int, dtype: str) -> float:
    return float(rows * columns * np.dtype(dtype).itemsize)


def _places(making: Making) -> tuple[list[tuple[float, float]]]:
    places = making.random.uniform(0, 90, (making.whole(600, 2_000), 2))
    return ([(float(x), float(y)) for x, y in places],)


def _points(making: Making) -> tuple[np.ndarray, int]:
    return making.random.normal(size=(making.whole(4_000, 60_000, 0.5), 3)), making.whole(4, 24, 0.5)


def _term_counts(making: Making) -> tuple[scipy.sparse.csr_matrix]:
    documents, words = making.whole(1_000, 10_000), 5_000
    found = int(documents * words * making.random.uniform(0.002, 0.02))
    places = making.random.integers(0, documents, found), making.random.integers(0, words, found)
    return (scipy.sparse.csr_matrix((np.ones(found), places), shape=(documents, words)),)


def _seed(making: Making) -> tuple[int]:
    """Draw a seed; for the larger group, one that draws 2 to 4 times the paths of the largest trained."""
    wanted = (25_000, 60_000) if making.group == "larger" else (1_000, 15_000)
    while True:
        seed = int(making.random.integers(2**31))
        if wanted[0] <= _drawn(seed) <= wanted[1]:
            return (seed,)


def _drawn(seed: int) -> float:
    return float(int(np.random.default_rng(seed).lognormal(8.5, 0.8)))


def _question(making: Making) -> tuple[str]:
    return ("?" * making.whole(3, 80),)


def _blob(making: Making) -> tuple[str]:
    path = making.folder / "blob.bin"
    path.write_bytes(making.random.bytes(making.whole(3e5, 1e7)))
    return (str(path),)


def _size(path: str) -> float:
    return float(os.stat(path).st_size)


CASES = (
    Case(
        arrays.heat_map, _grid, lambda grid: float(grid.rows * grid.columns), "rows x columns",
        ("product",), ("fields", "number"),
    ),
    Case(
        arrays.standardise, _features, _bytes_of_features, "rows x columns x bytes a value",
        ("switch", "product"), ("category", "number"),
    ),
    Case(
        arrays.nearest_neighbours, _places, lambda places: float(len(places) ** 2), "places squared",
        ("quadratic",), ("length",),
    ),
    Case(
        arrays.cluster, _points, lambda points, clusters: float(points.size * clusters), "points x clusters",
        ("product",), ("length", "number"),
    ),
    Case(arrays.weigh_terms, _term_counts, lambda counts: float(counts.nnz), "stored values", (), ("sparse",)),
    Case(arrays.simulate_prices, _seed, _drawn, "the paths drawn", ("drawn",), ("number",)),
    Case(arrays.primes_table, _question, lambda _question: 0.0, "nothing", ("constant",), ("length",)),
    Case(arrays.byte_histogram, _blob, _size, "the file's size", ("decoy",), ("mmap", "file")),
)  # fmt: skip
