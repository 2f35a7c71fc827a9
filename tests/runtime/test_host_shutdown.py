"""Programs that end, in every way, end armed as they do bare: the same output, errors and exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.programs.observing import run_both

START = """\
import atexit, gc, os, signal, sys, threading, time, weakref
from tests.programs.observing import arm_if_asked

class Held:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        size = self.n
        text = f"deleted {size}"
        print(text, flush=True)

def work(n):
    size = n * 2
    return size

def at_exit(n):
    size = work(n)
    print("at exit", size, flush=True)

def called_back(reference):
    dead = reference() is None
    print("called back", dead, flush=True)

def leaves(n):
    size = n
    sys.exit(size)

def raises(n):
    size = n
    raise LookupError(size)

def ends(n):
    size = n
    print("ends", flush=True)
    os._exit(size)

def forever():
    total = 0
    while True:
        total += 1

def sleepy():
    size = 1
    time.sleep(0.05)
    size += 1
    print("thread", size, flush=True)

def dies(n):
    size = n
    os.kill(os.getpid(), signal.SIGTERM)
    size += 1
    time.sleep(60)

FUNCTIONS = work, at_exit, called_back, leaves, raises, ends, forever, sleepy, dies, Held.__del__, Held.__init__
inside = arm_if_asked(*FUNCTIONS)
"""

ENDS = {
    "normally": "with inside: print(work(3))",
    "inside": "inside.__enter__(); print(work(3))",
    "sys.exit": "with inside: leaves(7)",
    "sys.exit with a text": "with inside: leaves('so long')",
    "sys.exit in a thread": "with inside:\n t = threading.Thread(target=leaves, args=(3,)); t.start(); t.join()",
    "an exception": "with inside: raises(3)",
    "an exception in a thread": "with inside:\n t = threading.Thread(target=raises, args=(3,)); t.start(); t.join()",
    "os._exit": "with inside: ends(9)",
    "a signal": "with inside: dies(1)",
    "atexit": "atexit.register(at_exit, 4)\nwith inside: print(work(3))",
    "atexit, raising": "atexit.register(raises, 4)\nwith inside: print(work(3))",
    "atexit, leaving": "atexit.register(leaves, 4)\nwith inside: print(work(3))",
    "atexit, inside": "atexit.register(at_exit, 4)\ninside.__enter__()",
    "daemon threads": "for _ in range(3): threading.Thread(target=forever, daemon=True).start()\n"
    "inside.__enter__()\nthreading.Thread(target=forever, daemon=True).start()\ntime.sleep(0.05)",
    "threads that go on": "threading.Thread(target=sleepy).start()\nwith inside: print(work(3))",
    "objects deleted last": "held = Held(3)\ncycle = [Held(4)]; cycle.append(cycle)\nwith inside: print(work(3))",
    "objects deleted last, inside": "held = Held(3)\ncycle = [Held(4)]; cycle.append(cycle)\ninside.__enter__()",
    "objects deleted after their modules": "sys.held = Held(3)\nos.held = Held(4)\ngc.held = [Held(5)]\n"
    "__builtins__.held = Held(6)\ninside.__enter__()",
    "objects deleted after us": "import builtins\nbuiltins.held = Held(6)\n"
    "for name in [name for name in sys.modules if name.startswith('peakahead')]: del sys.modules[name]",
    "weak references": "held = Held(3)\nw = weakref.ref(held, called_back)\nweakref.finalize(held, at_exit, 5)\n"
    "with inside: print(work(3))",
    "finalizers at exit": "weakref.finalize(work, at_exit, 5)\nwith inside: print(work(3))",
    "a closed standard error": "sys.stderr.close()\nwith inside: print(work(3))",
    "no standard streams": "sys.stdout = sys.stderr = None\nwith inside: os.write(1, str(work(3)).encode())",
    "the recursion limit": "sys.setrecursionlimit(60)\nwith inside: print(work(3))",
    "a memory limit": "import resource\nwith inside:\n print(work(3))\n"
    " resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n print(work(4))",
    "no file descriptors left": "import resource\nwith inside:\n print(work(3))\n"
    " resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))\n print(work(4))",
    "every descriptor closed": "with inside:\n print(work(3), flush=True)\n os.closerange(3, 200)\n print(work(4))",
    "another folder and user's view": "with inside:\n os.chdir('/')\n sys.path.clear()\n sys.path_hooks.clear()\n"
    " sys.meta_path.clear()\n print(work(4))",
}


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_as_it_did(tmp_path: Path, end: str) -> None:
    run_both(tmp_path, {"main.py": START + ENDS[end] + "\n"})


def test_the_endings_are_what_they_say(tmp_path: Path) -> None:
    expected = {"sys.exit": ("", "", 7), "os._exit": ("ends\n", "", 9), "a signal": ("", "", -15)}
    for end, told in expected.items():
        assert run_both(tmp_path, {"main.py": START + ENDS[end] + "\n"}) == told
    out, err, code = run_both(tmp_path, {"main.py": START + ENDS["objects deleted last, inside"] + "\n"})
    assert (sorted(out.splitlines()), err, code) == (["deleted 3", "deleted 4"], "", 0)
