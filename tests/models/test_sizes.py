from __future__ import annotations

import pytest

from peakahead.models.errors import InvalidOption
from peakahead.models.sizes import format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("512MiB", 512 * 2**20),
        ("512 mib", 512 * 2**20),
        ("1.5GB", 1_500_000_000),
        ("64k", 64 * 1024),
        ("100", 100),
        (4096, 4096),
        (2.5e6, 2_500_000),
    ],
)
def test_a_size_is_read_as_people_write_it(text: str | float, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "MiB", "-5MiB", "12 parsecs", 0, -1, True, float("inf"), float("nan"), "1e9"])
def test_what_is_no_size_is_refused_by_name(text: str | float) -> None:
    with pytest.raises(InvalidOption, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1536, "1.5 KiB"),
        (15 * 2**20, "15.0 MiB"),
        (150 * 2**20, "150 MiB"),
        (2**50, "1024 TiB"),
    ],
)
def test_a_size_is_printed_with_three_digits(size_bytes: int, text: str) -> None:
    assert format_size(size_bytes) == text
