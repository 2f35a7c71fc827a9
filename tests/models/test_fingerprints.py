from __future__ import annotations

import hashlib
import importlib.util
import pathlib
import subprocess
import sys
from types import ModuleType

import pytest

import peakahead
from peakahead.models.fingerprints import Fingerprint, code_digest, source_digest
from peakahead.models.sites import FunctionRef

SOURCE = """
def work(n):
    names = {"a", "b", "c"} if n in {1, 2, 3, "x", "y"} else ()
    return [k for k in names]
"""


def module_of(tmp_path: pathlib.Path, source: str, name: str) -> ModuleType:
    path = tmp_path / f"{name}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_same_source_matches_wherever_it_stands(tmp_path: pathlib.Path) -> None:
    here = module_of(tmp_path, SOURCE, "here").work.__code__
    moved = module_of(tmp_path, "import os\n\n\n" + SOURCE, "moved").work.__code__

    assert Fingerprint.of(FunctionRef("here", "work"), here).matches(moved)


def test_a_changed_constant_line_or_nested_function_does_not_match(tmp_path: pathlib.Path) -> None:
    code = module_of(tmp_path, SOURCE, "first").work.__code__
    fingerprint = Fingerprint.of(FunctionRef("first", "work"), code)
    for index, change in enumerate(
        (SOURCE.replace("3", "4"), SOURCE.replace("    return", "\n    return"), SOURCE.replace("[k for", "[-k for"))
    ):
        assert not fingerprint.matches(module_of(tmp_path, change, f"changed{index}").work.__code__)


def test_the_source_decides_where_the_code_was_compiled_otherwise(tmp_path: pathlib.Path) -> None:
    code = module_of(tmp_path, SOURCE, "first").work.__code__
    other_python = Fingerprint(FunctionRef("first", "work"), source_digest(code), {"cpython-399": "unknown"})

    assert other_python.matches(code)
    assert not Fingerprint(FunctionRef("first", "work"), "", {"cpython-399": "unknown"}).matches(code)


def test_the_code_decides_where_there_is_no_source() -> None:
    namespace: dict[str, ModuleType] = {}
    exec(SOURCE, namespace)
    code = namespace["work"].__code__  # type: ignore[attr-defined]  # a function, as the source says

    fingerprint = Fingerprint.of(FunctionRef("m", "work"), code)

    assert fingerprint.source == ""
    assert fingerprint.matches(code)


def test_the_digest_does_not_depend_on_the_hash_seed(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "digest.py"
    script.write_text(
        "from peakahead.models.fingerprints import code_digest\n" + SOURCE + "\nprint(code_digest(work.__code__))"
    )
    digests = {
        subprocess.run(
            [sys.executable, str(script)], env={"PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True
        ).stdout
        for seed in range(1, 6)
    }

    assert len(digests) == 1
    assert code_digest(module_of(tmp_path, SOURCE, "same").work.__code__)


DIGEST = """
import sys
sys.modules.update(dict.fromkeys({absent!r}))
sys.path.insert(0, {source!r})
from peakahead.models.fingerprints import text_digest
print(text_digest("größe = 1\\ud800"), "hashlib" in sys.modules)
"""


@pytest.mark.parametrize(("absent", "loads_hashlib"), [([], False), (["_sha2", "_sha256"], True)])
def test_a_digest_is_sha_256_whoever_computes_it(absent: list[str], loads_hashlib: bool) -> None:
    script = DIGEST.format(absent=absent, source=str(pathlib.Path(peakahead.__file__).parents[1]))
    command = [sys.executable, "-I", "-S", "-X", "utf8", "-c", script]

    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    expected = hashlib.sha256("größe = 1\ud800".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    assert shown == [expected, str(loads_hashlib)]
