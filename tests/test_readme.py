"""The README's examples, run as a newcomer would."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.tables import ROOT, table, with_tables
from peakahead.commands.datfiles import make_folders

README = (ROOT / "README.md").read_text()


def blocks() -> dict[str, str]:
    """Return the README's Python files by the name in their first line."""
    found = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", README, flags=re.DOTALL)
    return dict(found)


def test_training_and_production_run_as_written(tmp_path: Path) -> None:
    for name, text in blocks().items():
        (tmp_path / name).write_text(text)
    make_folders(tmp_path / "data", 20, seed=6, sizes=(2e5, 2e6))

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert "adjacent file_size(" in run("train.py").stdout
    served = run("serve.py", str(tmp_path / "data" / "000"))
    assert int(served.stdout.splitlines()[-1]) > 0
    assert re.search(r"up to \d+ bytes, by \w+ at line \d+ of mainfunction", served.stderr)


def test_the_running_example_is_the_one_that_ships() -> None:
    def body(source: str) -> str:
        (function,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
        statements = function.body[1:] if ast.get_docstring(function) else function.body
        return "\n".join(map(ast.unparse, statements))

    assert body(blocks()["running_example.py"]) == body((ROOT / "examples" / "running_example.py").read_text())


def test_the_tables_are_those_of_the_stored_results() -> None:
    for path in (ROOT / "README.md", ROOT / "benchmarks" / "README.md"):
        assert with_tables(path.read_text()) == path.read_text()
    assert table(["running_example"]).count("\n") > 5


def test_the_transcript_is_there() -> None:
    (shown,) = re.findall(r"<!-- transcript -->\n```text\n(.*?)```", README, flags=re.DOTALL)
    for part in ("peakahead model of running_example:mainfunction", "larger/003", "above limit=", "traced"):
        assert part in shown
