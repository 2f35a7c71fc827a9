"""What tests of the features share: readings by name, as a person writes them."""

from __future__ import annotations

from typing import Any

from peakahead.models.features import Value
from peakahead.models.readings import compile_reading, read_all


def offered(value: Any) -> dict[str, Value]:
    """Return a value's own readings by feature, each checked to be what production reads."""
    found = {feature: told for path, feature, told in read_all(value) if not path}
    for feature, told in found.items():
        assert compile_reading((), feature)(value) == told
    return found


def inside(value: Any) -> dict[str, Value]:
    """Return the readings of what lies inside a value, by path and feature."""
    return {"".join(map(str, path)) + ":" + feature: told for path, feature, told in read_all(value) if path}
