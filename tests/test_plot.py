"""`peakahead plot` as a person types it, in real processes, on traces of a real training."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

PROGRAM = """
def work(n):
    made = bytearray(n)
    return len(made)

def other(n):
    return n
"""
TRAIN = """
import peakahead, app
if __name__ == "__main__":
    peakahead.learn(app.work, [(n,) for n in range(400_000, 8_400_000, 400_000)], traces="traces").save("model.json")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "app.py").write_text(PROGRAM)
    subprocess.run([sys.executable, "-c", TRAIN], cwd=folder, check=True)
    return folder


def plot(folder: Path, *arguments: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "peakahead", "plot", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200", **environment},
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_a_png_has_both_panels_and_needs_no_display(folder: Path) -> None:
    done = plot(folder, "model.json", "--traces", "traces", "-o", "both.png", DISPLAY="", MPLBACKEND="tkagg")

    assert (done.stdout, done.stderr) == ("written to both.png\n", "")
    image = Image.open(folder / "both.png")
    image.load()
    assert image.format == "PNG"
    assert image.width == 1440
    assert len(image.convert("RGB").getcolors(2**24) or []) > 100


def test_an_svg_names_the_function_and_what_it_reads(folder: Path) -> None:
    plot(folder, "model.json", "--traces", "traces", "--invocation", "largest", "-o", "both.svg")

    text = (folder / "both.svg").read_text()
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    for part in (
        "Memory of app:work, forecast and measured",
        "One invocation, the largest of 20",
        "stage 2, at n at the entry of work",
    ):
        assert f"<!-- {part}" in text
    plot(folder, "model.json", "--traces", "traces", "--invocation", "largest", "-o", "again.svg")
    assert (folder / "again.svg").read_text() == text


def test_a_pdf_is_one(folder: Path) -> None:
    plot(folder, "model.json", "--traces", "traces", "-o", "both.PDF")

    content = (folder / "both.PDF").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")


def test_without_traces_it_draws_what_the_model_knows_and_says_what_is_missing(folder: Path) -> None:
    done = plot(folder, "model.json")

    assert done.stdout == (
        "written to model.png\nwithout memory over time and measured peaks: give --traces FOLDER to see them\n"
    )
    assert Image.open(io.BytesIO((folder / "model.png").read_bytes())).width == 720


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model.json", "-o", "model.jpg"], "model.jpg names no format that can be drawn: let it end in .png or .svg"),
        (["model.json", "-o", "model"], "model names no format that can be drawn"),
        (["model.json", "-o", "no/such/model.png"], "no/such/model.png can't be written: there is no folder"),
        (["model.json", "--traces", "nowhere"], "nowhere is no folder: give the one that `learn(..., traces=folder)`"),
        (["model.json", "--traces", "."], ". holds no traces of app:work that can be drawn: give a folder"),
        (["model.json", "--traces", "traces", "--invocation", "first"], "invocation='first' is none of the traces in"),
        (["none.json"], "none.json can't be read"),
        ([], "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(folder: Path, arguments: list[str], message: str) -> None:
    done = plot(folder, *arguments, code=2)

    (line,) = [line for line in done.stderr.splitlines() if message in line]
    assert line.startswith(("error:", "Error:"))
    assert not (folder / "no").exists()
    assert not (folder / "nowhere").exists()


@pytest.mark.parametrize("missing", ["matplotlib", "numpy"])
def test_without_its_extra_it_says_what_to_install(folder: Path, missing: str) -> None:
    script = (
        f"import sys; sys.modules['{missing}'] = None; sys.argv = ['peakahead', 'plot', 'model.json', '-o', 'x.png'];"
        "from peakahead.__main__ import main; main()"
    )

    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"needs {missing}: install " in line or f"need {missing}: install " in line
    assert line.endswith("extra, `pip install 'peakahead[plot]'`")
    assert not (folder / "x.png").exists()


def test_drawing_takes_no_pyplot_and_production_no_matplotlib(folder: Path) -> None:
    script = (
        "import sys, peakahead; model = peakahead.load('model.json'); peakahead.arm(model);"
        "assert not {'matplotlib', 'numpy'} & set(sys.modules); peakahead.plot(model, 'traces');"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)
