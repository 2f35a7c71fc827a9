"""The example of a cloud function in its real server, called over HTTP: recorded, learned, and predicted."""

from .figures import figures, line, short_figures
from .run import run

__all__ = ["figures", "line", "run", "short_figures"]
