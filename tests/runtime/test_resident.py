"""The resident size against the kernel's other account of it, whatever the host does with descriptors."""

from __future__ import annotations

import mmap
import os
import re
from pathlib import Path

import pytest

from peakahead.runtime import resident
from peakahead.runtime.resident import resident_bytes

MIB = 2**20


def by_status() -> int:
    found = re.search(r"VmRSS:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def test_it_is_what_the_kernel_says() -> None:
    before = resident_bytes()
    with mmap.mmap(-1, 40 * MIB) as held:  # fresh pages, whatever the tests before have left free
        for page in range(0, len(held), mmap.PAGESIZE):
            held[page] = 1

        assert resident_bytes() == pytest.approx(by_status(), abs=2 * MIB)
        assert resident_bytes() - before == pytest.approx(40 * MIB, rel=0.05)


def test_a_descriptor_that_the_host_closed_or_reused_is_left_alone(tmp_path: Path) -> None:
    resident_bytes()
    taken = resident._descriptor
    os.close(taken)
    assert resident_bytes() == pytest.approx(by_status(), abs=2 * MIB)
    ours = resident._descriptor
    with open(tmp_path / "file", "w+") as file:
        os.dup2(file.fileno(), ours)
        assert resident_bytes() == pytest.approx(by_status(), abs=2 * MIB)
        assert resident._descriptor != ours
        assert os.fstat(ours).st_ino == os.fstat(file.fileno()).st_ino  # not closed: it is the host's now
    os.close(ours)


def test_a_forked_child_tells_of_itself() -> None:
    resident_bytes()
    pid = os.fork()
    if pid == 0:
        held = b"x" * 64 * MIB
        os._exit(0 if abs(resident_bytes() - by_status()) < 4 * MIB and held else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
