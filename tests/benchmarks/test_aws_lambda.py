"""What the raw results of the example for AWS Lambda come to, worked out by hand; and what its package's parts are."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from benchmarks.aws_lambda import figures, init_table, package_table, short_figures
from benchmarks.aws_lambda.run import sizes

KIB, MIB = 2**10, 2**20


def results() -> dict[str, Any]:
    columns = ["ForecastPeak", "UpperPeak", "MeasuredPeak", "TimeToForecast", "LeadTime"]
    rows = [[90 * MIB, 110 * MIB, 100 * MIB, 0.5, 20.0], [60 * MIB, 70 * MIB, 80 * MIB, 1.5, 40.0]]
    return {
        "model": {"stages": [{"site": {"variable": "archive", "line": 3}, "lead": 1.0}]},
        "sizes": {"bytecode": {"unpacked": 9 * KIB, "zipped": 3 * KIB}, "model": {"unpacked": KIB, "zipped": KIB}},
        "zip": 5 * KIB,
        "columns": columns,
        "cold": rows,
        "larger": rows[:1],
        "warm": rows[1:],
        "init": {"without peakahead": [0.1, 0.3, 0.2], "armed": [0.15, 0.34, 0.26]},
    }


def test_the_figures_are_those_worked_out_by_hand() -> None:
    found = figures(results())

    assert found["breakpoint"] == "`archive`, line 4"
    assert found["median error of the peak, cold, unseen"] == "17.5%"
    assert found["largest error of the peak, cold, 4 x larger"] == "10.0%"
    assert found["peaks at or below the bound, cold, unseen"] == "50%"
    assert found["peaks at or below the bound, warm"] == "0%"
    assert found["invocation to forecast, cold, unseen"] == "1.00 ms"
    assert found["init phase, armed"] == "260 ms"
    assert set(short_figures(results()).items()) < set(found.items())


def test_the_tables_are_those_worked_out_by_hand() -> None:
    assert init_table(results())["armed"]["more than without"] == "50.0 ms (45.0 to 55.0)"
    assert init_table(results())["without peakahead"]["more than without"] == ""
    assert list(package_table(results())) == ["bytecode", "model", "function.zip"]
    assert package_table(results())["function.zip"] == {"unpacked": "10 KiB", "zipped": "5 KiB"}


def test_each_file_of_the_package_counts_for_one_part(tmp_path: Path) -> None:
    names = [
        "peakahead/learner/fit.py",
        "peakahead/runtime/arming.py",
        "bytecode/flags.py",
        "bytecode-1.dist-info/RECORD",
    ]
    with zipfile.ZipFile(tmp_path / "function.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in [*names, "model.json", "model.cpython-311.prepared", "orders.py", "__pycache__/orders.pyc"]:
            archive.writestr(name, "x" * 1_000)

    found = sizes(tmp_path / "package")

    assert {name: part["unpacked"] for name, part in found.items()} == {
        "peakahead, what only training and the command line need": 1_000,
        "peakahead, what production needs": 1_000,
        "bytecode": 1_000,
        "what pip notes of both": 1_000,
        "the model, and what is prepared of it": 2_000,
        "the function": 2_000,
    }
    assert all(0 < part["zipped"] < part["unpacked"] for part in found.values())
