"""How lists are told in notes and errors."""

from __future__ import annotations

from collections.abc import Sequence


def first_of(texts: Sequence[str], most: int = 3, separator: str = "; ") -> str:
    """Return the first few of some texts, and how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return separator.join(texts[:most]) + more
