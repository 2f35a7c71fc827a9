"""Builds the wheel and checks it in an environment without NumPy and scikit-learn: it loads a model and predicts."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TRAIN = """
import peakahead, wheel_target
model = peakahead.learn(wheel_target.target, [(n,) for n in range(200_000, 4_000_000, 200_000)])
model.save("model.json")
"""
TARGET = """
def target(n):
    size = n * 8
    block = bytearray(size)
    return len(block)
"""
PREDICT = """
import sys, peakahead, wheel_target
model = peakahead.load("model.json")
with peakahead.predict_memory(model) as run:
    wheel_target.target(2_000_000)
assert 14e6 < run.forecast.growth_bytes < 18e6, run.forecast
assert not run.forecast.breakpoint.is_start, run.forecast
assert not {"numpy", "sklearn", "joblib", "click", "rich"} & set(sys.modules), sorted(sys.modules)
for module in ("numpy", "sklearn"):
    try:
        __import__(module)
    except ModuleNotFoundError:
        pass
    else:
        raise AssertionError(module + " is installed here, so nothing is proved")
print("predicted", run.forecast.growth_bytes, "bytes without NumPy")
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        subprocess.run(
            [sys.executable, "-m", "build", "--outdir", str(work / "dist"), str(ROOT)], check=True, capture_output=True
        )
        (wheel,) = (work / "dist").glob("*.whl")
        names = zipfile.ZipFile(wheel).namelist()
        for part in (
            "py.typed",
            "learner/learn.py",
            "runtime/arming.py",
            "models/file.py",
            "commands/app.py",
            "commands/running_example.py",
        ):
            assert f"peakahead/{part}" in names, f"{part} is missing from the wheel"
        tops = {name.split("/")[0] for name in names}
        assert all(top.startswith("peakahead") for top in tops), f"the wheel installs top-level names: {tops}"
        (work / "wheel_target.py").write_text(TARGET)
        subprocess.run([sys.executable, "-c", TRAIN], cwd=work, check=True)
        venv.create(work / "venv", with_pip=True)
        python = work / "venv" / "bin" / "python"
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
        subprocess.run(install, check=True)
        subprocess.run([str(python), "-c", PREDICT], cwd=work, check=True)


if __name__ == "__main__":
    main()
