"""The example for AWS Lambda: its package's size, its init phase, and its forecasts, cold and warm."""

from __future__ import annotations

from .figures import figures, init_table, line_shown, package_table, short_figures
from .run import run

__all__ = ["figures", "init_table", "line_shown", "package_table", "run", "short_figures"]
