"""The rules of CloudWatch's Embedded Metric Format, as its specification and JSON schema state them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import time
from typing import Any

MAX_BYTES = 256 * 1024
MAX_METRICS = 100
MAX_DIMENSIONS = 9  # it was so first, and is 30 by now
_SCALES = ("", "Kilo", "Mega", "Giga", "Tera")
_SIZES = [*(f"{scale}bytes".capitalize() for scale in _SCALES), *(f"{scale}bits".capitalize() for scale in _SCALES)]
UNITS = {
    *("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"),
    *_SIZES,
    *(f"{size}/Second" for size in _SIZES),
}


def check(line: str) -> dict[str, Any]:
    """Return the document that a line of the log is, or fail, naming the rule that it breaks."""
    assert len(line.encode()) <= MAX_BYTES
    document = json.loads(line, parse_constant=_no_number, object_pairs_hook=_each_once)
    metadata = document["_aws"]
    assert set(metadata) == {"Timestamp", "CloudWatchMetrics"}, "other members than the specified ones"
    assert type(metadata["Timestamp"]) is int
    # CloudWatch takes what is up to two weeks old; this is of now, in milliseconds.
    assert abs(metadata["Timestamp"] / 1000 - time.time()) < 600
    assert metadata["CloudWatchMetrics"]
    for directive in metadata["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        _check_name(directive["Namespace"])
        assert not directive["Namespace"].startswith("AWS/"), "which is reserved"
        assert len(directive["Dimensions"]) >= 1
        for dimensions in directive["Dimensions"]:
            assert len(dimensions) <= MAX_DIMENSIONS
            for dimension in dimensions:
                _check_name(dimension)
                _check_name(document[dimension])  # the target is a text
        assert 1 <= len(directive["Metrics"]) <= MAX_METRICS
        for metric in directive["Metrics"]:
            assert {"Name"} <= set(metric) <= {"Name", "Unit", "StorageResolution"}
            _check_name(metric["Name"])
            assert metric.get("Unit", "None") in UNITS
            assert metric.get("StorageResolution", 60) in {1, 60}
            assert type(document[metric["Name"]]) in {int, float}, "the target is no number"
        names = [metric["Name"] for metric in directive["Metrics"]]
        assert len(set(names)) == len(names)
    return document


def _check_name(name: object) -> None:
    assert isinstance(name, str)
    assert 1 <= len(name) <= 255
    assert name.isascii()
    assert name.strip()


def _no_number(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len({name for name, _ in pairs}) == len(pairs), "a member is there twice"
    return dict(pairs)
