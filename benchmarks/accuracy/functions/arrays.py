"""NumPy and SciPy: grids, feature matrices, distances, clusters."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse
from scipy.spatial.distance import cdist


class Grid(NamedTuple):
    rows: int
    columns: int


def heat_map(grid: Grid) -> float:
    y, x = np.mgrid[0 : grid.rows, 0 : grid.columns]
    distance = np.hypot(y - grid.rows / 2, x - grid.columns / 2)
    heat = np.exp(-distance / 50.0)
    return float(heat.max())


def standardise(rows: int, columns: int, dtype: str = "float64") -> float:
    features = np.random.default_rng(0).integers(0, 100, (rows, columns)).astype(dtype)
    centred = features - features.mean(axis=0, dtype=dtype)
    scaled = centred / centred.std(axis=0, dtype=dtype)
    return float(scaled[0, 0])


def nearest_neighbours(places: Sequence[tuple[float, float]]) -> list[int]:
    points = np.array(places)
    distances = cdist(points, points)
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1).tolist()


def cluster(points: np.ndarray, clusters: int, rounds: int = 3) -> np.ndarray:
    centres = points[:clusters].copy()
    for _ in range(rounds):
        offsets = points[:, None, :] - centres[None, :, :]
        labels = (offsets**2).sum(axis=2).argmin(axis=1)
        for k in range(clusters):
            members = points[labels == k]
            if len(members):
                centres[k] = members.mean(axis=0)
    return centres


def weigh_terms(counts: scipy.sparse.csr_matrix) -> float:
    documents = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1 + counts.shape[0]) / (1 + documents)) + 1
    weighted = counts.multiply(idf).tocsr()
    norms = scipy.sparse.linalg.norm(weighted, axis=1)
    norms[norms == 0] = 1.0
    scaled = scipy.sparse.diags(1 / norms) @ weighted
    return float(scaled.max())


def simulate_prices(seed: int) -> float:
    rng = np.random.default_rng(seed)
    paths = int(rng.lognormal(8.5, 0.8))
    steps = rng.normal(0.0, 0.01, (paths, 250))
    prices = np.exp(steps.cumsum(axis=1))
    return float(np.maximum(prices[:, -1] - 1.0, 0.0).mean())


def primes_table(_question: str) -> int:
    sieve = np.ones(30_000_000, dtype=bool)
    sieve[:2] = False
    for n in range(2, 5_478):
        if sieve[n]:
            sieve[n * n :: n] = False
    return int(sieve.sum())


def byte_histogram(path: str) -> list[int]:
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        values = np.frombuffer(mapped, np.uint8)
        counts = np.bincount(values, minlength=256)
        del values
    return counts.tolist()
