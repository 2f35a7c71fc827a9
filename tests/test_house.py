"""The house keeps its order: who imports whom, and what production never loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import peakahead

ROOT = Path(__file__).parents[1]
STANDARD = set(sys.stdlib_module_names)
ALLOWED = {
    "models": {"models"},
    "runtime": {"models", "runtime", "bytecode"},
    "learner": {"models", "learner", "numpy", "scipy", "sklearn", "joblib", "cloudpickle"},
}
LIGHT = ("child", "isolation", "meters", "recording", "scope", "stores", "tracer", "invocations", "target")


def imports_of(path: Path) -> Iterator[str]:
    """Yield the top-level name of everything a file imports; for `..models.x` it is models, for `.x` the folder."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 1 or (node.level == 0 and node.module == "peakahead"):
                yield path.parent.name
            elif node.level == 2:
                yield (node.module or "").split(".")[0]
            else:
                yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("folder", ALLOWED)
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    files = list((ROOT / folder).glob("*.py"))
    assert files
    for path in files:
        strange = set(imports_of(path)) - STANDARD - ALLOWED[folder]
        assert not strange, f"{path.name} imports {strange}"


def test_what_a_measured_child_imports_is_light() -> None:
    for name in LIGHT:
        strange = set(imports_of(ROOT / "learner" / f"{name}.py")) - STANDARD - {"models", "learner"}
        assert not strange, f"learner/{name}.py imports {strange}, which a child would hold while it is measured"


def test_the_face_alone_loads_almost_nothing() -> None:
    script = "import sys; a = set(sys.modules); import peakahead; print(sorted(set(sys.modules) - a))"

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert "peakahead.models" not in loaded
    assert "bytecode" not in loaded


def test_every_name_of_the_face_is_there() -> None:
    for name in peakahead.__all__:
        assert getattr(peakahead, name).__name__ == name
    assert set(peakahead.__all__) <= set(dir(peakahead))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = peakahead.nothing  # type: ignore[attr-defined]  # the mistake it is about


def test_the_links_lead_to_the_folders() -> None:
    for folder in ALLOWED:
        link = ROOT / "src" / "peakahead" / folder
        assert link.is_symlink()
        assert link.resolve() == ROOT / folder


def test_files_stay_small() -> None:
    tracked = [
        *ROOT.glob("*/*.py"),
        *ROOT.glob("benchmarks/accuracy/**/*.py"),
        *ROOT.glob("src/peakahead/*.py"),
        *ROOT.glob("src/peakahead/commands/*.py"),
    ]
    long = {path.name: n for path in tracked if (n := len(path.read_text().splitlines())) > 400}
    assert not long
