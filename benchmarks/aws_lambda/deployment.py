"""Builds the example's deployment package as its README says, with peakahead as it stands here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from examples.aws_lambda.make_archives import BYTES, make_archives

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "aws_lambda"
# The handler as it was before peakahead.
BARE = """
import os
from urllib.parse import unquote_plus

from orders import summarize

FOLDER = os.environ["ORDERS_FOLDER"]


def handler(event, context):
    key = unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    return summarize(os.path.join(FOLDER, key))
"""
_SOURCES = ("pyproject.toml", "README.md", "LICENSE")


def build(folder: Path, *, sizes: tuple[float, float] = BYTES) -> Path:
    """Learn the model from made archives, build the package, and return its folder; `function.zip` lies beside it."""
    work = folder / "aws_lambda"
    shutil.copytree(EXAMPLE, work, ignore=shutil.ignore_patterns("__pycache__", "package", "*.zip", "model*"))
    archives = make_archives(work / "archives", 30, seed=61, sizes=sizes)
    _run(sys.executable, "train.py", *map(str, archives), cwd=work)
    # The requirement "peakahead" is to be this one, whatever an index has.
    constraints = folder / "constraints.txt"
    constraints.write_text(f"peakahead @ {_wheel(folder).as_uri()}\n")
    _run("./build.sh", cwd=work, PYTHON=sys.executable, PIP_CONSTRAINT=str(constraints))
    return work / "package"


def _wheel(folder: Path) -> Path:
    """Build the wheel from a copy: setuptools writes beside what it builds, and others may build at the same time."""
    copy = folder / "peakahead"
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in _SOURCES:
        shutil.copy(ROOT / name, copy)
    quiet = ("--quiet", "--disable-pip-version-check")
    _run(sys.executable, "-m", "pip", "wheel", *quiet, "--no-deps", "--wheel-dir", str(folder), str(copy))
    (wheel,) = folder.glob("peakahead-*.whl")
    return wheel


def _run(*command: str, cwd: Path | None = None, **environment: str) -> None:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}")
