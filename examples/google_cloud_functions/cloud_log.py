"""Writes what became of a request as a line that Cloud Logging reads: one JSON object, with its special fields."""

import json
import os
import sys
from collections.abc import Mapping

import flask

import peakahead

PROJECT = os.environ.get(
    "GOOGLE_CLOUD_PROJECT"
)  # Cloud Run doesn't set it: deploy with it, to see traces and logs together


def log_result(result: peakahead.Result) -> None:
    """Log forecast and measured peak; a warning where it was refused, or needed more than the bound said."""
    measured = result.measured_peak_bytes
    above = measured is not None and not result.overlapped and measured > result.upper_peak_bytes
    headers = flask.request.headers
    entry = {
        "severity": "WARNING" if above or result.failed else "INFO",
        "message": _told(result, above),
        "peakahead": {**result.to_json(), "above_bound": above},
        "logging.googleapis.com/labels": {"execution_id": headers.get("Function-Execution-Id", "")},
    }
    if trace := _trace(headers):
        entry["logging.googleapis.com/trace"] = f"projects/{PROJECT}/traces/{trace}" if PROJECT else trace
    # Not by print: with LOG_EXECUTION_ID the framework writes a line in pieces, which other requests' fall between.
    sys.__stdout__.write(json.dumps(entry) + "\n")
    sys.__stdout__.flush()


def _told(result: peakahead.Result, above: bool) -> str:
    told = f"forecast {result.peak_bytes / 2**20:.1f} MiB after {result.forecast_s * 1000:.1f} ms"
    if result.failed:
        return f"{told}, failed: {result.failed}"
    if result.measured_peak_bytes is None or result.overlapped:
        return f"{told}, not measured: {'others ran meanwhile' if result.overlapped else 'the system does not tell'}"
    return f"{told}, measured {result.measured_peak_bytes / 2**20:.1f} MiB{', above the bound' if above else ''}"


def _trace(headers: Mapping[str, str]) -> str:
    """Return the trace's id: of W3C's header, version-trace-span-flags, or else of Google's own, trace/span;o=1."""
    parts = headers.get("traceparent", "").split("-")
    return parts[1] if len(parts) == 4 else headers.get("X-Cloud-Trace-Context", "").split("/")[0]
