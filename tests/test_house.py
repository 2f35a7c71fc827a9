"""The house keeps its order: who imports whom, and what production never loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import peakahead
from examples.running_example import mainfunction
from tests.runtime.models import at_entry, watching

ROOT = Path(__file__).parents[1]
STANDARD = set(sys.stdlib_module_names)
ALLOWED = {
    "models": {"models"},
    "runtime": {"models", "runtime", "bytecode"},
    "learner": {"models", "learner", "numpy", "scipy", "sklearn", "joblib", "cloudpickle", "distributed", "matplotlib"},
}
LIGHT = (
    *("child", "isolation", "meters", "recording", "scope", "stores", "tracer", "invocations", "target", "warming"),
    # and what records in production
    *("record", "recorded_call", "recorded", "process", "known_code", "spelled", "freed", "pools"),
    *("descriptors", "origin", "trace_folder"),
)


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


def loaded_by(script: str) -> set[str]:
    """Return the modules that a script loads in a fresh interpreter that has imported the running example."""
    lines = [
        f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})",
        f"sys.path.append({str(ROOT)!r}); import examples.running_example",
        "before = set(sys.modules)",
        script,
        "print('loaded', *(set(sys.modules) - before))",
    ]
    # Without `site`: what an editable install or another package loads at the start isn't what is asked.
    command = [sys.executable, "-I", "-S", "-c", "\n".join(lines)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(shown.splitlines()[-1].split()[1:])


LOADED_TO_LOAD = {
    f"peakahead.models{name}"
    for name in (
        *(
            "",
            ".attributes",
            ".core_rows",
            ".decoding",
            ".errors",
            ".features",
            ".fields",
            ".file",
            ".fingerprints",
            ".folds",
        ),
        *(".formulas", ".guard", ".model", ".readings", ".records", ".report", ".sequences", ".sites"),
    )
}
JSON = {"json", "json.decoder", "json.encoder", "json.scanner", "_json"}
DIGEST = {"_sha2", "_sha256"}  # what there is of them


@pytest.mark.parametrize(
    ("action", "ours", "standard"),
    [
        ("", set(), set()),
        ("model = peakahead.load({path!r})", LOADED_TO_LOAD, JSON | {"math"}),
        (
            "model = peakahead.load({path!r}); "
            "assert model.fingerprints[0].matches(examples.running_example.mainfunction.__code__)",
            LOADED_TO_LOAD,
            JSON | DIGEST | {"math"},
        ),
    ],
    ids=["import", "load", "load and check the fingerprint"],
)
def test_production_loads_only_what_it_needs(action: str, ours: set[str], standard: set[str], tmp_path: Path) -> None:
    path = str(tmp_path / "model.json")
    watching(mainfunction, at_entry(mainfunction, "folder")).save(path)

    loaded = loaded_by("import peakahead; " + action.format(path=path))

    assert {name for name in loaded if name.startswith("peakahead")} == {"peakahead", *ours}
    assert {name for name in loaded if not name.startswith("peakahead")} <= standard | {"__future__"}


def test_arming_what_is_prepared_loads_no_library(tmp_path: Path) -> None:
    path = str(tmp_path / "model.json")
    model = watching(mainfunction, at_entry(mainfunction, "folder"))
    model.save(path)
    peakahead.prepare(model, path)

    action = f"model = peakahead.load({path!r}); assert peakahead.arm(model, strict=True, prepared={path!r})"
    loaded = loaded_by("import peakahead; " + action)

    standard = {name for name in loaded if not name.startswith("peakahead")}
    assert standard <= JSON | DIGEST | {"__future__", "_contextvars", "gc", "math", "warnings"}
    assert not {"peakahead.models.summary", "peakahead.models.registered", "peakahead.runtime.places"} & loaded


def test_no_module_of_the_contract_loads_what_is_slow_to_load() -> None:
    names = [f"peakahead.models.{path.stem}" for path in (ROOT / "models").glob("[!_]*.py")]

    loaded = loaded_by(f"import {', '.join(names)}")

    assert loaded >= set(names)
    standard = {name for name in loaded if not name.startswith("peakahead")}
    assert standard <= {"__future__", "math", "struct", "_struct", "warnings", "opcode", "_opcode", "_opcode_metadata"}


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
