"""Results as lines of a log, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

import peakahead
from peakahead.models.errors import InvalidModel
from peakahead.models.fields import Fields
from tests.results import result


def again(data: dict[str, Any]) -> peakahead.Result:
    return peakahead.Result.from_json(Fields(json.loads(json.dumps(data)), "line 1"))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"measured_peak_bytes": None, "measured_growth_bytes": None},
        {"failed": "ValueError", "overlapped": True, "armed": False, "error_count": 3, "readings": {}},
        {"growth_bytes": 2**65, "peak_bytes": 2**65},
    ],
)
def test_a_result_comes_back_as_it_was(changes: dict[str, Any]) -> None:
    made = result(**changes)
    assert again(made.to_json()) == made


def test_no_text_of_the_function_is_written_and_no_infinity() -> None:
    made = result(readings={"len(rows)": 3.0, "mode": "secret", "sum": float("inf"), "none": float("nan")})
    assert again(made.to_json()).readings == {"len(rows)": 3.0}
    assert "secret" not in json.dumps(made.to_json())


def test_fields_of_a_newer_version_are_ignored() -> None:
    made = result()
    assert again({**made.to_json(), "colour": "blue", "nested": {"deep": [1]}}) == made


@pytest.mark.parametrize("field", peakahead.Result.__match_args__)
def test_a_field_that_is_missing_or_of_another_kind_is_named(field: str) -> None:
    data = result().to_json()
    for wrong in ([], {"a": "b"}, "x" * 2_000):
        with pytest.raises(InvalidModel, match=rf"line 1\.{field}"):
            again({**data, field: wrong})
    del data[field]
    if field in {"measured_peak_bytes", "measured_growth_bytes"}:
        assert getattr(again(data), field) is None
    else:
        with pytest.raises(InvalidModel, match=rf"line 1\.{field} should be"):
            again(data)
