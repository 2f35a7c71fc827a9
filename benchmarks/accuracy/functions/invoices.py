"""Invoices and reports: a request comes in as an object or as a dict, a document goes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from . import billing


@dataclass
class Label:
    text: str
    copies: int
    width_mm: int
    height_mm: int


class ReportRequest(BaseModel):
    title: str
    pages: int
    dpi: int = 72
    colour: bool = False


def invoice_total(path: str) -> int:
    lines = billing.load_lines(path)
    return billing.total(lines)


def print_labels(label: Label, resolution: int = 8) -> int:
    sheets = []
    for number in range(label.copies):
        sheet = np.full((label.height_mm * resolution, label.width_mm * resolution), 255, dtype=np.uint8)
        sheet[number % sheet.shape[0]] = 0
        sheets.append(sheet)
    return sum(int(sheet.size) for sheet in sheets)


def build_report(request: ReportRequest) -> int:
    document = bytearray(f"%PDF-1.7 {request.title}\n".encode())
    width, height = request.dpi * 8, request.dpi * 11
    channels = 3 if request.colour else 1
    for page in range(request.pages):
        raster = bytes([page % 256]) * (width * height * channels)
        document += b"stream\n"
        document += raster
        document += b"\nendstream\n"
    return len(bytes(document))


def handle_order(event: dict[str, Any]) -> dict[str, Any]:
    order = event["body"]["order"]
    weeks = order["weeks"]
    forecast = np.zeros((order["articles"], weeks * 7))
    for day in range(weeks * 7):
        forecast[:, day] = day % 7
    cumulated = forecast.cumsum(axis=1)
    return {"statusCode": 200, "total": float(cumulated[:, -1].sum()), "customer": event["body"]["customer"]}
