"""Tables with pandas, pyarrow and polars, as an analyst's job reads and reshapes them."""

from __future__ import annotations

import io
import json

import pandas as pd
import polars as pl
import pyarrow.compute as pc
import pyarrow.parquet as pq


def ingest_upload(upload: io.BytesIO) -> dict[str, float]:
    records = json.load(upload)
    frame = pd.DataFrame(records)
    return frame.mean(numeric_only=True).to_dict()


def one_hot_cities(path: str) -> float:
    frame = pd.read_csv(path)
    cities = frame["city"].astype("category")
    encoded = pd.get_dummies(cities, dtype=float)
    design = encoded.to_numpy()
    means = design.T @ frame["amount"].to_numpy() / design.sum(axis=0)
    return float(means.max())


def join_orders(orders_path: str, lines_path: str) -> float:
    orders = pd.read_csv(orders_path)
    lines = pd.read_csv(lines_path)
    joined = lines.merge(orders, on="order", how="left")
    joined["amount"] = joined["price"] * joined["pieces"]
    return float(joined.groupby("customer")["amount"].sum().max())


def resample_sensor(samples: pd.DataFrame, rule: str) -> float:
    regular = samples.resample(rule).mean()
    filled = regular.interpolate()
    smoothed = filled.rolling(5, min_periods=1).mean()
    return float(smoothed.to_numpy().max())


def parquet_revenue(path: str) -> float:
    file = pq.ParquetFile(path)
    table = file.read(columns=["price", "pieces"])
    revenue = pc.multiply(table["price"], table["pieces"])
    return pc.sum(revenue).as_py()


def late_deliveries(path: str, days: int) -> int:
    deliveries = pl.read_parquet(path)
    late = deliveries.filter(pl.col("days") > days)
    by_city = late.sort("weight").group_by("city").agg(pl.len(), pl.col("weight").median())
    return by_city.height
