"""`peakahead demo`: the whole job on the running example, with real files, in about a minute."""

from __future__ import annotations

import importlib
import shutil
import sys
import tempfile
from pathlib import Path

import click
from rich.syntax import Syntax

from ..learner.invocations import Invocation
from ..models.file import load
from ..models.sizes import format_size
from .bench import bench_table, time_function
from .console import bar, console, training_bar
from .datfiles import LARGER_SIZES, make_folders
from .run import forecast_table, run_all

_TRAINED, _UNSEEN, _LARGER = 30, 8, 4
_REPEATS = 9


@click.command()
@click.option("--keep", metavar="FOLDER", help="Leave the program, its files and the model in this folder.")
def demo(keep: str | None) -> None:
    """Learn a function that reads files, and forecast its memory before it reads others.

    The files are written to a temporary folder, some hundred MiB of them.
    """
    if keep is not None:
        Path(keep).mkdir(parents=True, exist_ok=True)
        _run(Path(keep).resolve())
        return
    with tempfile.TemporaryDirectory(prefix="peakahead-demo-") as folder:
        _run(Path(folder).resolve())


def _run(folder: Path) -> None:
    program = folder / "running_example.py"
    shutil.copyfile(Path(__file__).with_name("running_example.py"), program)
    sys.path.insert(0, str(folder))
    target = importlib.import_module("running_example").mainfunction

    _step("1. A function whose memory depends on files that it meets only inside.")
    console.print(Syntax(program.read_text(), "python", background_color="default"))
    with bar("writing files", 3) as done:
        trained = make_folders(folder / "trained", _TRAINED, seed=1)
        done(1)
        unseen = make_folders(folder / "unseen", _UNSEEN, seed=2)
        done(2)
        larger = make_folders(folder / "larger", _LARGER, seed=3, sizes=LARGER_SIZES)
        done(3)

    _step(f"2. Learn: trace it over {_TRAINED} folders, each in a process of its own.")
    from ..learner.learn import learn

    with training_bar() as progress:
        model = learn(target, [(str(path),) for path in trained], jobs=-1, progress=progress)
    model_file = folder / "model.json"
    model.save(model_file)
    console.print(str(model), soft_wrap=True, markup=False)

    _step(
        "3. Run: a fresh process loads the model, arms the function, and forecasts folders never seen,",
        f"   the last {_LARGER} with files 2 to 4 times as large as any trained.",
    )
    model = load(model_file)
    calls = [Invocation((str(path),)) for path in (*unseen, *larger)]
    rows = run_all(target, model, calls)
    console.print(forecast_table(rows, model, label=lambda call: str(Path(call.args[0]).relative_to(folder))))

    largest = max(rows, key=lambda row: row[1].peak_bytes)
    limit = largest[1].baseline_bytes + largest[1].peak_bytes // 2
    _step(f"4. Act: with limit={format_size(limit)!r}, the largest is refused before its files are read.")
    ((_, outcome, said),) = run_all(target, model, [largest[0]], limit)
    console.print(said.refusal, soft_wrap=True, markup=False)
    console.print(
        f"measured growth: {format_size(outcome.peak_bytes)}, instead of {format_size(largest[1].peak_bytes)}"
    )

    _step("5. What it costs, on one of the folders.")
    timings = time_function(target, model, rows[_UNSEEN - 1][0], _REPEATS)
    console.print(bench_table(timings))


def _step(*lines: str) -> None:
    console.print("\n" + "\n".join(f"[bold]{line}[/]" for line in lines) + "\n")
