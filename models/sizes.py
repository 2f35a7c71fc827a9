"""Sizes as people write them, and bytes as the code holds them."""

from __future__ import annotations

from .errors import InvalidOption

FLOOR_BYTES = 2 * 2**20  # the resident size of small runs is page noise: relative errors are taken against no less

_UNITS = {
    "": 1, "b": 1,
    "k": 2**10, "kib": 2**10, "kb": 10**3,
    "m": 2**20, "mib": 2**20, "mb": 10**6,
    "g": 2**30, "gib": 2**30, "gb": 10**9,
    "t": 2**40, "tib": 2**40, "tb": 10**12,
}  # fmt: skip
_SIZE = r"(?ai)\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*"


def parse_size(size: int | float | str) -> int:
    """Return the bytes of a size such as `"512MiB"`, `"1.5 GB"` or `536870912`.

    Raises:
        InvalidOption: If it isn't a positive size.
    """
    if isinstance(size, str):
        import re  # most of production gives bytes

        match = re.fullmatch(_SIZE, size)
        unit = _UNITS.get(match[2].lower()) if match else None
        if match is None or unit is None:
            raise InvalidOption(
                f"{size!r} is not a size: write bytes, or a number with a unit, such as 512MiB or 1.5GB"
            )
        size = float(match[1]) * unit
    if isinstance(size, bool) or not 0 < size < 2**63:
        raise InvalidOption(f"{size!r} is not a size: it must lie above 0 and below 8 EiB")
    return int(size)


def format_size(size_bytes: float) -> str:
    """Return bytes as a person reads them, in binary units with three digits at most."""
    size = float(size_bytes)
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while abs(size) >= 1000 and len(units) > 1:
        size /= 1024
        del units[0]
    unit = units[0]
    digits = 0 if unit == "B" or abs(size) >= 100 else 1
    return f"{size:.{digits}f} {unit}"
