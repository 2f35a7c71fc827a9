"""The four kernels that MemFigLess published figures for: dense linear algebra and graphs of a random kind."""

from __future__ import annotations

import igraph
import numpy as np


def matrix_product(n: int) -> float:
    a = np.random.rand(n, n)
    b = np.random.rand(n, n)
    product = a @ b
    return float(product[0, 0])


def linear_solve(n: int) -> float:
    a = np.random.rand(n, n)
    b = np.random.rand(n)
    x = np.linalg.solve(a, b)
    return float(x[0])


def pagerank(n: int) -> float:
    graph = igraph.Graph.Barabasi(n, 10)
    ranks = graph.pagerank()
    return max(ranks)


def breadth_first(n: int) -> int:
    graph = igraph.Graph.Barabasi(n, 10)
    order, _layers, _parents = graph.bfs(0)
    return len(order)
