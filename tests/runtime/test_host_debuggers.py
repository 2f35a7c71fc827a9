"""Real debugging sessions on armed functions read as those on bare ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.programs.observing import run_both, run_script

HOST = """\
def add(a, b):
    total = a + b
    return total


def handle(items):
    seen = []
    total = 0
    for item in items:
        size = len(item)
        total = add(total, size)
        seen.append(size)
    try:
        share = total // len([])
    except ZeroDivisionError as error:
        text = str(error)
        share = len(text)
    finally:
        last = share
    made = [size * 2 for size in seen]
    with open(__file__) as file:
        first = file.readline()
    return made, last, first


def generate(n):
    for k in range(n):
        item = k * 10
        yield item
    done = "done"
    return done
"""

MAIN = """\
import bdb, contextlib, io, json, pdb, sys
import host
from tests.programs.observing import arm_if_asked

def transcript(typed):
    out = io.StringIO()
    debugger = pdb.Pdb(nosigint=True, readrc=False, skip=sys.argv[1:], stdin=io.StringIO(typed), stdout=out)
    debugger.reset()
    def run():
        told = host.handle(["a", "bcd"]), list(host.generate(3))
        print("result", told, file=out)
    with contextlib.suppress(bdb.BdbQuit):
        debugger.runcall(run)
    debugger.clear_all_breaks()
    return out.getvalue()

with arm_if_asked(host.add, host.handle, host.generate):
    print(json.dumps({name: transcript(typed) for name, typed in json.load(sys.stdin).items()}))
"""

# Each is a session: what a person types, a command a line.
SESSIONS = {
    "breakpoints": "b host:10\nc\np item\nc\np item, seen, total\nw\ncl 1\nc",
    "by name": "b host.add\nb host.handle\nc\na\nc\na\nw\np sorted(locals())\nc\nc",
    "conditions": "b host:11, size == 3\nc\np size\ntbreak host:22\nc\np made\nc",
    "next": "b host.handle\nc" + "\nn" * 40,
    "next in a generator": "b host.generate\nc" + "\nn\np locals()" * 12 + "\nc",
    "until": "b host:9\nc\nuntil\nuntil\nuntil 20\np seen\nuntil 23\np last\nc",
    "return": "b host.add\nc\nr\nw\np total, __return__\nc\nr\np total, __return__\nu\np total\nc",
    "in the handler": "b host:15\nc\nn\nn\nn\np text, share\np __import__('sys').exc_info()\nw\nu\nd\nc",
    "in finally": "b host:19\nc\nn\np last\nc",
    "display": "b host:9\nc\ndisplay total\nn\nn\nn\nn\nundisplay\nn\nc",
    "list": "b host:14\nc\nl 1,30\nll\nwhatis add\nsource add\nc",
    "change": "b host:11\nc\n!size = 100\nn\np total\nc\n!size = 1000\nc",
    "jump": "b host:12\nc\nj 10\nn\np total\nc",
    "interact with what is alive": "b host:22\nc\np made, first\np sorted(locals())\nc",
    "quit": "b host:13\nc\nq",
}


# What is typed until the program ends: `step` goes wherever Python goes.
STEPS = "b host.handle\nc" + "\ns" * 60
FILES = {"host.py": HOST, "main.py": MAIN}


def transcripts(folder: Path, sessions: dict[str, str], is_armed: bool, *skipped: str) -> dict[str, str]:
    for name, text in FILES.items():
        (folder / name).write_text(text)
    typed = json.dumps({name: session + "\nc\n" * 3 for name, session in sessions.items()})
    done = run_script(folder, "main.py", is_armed=is_armed, input=typed, arguments=skipped)
    found: dict[str, str] = json.loads(done.stdout)
    return {**found, "errors": done.stderr}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    folder = tmp_path_factory.mktemp("sessions")
    return transcripts(folder, SESSIONS, False), transcripts(folder, SESSIONS, True)


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session(told: tuple[dict[str, str], dict[str, str]], session: str) -> None:
    bare, armed = told
    assert "host.py(" in bare[session]
    assert "result" in bare[session] or session == "quit"
    assert armed[session] == bare[session]
    assert armed["errors"] == bare["errors"]


def test_stepping_leaves_our_modules_out_if_told_to(tmp_path: Path) -> None:
    sessions = {"step": STEPS}
    bare, armed = (transcripts(tmp_path, sessions, is_armed, "peakahead.*")["step"] for is_armed in (False, True))
    assert bare.count("host.py(") > 30
    assert armed == bare


def test_stepping_goes_into_a_hook_as_into_any_call_and_comes_back_to_the_line(tmp_path: Path) -> None:
    """The only difference that a person sees: at a breakpoint `step` enters the hook, and `return` leaves it."""

    def lines(is_armed: bool, steps: int) -> list[str]:
        typed = "b host.handle\nc" + "\ns" * steps
        told = transcripts(tmp_path, {"step": typed}, is_armed)["step"]
        found = re.findall(r"> \S*/host\.py\((\d+)\)", told)
        return [line for index, line in enumerate(found) if index == 0 or line != found[index - 1]]

    bare, armed = lines(False, 30), lines(True, 5_000)
    assert len(bare) > 20
    assert armed[: len(bare)] == bare


BDB = """\
import bdb, sys
import host
from tests.programs.observing import arm_if_asked

class Follows(bdb.Bdb):
    told = []
    def tell(self, kind, frame, *more):
        if frame.f_globals.get("__name__") == "host":
            self.told.append((kind, frame.f_code.co_name, frame.f_lineno, sorted(frame.f_locals), *map(repr, more)))
    def user_call(self, frame, arguments):
        self.tell("call", frame)
    def user_line(self, frame):
        self.tell("line", frame)
    def user_return(self, frame, value):
        self.tell("return", frame, value)
    def user_exception(self, frame, info):
        self.tell("exception", frame, info[0])

follows = Follows(skip=["peakahead.*", "_weakrefset", "codecs"])
with arm_if_asked(host.add, host.handle, host.generate):
    follows.runcall(lambda: (host.handle(["a", "bcd"]), list(host.generate(3))))
for told in follows.told:
    print(told)
"""


def test_a_debugger_built_on_bdb_sees_the_same_lines_and_variables(tmp_path: Path) -> None:
    out, _, _ = run_both(tmp_path, {"host.py": HOST, "main.py": BDB})
    assert out.count("'line'") > 30
    assert "'exception'" in out


POST_MORTEM = """\
import pdb, sys
import host
from tests.programs.observing import arm_if_asked

def broken():
    return host.handle([1])

with arm_if_asked(host.add, host.handle):
    try:
        broken()
    except TypeError as error:
        debugger = pdb.Pdb(nosigint=True, readrc=False)
        debugger.reset()
        debugger.interaction(None, error.__traceback__)
"""


def test_post_mortem(tmp_path: Path) -> None:
    out, _, _ = run_both(tmp_path, {"host.py": HOST, "main.py": POST_MORTEM}, input="w\np item, total\nu\nd\nll\nq\n")
    assert "size = len(item)" in out


def test_the_breakpoint_builtin_inside_an_armed_function(tmp_path: Path) -> None:
    host = HOST.replace("    total = a + b\n", "    total = a + b\n    breakpoint()\n")
    main = (
        "import host\nfrom tests.programs.observing import arm_if_asked\n"
        "with arm_if_asked(host.add, host.handle):\n    print(host.add(1, 2))\n"
    )
    out, _, _ = run_both(tmp_path, {"host.py": host, "main.py": main}, input="p total\nn\nw\nc\n")
    assert "3" in out
