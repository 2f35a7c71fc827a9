"""What tests of the features share: readings by name, as a person writes them."""

from __future__ import annotations

from typing import Any

from peakahead.models.features import Value
from peakahead.models.guard import guarded
from peakahead.models.readings import Path, compile_reading, errors_of, read_all


def offered(value: Any) -> dict[str, Value]:
    """Return a value's own readings by feature, each checked to be what production reads."""
    found = {feature: told for path, feature, told in read_all(value) if not path}
    for feature, told in found.items():
        assert read_one((), feature, value) == told
    return found


def read_one(path: Path, feature: str, value: Any) -> Value | None:
    """Return what a breakpoint reads of a value."""
    read = compile_reading(path, feature)(type(value))
    return guarded(read, errors_of(feature))(value) if read is not None else None


def inside(value: Any) -> dict[str, Value]:
    """Return the readings of what lies inside a value, by path and feature."""
    return {"".join(map(str, path)) + ":" + feature: told for path, feature, told in read_all(value) if path}
