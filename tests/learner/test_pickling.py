"""Functions of a script, pickled by value, against how Python itself sees their code."""

from __future__ import annotations

import pickle
import runpy
from pathlib import Path

from peakahead.learner.pickling import dumps


def test_a_function_of_a_script_keeps_its_code_whole(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("def outer(n):\n    def inner(k):\n        return k + n\n    return inner\n")
    outer = runpy.run_path(str(script), run_name="__main__")["outer"]

    back = pickle.loads(dumps(outer))

    assert back.__code__ == outer.__code__
    assert back.__code__.co_filename == str(script)
    assert back(1)(2) == 3
