"""What a process of each theme does when it starts, so that no request pays for parts of libraries that come late."""

from __future__ import annotations

import io
import sqlite3

import numpy as np


def images() -> None:
    from PIL import Image

    Image.init()


def stored() -> None:
    import h5py
    import zarr

    with h5py.File("warm", "w", driver="core", backing_store=False) as file:
        file["values"] = np.zeros(8)
        np.fft.rfft(file["values"][:])
    values = zarr.zeros((8, 8))[:]
    (values - values.mean(axis=0)).max()
    connection = sqlite3.connect(":memory:")
    connection.execute("select 1").fetchall()
    connection.close()


def frames() -> None:
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    rows = pd.read_csv(io.StringIO("a,b\n1,c\n2,d\n"))
    rows.merge(rows, on="a", how="left").groupby("a").sum(numeric_only=True)
    frame = pd.DataFrame({"a": np.arange(4.0)}, index=pd.date_range("2020", periods=4, freq="1min"))
    frame.resample("30s").mean().interpolate().rolling(5, min_periods=1).mean()
    file = io.BytesIO()
    pq.write_table(pa.table({"a": [1.0], "b": [2.0]}), file)
    table = pq.ParquetFile(file).read()
    pc.sum(pc.multiply(table["a"], table["b"]))
    pl.read_parquet(file.getvalue()).filter(pl.col("a") > 0).sort("a").group_by("b").agg(pl.len())


def arrays() -> None:
    np.random.default_rng(0).normal(size=(4, 4)).cumsum(axis=1)


def structure() -> None:
    file = io.BytesIO()
    np.savez_compressed(file, a=np.zeros(8))
    with np.load(io.BytesIO(file.getvalue())) as archive:
        archive["a"].argsort()
