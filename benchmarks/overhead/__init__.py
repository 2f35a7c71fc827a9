"""What armed code costs: a hit, beside other ways to be called; lines without a breakpoint; and whole functions."""

from __future__ import annotations

from typing import Any

from . import hits, unhit, whole
from .figures import figures, hits_notes, hits_table, short_figures, whole_table

__all__ = ["figures", "hits_notes", "hits_table", "run", "short_figures", "whole_table"]


def run() -> dict[str, Any]:
    """Time whole functions, functions without hits, and hits: these last, since what they import stays."""
    return {"whole functions": whole.run(), "without hits": unhit.run(), "hits": hits.run()}
