"""The README's examples, run as a newcomer would."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import warnings
from contextlib import ExitStack
from pathlib import Path

import pytest

import peakahead
from benchmarks.tables import ROOT, WITH_TABLES, table, with_tables
from peakahead.commands.datfiles import make_folders

README = (ROOT / "README.md").read_text()


def blocks() -> dict[str, str]:
    """Return the README's Python files by the name in their first line."""
    found = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", README, flags=re.DOTALL)
    return dict(found)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder that holds some of the README's files."""
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=True)


def write_all(folder: Path) -> None:
    """Write the README's files, and the data that they read."""
    for name, text in blocks().items():
        (folder / name).write_text(text)
    make_folders(folder / "data", 20, seed=6, sizes=(2e5, 2e6))


def test_training_and_production_run_as_written(tmp_path: Path) -> None:
    write_all(tmp_path)

    assert "adjacent file_size(" in run(tmp_path, "train.py").stdout
    served = run(tmp_path, "serve.py", str(tmp_path / "data" / "000"))
    assert int(served.stdout.splitlines()[-1]) > 0
    assert re.search(r"up to \d+ bytes, by \w+ at line \d+ of mainfunction", served.stderr)
    prepared = f"model.{sys.implementation.cache_tag}.prepared"
    assert f"wrote {prepared}, with 1 breakpoints" in run(tmp_path, "-m", "peakahead", "prepare", "model.json").stdout
    assert run(tmp_path, "-W", "error", "start.py").stdout == ""


def test_training_on_a_cluster_runs_as_written(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="a cluster of real processes takes dask's distributed")
    write_all(tmp_path)
    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore")  # distributed's own
        cluster = stack.enter_context(distributed.LocalCluster(n_workers=0, dashboard_address=None, host="127.0.0.1"))
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address, "--no-dashboard"]
        for _ in range(2):
            started = subprocess.Popen(
                [*worker, "--nthreads", "1", "--no-nanny"],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(tmp_path)},
                stderr=subprocess.DEVNULL,
            )
            stack.callback(started.wait)
            stack.callback(started.kill)
        script = blocks()["train_on_cluster.py"].replace("tcp://scheduler:8786", cluster.scheduler_address)
        (tmp_path / "train_on_cluster.py").write_text(script)
        run(tmp_path, "train_on_cluster.py")

    assert "adjacent file_size(" in str(peakahead.load(tmp_path / "model.json"))


def test_recording_runs_as_written(tmp_path: Path) -> None:
    write_all(tmp_path)
    script = (
        "import glob, os, handler\n"
        "for folder in [os.path.abspath(folder) for folder in sorted(glob.glob('data/*'))]:\n"
        "    handler.handle(folder)\n"
        "import peakahead\n"
        "print(handler.handle.recorder.recorded, *peakahead.fit(handler.handle.recorder.folder).stages[-1].readings)\n"
    )
    said = run(tmp_path, "-c", script)
    last = said.stdout.splitlines()[-1]
    assert last.startswith("20 ")
    assert "largest two adjacent file_size(" in last
    assert said.stderr == ""


def test_a_registered_feature_is_found_as_written(tmp_path: Path) -> None:
    (tmp_path / "baskets.py").write_text(blocks()["baskets.py"])
    script = (
        "import random, peakahead, baskets\n"
        "if __name__ == '__main__':\n"
        "    sizes = random.Random(3).sample(range(200_000, 6_000_000), 20)\n"
        "    calls = [(baskets.Basket([size, size // 3]),) for size in sizes]\n"
        "    model = peakahead.learn(baskets.unpack, calls)\n"
        "    print(*model.stages[-1].readings, peakahead.arm(model))\n"
    )
    said = run(tmp_path, "-c", script)
    assert said.stdout == "basket.unpacked_bytes() True\n"
    assert said.stderr == ""


def test_the_example_of_a_registered_feature_runs() -> None:
    said = run(ROOT, str(ROOT / "examples" / "register_feature.py"))
    assert "x basket.unpacked_bytes()" in said.stdout


def test_the_running_example_is_the_one_that_ships() -> None:
    def body(source: str) -> str:
        (function,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
        statements = function.body[1:] if ast.get_docstring(function) else function.body
        return "\n".join(map(ast.unparse, statements))

    assert body(blocks()["running_example.py"]) == body((ROOT / "examples" / "running_example.py").read_text())


def test_the_tables_are_those_of_the_stored_results() -> None:
    for path in WITH_TABLES:
        assert with_tables(path.read_text()) == path.read_text()
    assert table(["running_example"]).count("\n") > 5


def test_the_transcript_is_there() -> None:
    (shown,) = re.findall(r"<!-- transcript -->\n```text\n(.*?)```", README, flags=re.DOTALL)
    for part in ("peakahead model of running_example:mainfunction", "larger/003", "above limit=", "traced"):
        assert part in shown


def test_the_picture_is_there_and_small() -> None:
    (path,) = re.findall(r"!\[[^\]]{100,}\]\((.*?\.png)\)", README)
    content = (ROOT / path).read_bytes()
    assert content.startswith(b"\x89PNG\r\n")
    assert len(content) < 150 * 1024
