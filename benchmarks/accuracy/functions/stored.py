"""Data behind a library: HDF5, Zarr, SQLite, a graph's edge list, an HTTP server."""

from __future__ import annotations

import sqlite3

import h5py
import networkx as nx
import numpy as np
import requests
import zarr


def spectrum(path: str, channel: int) -> float:
    with h5py.File(path) as file:
        recording = file["recording"]
        samples = recording[channel]
    frequencies = np.fft.rfft(samples)
    power = np.abs(frequencies) ** 2
    return float(power.argmax())


def anomaly_map(path: str) -> float:
    temperatures = zarr.open_array(path, mode="r")
    values = temperatures[:]
    mean = values.mean(axis=0)
    anomalies = values - mean
    return float(np.abs(anomalies).max())


def common_friends(path: str) -> int:
    graph = nx.read_edgelist(path, nodetype=int)
    adjacency = nx.to_numpy_array(graph)
    common = adjacency @ adjacency
    np.fill_diagonal(common, 0.0)
    return int(common.max())


def export_customers(path: str, city: str) -> int:
    connection = sqlite3.connect(path)
    (count,) = connection.execute("select count(*) from customers where city = ?", (city,)).fetchone()
    print(f"exporting {count} customers")
    rows = connection.execute("select * from customers where city = ?", (city,)).fetchall()
    connection.close()
    lines = [";".join(map(str, row)) for row in rows]
    return len("\n".join(lines))


def fetch_feed(url: str) -> int:
    response = requests.get(url, stream=True, timeout=30)
    response.raise_for_status()
    body = response.content
    entries = [line.split(",") for line in body.decode().splitlines()]
    return len(entries)
