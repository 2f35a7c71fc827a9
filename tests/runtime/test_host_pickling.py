"""Armed functions travel to other processes as bare ones do: by their names, and by their code."""

from __future__ import annotations

import base64
import compileall
import copyreg
import importlib.util
import marshal
import pickle
import subprocess
import sys
from pathlib import Path

import cloudpickle
import pytest

import peakahead
from tests.programs import described, suspended
from tests.programs.observing import armed, run_both

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_by_name(protocol: int) -> None:
    held = [described.takes_all, described.Point.moved, described.Point(1, 2), described.bound_partly.func]
    bare = pickle.dumps(held, protocol)
    with armed(described.takes_all, described.Point.moved):
        assert pickle.dumps(held, protocol) == bare
        again = pickle.loads(bare)
    assert again[0] is described.takes_all
    assert again[2] == described.Point(1, 2)


def run_elsewhere(pickled: bytes, then: str) -> str:
    """Load what was pickled in a fresh process that hasn't armed anything, and print what an expression gives."""
    script = f"""
import base64, pickle, sys
made = pickle.loads(base64.b64decode(sys.stdin.read()))
print({then})
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=base64.b64encode(pickled).decode(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_by_value_to_a_process_that_has_never_armed() -> None:
    cloudpickle.register_pickle_by_value(described)
    try:
        with armed(described.takes_all, described.makes, described.many_locals) as watched:
            pickled = cloudpickle.dumps(
                [described.takes_all, described.makes, described.makes(5), described.many_locals]
            )
            here = cloudpickle.loads(pickled)
            with peakahead.predict_memory(watched) as run:
                assert here[2](3) == 25
        assert here[3](1, 2, x=3) == described.many_locals(1, 2, x=3)
        assert run.errors == []
    finally:
        cloudpickle.unregister_pickle_by_value(described)
    then = "made[0](2, key=b'x')['size'], made[1](5)(3), made[2](3), made[3](1, 2, x=3)"
    assert run_elsewhere(pickled, then) == "6 25 25 (1, 3, 3, 5)"


def test_by_value_of_generators_and_coroutines() -> None:
    cloudpickle.register_pickle_by_value(suspended)
    try:
        with armed(suspended.counts, suspended.doubled):
            pickled = cloudpickle.dumps([suspended.counts, suspended.doubled])
    finally:
        cloudpickle.unregister_pickle_by_value(suspended)
    assert run_elsewhere(pickled, "list(made[0](3)), __import__('asyncio').run(made[1](4))") == "[0, 0, 1] 8"


def test_by_value_of_what_the_main_script_defines(tmp_path: Path) -> None:
    script = """
import base64, subprocess, sys
import cloudpickle
from tests.programs.observing import arm_if_asked

def outer(n):
    size = n * 2
    def inner(k):
        total = size + k
        return total
    return inner

with arm_if_asked(outer):
    pickled = base64.b64encode(cloudpickle.dumps(outer)).decode()
code = "import sys,base64,pickle; print(pickle.loads(base64.b64decode(sys.argv[1]))(4)(5))"
done = subprocess.run([sys.executable, "-c", code, pickled], capture_output=True, text=True)
print(done.stdout, done.stderr)
"""
    out, _, _ = run_both(tmp_path, {"main.py": script})
    assert out.strip() == "13"


def test_what_cannot_be_pickled_still_cannot(tmp_path: Path) -> None:
    def told() -> str:
        with pytest.raises((AttributeError, pickle.PicklingError)) as caught:
            pickle.dumps(described.made_early)
        return str(caught.value)

    bare = told()
    with armed(described.makes):
        assert told() == bare
        with pytest.raises(TypeError):
            pickle.dumps(described.makes.__code__)
    assert copyreg.dispatch_table.get(type(described.makes)) is None


def test_compiling_and_marshalling_modules_is_not_touched(tmp_path: Path) -> None:
    source = tmp_path / "sample.py"
    source.write_text(Path(described.__file__).read_text())
    cached = Path(importlib.util.cache_from_source(str(source)))

    def compiled() -> bytes:
        assert compileall.compile_file(source, quiet=2, force=True)
        return cached.read_bytes()

    code = described.many_locals.__code__
    bare, bytes_of_code = compiled(), marshal.dumps(code)
    with armed(*described.PLAIN):
        assert compiled() == bare
        assert marshal.dumps(code) == bytes_of_code
    assert marshal.dumps(described.many_locals.__code__) == bytes_of_code
