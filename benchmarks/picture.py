"""Draws the README's picture: the running example's model on folders that it never saw, some larger than trained."""

from __future__ import annotations

import importlib
import shutil
import sys
import tempfile
from pathlib import Path

import peakahead
from peakahead.commands import running_example
from peakahead.commands.datfiles import LARGER_SIZES, make_folders
from peakahead.learner.pictures import save

PICTURE = Path(__file__).parents[1] / "examples" / "running_example.png"
_TRAINED, _UNSEEN, _LARGER = 30, 30, 8


def draw_picture() -> None:
    """Learn as the demo does, trace other folders, and draw them."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copyfile(running_example.__file__, root / "running_example.py")
        sys.path.insert(0, folder)
        mainfunction = importlib.import_module("running_example").mainfunction  # by the name that the README gives it
        unseen = make_folders(root / "unseen", _UNSEEN, seed=62)
        larger = make_folders(root / "larger", _LARGER, seed=63, sizes=LARGER_SIZES)
        calls = [(str(path),) for path in make_folders(root / "trained", _TRAINED, seed=61)]
        model = peakahead.learn(mainfunction, calls, jobs=-1)
        # For its traces alone: what would be learned of them isn't drawn.
        peakahead.learn(mainfunction, [(str(path),) for path in (*unseen, *larger)], jobs=-1, traces=root / "traces")
        save(peakahead.plot(model, root / "traces"), PICTURE)


if __name__ == "__main__":
    draw_picture()
