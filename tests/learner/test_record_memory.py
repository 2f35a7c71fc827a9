"""How memory is measured in a process that nobody made for it, against what the kernel says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.learner.test_record import MIB, origins, script

# Measures 2 and 20 and 2 MiB, after the process has been larger than any of that.
SIZES = """
large = recorded.fills(60 * 2**20)
del large
wrapped = peakahead.record(recorded.handler, {folder!r})
for n in (2, 20, 2):
    wrapped({{"n": n * 2**20}})
print(wrapped.recorder.recorded)
"""


def check(folder: Path, meter: str) -> None:
    found = origins(folder)
    assert [origin.meter for origin in found] == [meter] * 3
    assert [origin.peak_bytes / MIB for origin in found] == [pytest.approx(n, abs=0.6) for n in (2, 20, 2)]


def test_what_a_process_had_reached_before_hides_nothing(tmp_path: Path) -> None:
    assert script(SIZES.format(folder=str(tmp_path))).stdout == "3\n"
    check(tmp_path, "rss")


def test_nor_what_its_parent_had_reached(tmp_path: Path) -> None:
    """A process that was exec'd inherits its parent's mark by `getrusage`, which no reset clears."""
    inner = SIZES.format(folder=str(tmp_path))
    outer = f"""
import os, resource
large = recorded.fills(300 * 2**20)
del large
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 290 * 1024
text = "import sys; sys.path[:0] = " + repr(sys.path[:1]) + chr(10)
text += "import peakahead, resource; from tests.programs import recorded" + chr(10)
text += "assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 290 * 1024" + chr(10)
os.execv(sys.executable, [sys.executable, "-c", text + {inner!r}])
"""
    assert script(outer).stdout == "3\n"
    check(tmp_path, "rss")


def test_where_the_mark_cant_be_reset_it_is_sampled_and_said(tmp_path: Path) -> None:
    """The kernel gives the files of a process that isn't dumpable, as after a change of user, to root."""
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.getuid() and folder.name.startswith("pytest-"):
            folder.chmod(0o755)
    lines = f"""
import ctypes, resource, tempfile, threading, warnings
warnings.simplefilter("always")
import peakahead.learner.record, peakahead.learner.traces, inspect, platform, linecache
wrapped = peakahead.record(recorded.handler, {str(tmp_path)!r})
platform.libc_ver(), inspect.getsource(recorded.handler), tempfile.gettempdir()
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
if os.getuid() == 0:
    os.setresuid(65534, 65534, 65534)
try:
    open("/proc/self/clear_refs", "w").write("5")
except OSError as error:
    print(type(error).__name__)
large = recorded.fills(60 * 2**20)
del large
for n in (2, 20, 2, 100):
    wrapped({{"n": n * 2**20}})
print(wrapped.recorder.recorded, wrapped.recorder.failed)
resource.setrlimit(resource.RLIMIT_FSIZE, (700, resource.RLIM_INFINITY))  # room for no trace
wrapped({{"n": 2}})
print(wrapped.recorder.failed, threading.active_count())
"""
    said = script("import os\n" + lines)
    assert said.stdout == "PermissionError\n4 0\n1 1\n", said.stderr  # no thread goes on looking
    assert said.stderr.count("can't be reset: peaks are sampled") == 1
    found = origins(tmp_path)
    assert [origin.meter for origin in found] == ["rss, sampled"] * 4
    assert [origin.peak_bytes / MIB for origin in found] == [pytest.approx(n, abs=1.5) for n in (2, 20, 2, 100)]


def test_pools_that_python_holds_for_reuse_hide_nothing(tmp_path: Path) -> None:
    """Small objects fill what earlier ones freed, wherever something lives on in between."""
    said = script(
        f"""
kept = [str(number) * 9 for number in range(400_000)]
kept = [text for place, text in enumerate(kept) if place % 40_000 == 0]  # all but one in an arena are freed
wrapped = peakahead.record(recorded.fills_texts, {str(tmp_path)!r})
print(*[wrapped(n) for n in (100_000, 20_000, 200_000, 20_000, 100_000)])
"""
    )
    expected = [int(number) / MIB for number in said.stdout.split()]
    found = [origin.peak_bytes / MIB for origin in origins(tmp_path)]
    assert found == [pytest.approx(n, rel=0.08, abs=0.5) for n in expected]  # pools in use may have some room
