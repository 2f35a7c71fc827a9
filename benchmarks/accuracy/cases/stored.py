"""Data behind a library."""

from __future__ import annotations

import contextlib
import functools
import http.server
import sqlite3
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import h5py
import networkx as nx
import numpy as np
import zarr

from ..case import Case, Making
from ..functions import stored
from .writing import CITIES, repeated, sales_lines


def _recording(making: Making) -> tuple[str, int]:
    """Write channels that compress well or badly: the file's size says little."""
    channels, samples = int(making.random.integers(1, 9)), 8_000 * making.whole(5, 60)
    path = making.folder / "recording.h5"
    signal = np.zeros((channels, samples), np.float64)
    noisy = int(samples * making.random.uniform(0, 0.3))
    signal[:, :noisy] = making.random.normal(size=(channels, noisy))
    with h5py.File(path, "w") as file:
        file.create_dataset("recording", data=signal, compression="lzf")
    return str(path), int(making.random.integers(channels))


def _samples(path: str, _channel: int) -> float:
    with h5py.File(path) as file:
        recording = file["recording"]
        assert isinstance(recording, h5py.Dataset)
        return float(recording.shape[1])


def _temperatures(making: Making) -> tuple[str]:
    days, side = making.whole(30, 365, 0.5), making.whole(40, 140, 0.25)
    path = str(making.folder / "temperatures.zarr")
    values = making.random.standard_normal((days, side, side), dtype=np.float32)
    array = zarr.create_array(path, shape=values.shape, chunks=(30, side, side), dtype="float32")
    array[:] = values
    return (path,)


def _values(path: str) -> float:
    return float(np.prod(zarr.open_array(path, mode="r").shape))


def _friends(making: Making) -> tuple[str]:
    people = making.whole(300, 1_200, 0.5)
    friends, seed = int(making.random.integers(2, 12)), int(making.random.integers(2**31))
    graph = nx.barabasi_albert_graph(people, friends, seed=seed)
    path = making.folder / "friends.txt"
    nx.write_edgelist(graph, path, data=False)
    return (str(path),)


def _people_squared(path: str) -> float:
    with open(path) as file:
        return float(len({name for line in file for name in line.split()}) ** 2)


def _customers(making: Making) -> tuple[str, str]:
    """Write a table of which one city is asked for: how many rows that is, a count tells."""
    city = str(making.random.choice(CITIES))
    wanted, others = making.whole(3_000, 80_000), int(making.random.integers(1_000, 50_000))
    cities = np.concatenate([np.full(wanted, city), making.random.choice([c for c in CITIES if c != city], others)])
    path = making.folder / "customers.db"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table customers (id integer, name text, city text, balance real)")
        rows = ((k, f"customer number {k}", str(city), k * 0.25) for k, city in enumerate(cities))
        connection.executemany("insert into customers values (?, ?, ?, ?)", rows)
    return str(path), city


def _count(path: str, city: str) -> float:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("select count(*) from customers where city = ?", (city,)).fetchone()
    return float(count)


def _feed(making: Making) -> tuple[str]:
    content = repeated(sales_lines(making.random), making.whole(2e5, 3e6))
    (making.folder / "feed.csv").write_bytes(content)
    return (f"{making.address}/{making.folder.name}/feed.csv",)


def _content_length(url: str) -> float:
    with urllib.request.urlopen(urllib.request.Request(url, method="HEAD")) as response:
        return float(response.headers["Content-Length"])


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        pass


@contextlib.contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP from this process, not from those that are measured."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


CASES = (
    Case(stored.spectrum, _recording, _samples, "samples of a channel", (), ("chunked",)),
    Case(stored.anomaly_map, _temperatures, _values, "values", (), ("chunked",)),
    Case(
        stored.common_friends, _friends, _people_squared, "people squared",
        ("quadratic", "several"), ("graph", "file"),
    ),
    Case(stored.export_customers, _customers, _count, "rows of the city", (), ("sqlite", "category")),
    Case(stored.fetch_feed, _feed, _content_length, "the content's length", (), ("http",), service=_serving),
)  # fmt: skip
