"""Runs the demo and puts what it prints into the README, so that the README shows what a newcomer will see."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
_WIDTH = "100"


def write_transcript() -> None:
    """Replace what stands between the README's transcript markers."""
    said = subprocess.run(
        [sys.executable, "-m", "peakahead", "demo"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": _WIDTH},
    ).stdout
    shown = said[said.index("2. Learn") :]  # the function itself stands above, in the README's own words
    lines = "\n".join(line.rstrip() for line in shown.strip().splitlines())
    text = README.read_text()
    block = f"<!-- transcript -->\n```text\n{lines}\n```\n<!-- end transcript -->"
    README.write_text(
        re.sub(r"<!-- transcript -->\n.*?<!-- end transcript -->", lambda _: block, text, flags=re.DOTALL)
    )


if __name__ == "__main__":
    write_transcript()
