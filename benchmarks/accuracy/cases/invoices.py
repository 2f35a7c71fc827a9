"""Invoices and reports."""

from __future__ import annotations

import struct
from typing import Any

from ..case import Case, Making
from ..functions import invoices


def _invoice(making: Making) -> tuple[str]:
    """Write a file whose first number counts the lines; notes of any length follow them."""
    lines = making.whole(10_000, 150_000)
    path = making.folder / "invoice.bin"
    records = b"".join(struct.pack("<IIq", k % 977, k % 9 + 1, k * 31 % 9_999) for k in range(lines))
    path.write_bytes(struct.pack("<I", lines) + records + bytes(int(making.random.integers(0, 2_000_000))))
    return (str(path),)


def _lines(path: str) -> float:
    with open(path, "rb") as file:
        return float(*struct.unpack("<I", file.read(4)))


def _label(making: Making) -> tuple[invoices.Label]:
    text = "x" * int(making.random.integers(5, 40))
    width, height = making.whole(30, 100, 0.25), making.whole(30, 100, 0.25)
    return (invoices.Label(text, making.whole(30, 200, 0.5), width, height),)


def _label_area(label: invoices.Label) -> float:
    return float(label.copies * label.width_mm * label.height_mm)


def _request(making: Making) -> tuple[invoices.ReportRequest]:
    pages, colour = making.whole(3, 30), bool(making.random.integers(2))
    dpi = int(making.random.choice([72, 100, 150]))
    return (invoices.ReportRequest(title="Quarter", pages=pages, dpi=dpi, colour=colour),)


def _document_bytes(request: invoices.ReportRequest) -> float:
    return float(request.pages * request.dpi**2 * (3 if request.colour else 1))


def _event(making: Making) -> tuple[dict[str, Any]]:
    order = {"weeks": making.whole(4, 52, 0.5), "articles": making.whole(500, 8_000, 0.5), "urgent": False}
    customer = {"name": "n" * int(making.random.integers(4, 30)), "id": int(making.random.integers(10**6))}
    return ({"requestId": "r-1", "body": {"order": order, "customer": customer, "lang": "en"}},)


def _article_weeks(event: dict[str, Any]) -> float:
    return float(event["body"]["order"]["weeks"] * event["body"]["order"]["articles"])


CASES = (
    Case(invoices.invoice_total, _invoice, _lines, "the count that the file opens with", ("helper",), ("file",)),
    Case(
        invoices.print_labels, _label, _label_area, "copies x width x height",
        ("several", "product", "sum"), ("fields",),
    ),
    Case(
        invoices.build_report, _request, _document_bytes, "pages x dpi squared x channels",
        ("several", "switch"), ("fields", "category"),
    ),
    Case(invoices.handle_order, _event, _article_weeks, "articles x weeks", ("product",), ("leaves",)),
)  # fmt: skip
