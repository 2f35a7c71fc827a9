"""Tables with pandas, pyarrow and polars."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from ..case import Case, Making
from ..functions import frames
from .writing import CITIES

_RECORDS = 200
_RULES = {"1s": 60.0, "10s": 6.0, "1min": 1.0}


def _upload(making: Making) -> tuple[io.BytesIO]:
    days, amounts = making.random.integers(1, 29, _RECORDS), making.random.uniform(1, 999, _RECORDS).round(2)
    records = [
        {"day": int(day), "city": CITIES[day % 8], "amount": amount} for day, amount in zip(days, amounts, strict=True)
    ]
    block = json.dumps(records).encode()[1:-1]
    return (io.BytesIO(b"[" + b", ".join([block] * making.whole(50, 400)) + b"]"),)


def _sales(making: Making) -> tuple[str]:
    """Write sales in as many cities as drawn: the width of what they are encoded to."""
    rows, levels = making.whole(5_000, 40_000, 0.5), making.whole(5, 60, 0.5)
    cities = making.random.integers(0, levels, rows)
    cities[:levels] = np.arange(levels)
    amounts = making.random.uniform(1, 999, rows).round(2)
    path = making.folder / "sales.csv"
    pd.DataFrame({"city": [f"city{k}" for k in cities], "amount": amounts}).to_csv(path, index=False)
    return (str(path),)


def _encoded_cells(path: str) -> float:
    frame = pd.read_csv(path)
    return float(len(frame) * len(set(frame["city"])))


def _orders(making: Making) -> tuple[str, str]:
    """Write orders and their lines: either may be the larger."""
    orders, lines = making.whole(5_000, 60_000), making.whole(30_000, 250_000)
    order_path, line_path = making.folder / "orders.csv", making.folder / "lines.csv"
    customers = making.random.integers(0, 5_000, orders)
    csv.write_csv(pa.table({"order": np.arange(orders), "customer": customers}), order_path)
    columns = {
        "order": making.random.integers(0, orders, lines),
        "price": making.random.uniform(1, 99, lines).round(2),
        "pieces": making.random.integers(1, 9, lines),
    }
    csv.write_csv(pa.table(columns), line_path)
    return str(order_path), str(line_path)


def _lines(_orders_path: str, lines_path: str) -> float:
    return float(Path(lines_path).stat().st_size)


def _samples(making: Making) -> tuple[pd.DataFrame, str]:
    """Sample a sensor irregularly over some hours, one value a minute on average."""
    minutes = making.whole(1_000, 20_000)
    rule = str(making.random.choice(list(_RULES)))
    seconds = np.sort(making.random.uniform(0, minutes * 60, minutes))
    at = pd.Timestamp("2026-11-24") + pd.to_timedelta(seconds, unit="s")
    return pd.DataFrame({"value": making.random.normal(size=minutes)}, index=at), rule


def _resampled(samples: pd.DataFrame, rule: str) -> float:
    return len(samples) * _RULES[rule]


def _parquet(making: Making) -> tuple[str]:
    """Write a table of which two columns are read; repeats shrink its file by very different factors."""
    rows = making.whole(50_000, 1_000_000)
    distinct = int(making.random.integers(2, 50_000))
    table = pa.table(
        {
            "price": making.random.uniform(1, 99, distinct)[making.random.integers(0, distinct, rows)],
            "pieces": making.random.integers(1, 9, rows),
            "comment": pa.array(["-"] * rows),
        }
    )
    path = making.folder / "sales.parquet"
    pq.write_table(table, path, row_group_size=250_000)
    return (str(path),)


def _rows(path: str) -> float:
    return float(pq.read_metadata(path).num_rows)


def _deliveries(making: Making) -> tuple[str, int]:
    rows, days = making.whole(30_000, 400_000), int(making.random.integers(1, 9))
    table = pa.table(
        {
            "city": pa.array(making.random.choice(CITIES, rows)),
            "days": making.random.integers(0, 10, rows),
            "weight": making.random.uniform(0.1, 30, rows),
        }
    )
    path = making.folder / "deliveries.parquet"
    pq.write_table(table, path)
    return str(path), days


def _delivered(path: str, _days: int) -> float:
    return _rows(path)


CASES = (
    Case(
        frames.ingest_upload, _upload, lambda upload: float(upload.getbuffer().nbytes), "the upload's bytes",
        (), ("bytesio", "pandas"),
    ),
    Case(frames.one_hot_cities, _sales, _encoded_cells, "rows x cities", ("product",), ("pandas", "file")),
    Case(frames.join_orders, _orders, _lines, "the lines' file size", ("several",), ("pandas", "file")),
    Case(
        frames.resample_sensor, _samples, _resampled, "minutes x values a minute",
        ("switch",), ("pandas", "category"),
    ),
    Case(frames.parquet_revenue, _parquet, _rows, "rows", ("native",), ("arrow",)),
    Case(frames.late_deliveries, _deliveries, _delivered, "rows", ("native", "several"), ("polars",)),
)  # fmt: skip
