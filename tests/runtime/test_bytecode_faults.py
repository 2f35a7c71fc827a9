"""What goes wrong where code is rewritten in the naive way, each shown in a process of its own, and absent in ours.

The naive way is `bytecode`'s default round trip, or a call put after `STORE_FAST` with no further thought.
"""

from __future__ import annotations

import dis
import signal
import subprocess
import sys

import pytest

NAIVE = """
import sys, dis
from bytecode import Bytecode, Instr

def naive(code, variable, hook, swapped=False, once=False):
    "Put a call after each store of a variable, as one would."
    edited = Bytecode.from_code(code)
    places = [index for index, item in enumerate(edited)
              if isinstance(item, Instr) and item.name == "STORE_FAST" and item.arg == variable]
    for index in reversed(places[:1] if once else places):
        item = edited[index]
        at = item.location
        call = [Instr("PUSH_NULL", location=at), Instr("LOAD_CONST", hook, location=at)]
        if (sys.version_info >= (3, 13)) is not swapped:
            call.reverse()
        call.append(Instr("LOAD_FAST", variable, location=at))
        if sys.version_info < (3, 12):
            call.append(Instr("PRECALL", 1, location=at))
        call += [Instr("CALL", 1, location=at), Instr("POP_TOP", location=at)]
        edited[index + 1:index + 1] = call
    return edited.to_code()
"""
OURS = """
from peakahead.models.sites import FunctionRef, Site
from peakahead.runtime.inject import Probe, inject

def ours(code, variable, hook):
    lines = {i.positions.lineno for i in dis.get_instructions(code)
             if i.opname.startswith("STORE_FAST") and variable in str(i.argval)}
    sites = [Site(FunctionRef("m", code.co_qualname), line - code.co_firstlineno, variable) for line in sorted(lines)]
    return inject(code, [Probe(site, hook) for site in sites])
"""


def run(script: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", NAIVE + OURS + script], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout.strip() or done.stderr.strip()


CRASHES = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS}

LOOPED = """
class Kept(ValueError):
    alive = 0
    def __init__(self, *args): Kept.alive += 1
    def __del__(self): Kept.alive -= 1

def looped(n):
    for i in range(n):
        try:
            try:
                try:
                    if i < 0:
                        return i
                    raise Kept(i)
                finally:
                    last = i
            finally:
                after = i
        except ValueError:
            pass

looped.__code__ = {way}(looped.__code__, "last", lambda value: None)
looped(2_000)
print(Kept.alive)
"""


def test_handlers_depths_come_out_too_high_and_the_process_ends() -> None:
    assert run(LOOPED.format(way="naive"))[0] in CRASHES
    assert run(LOOPED.format(way="ours")) == (0, "0")


COMPREHENSION = """
def squares(numbers):
    return [number * number for number in numbers]

seen = []
squares.__code__ = {way}(squares.__code__, "number", seen.append)
print(squares([1, 2]), seen)
"""


@pytest.mark.skipif("LOAD_FAST_AND_CLEAR" not in dis.opmap, reason="comprehensions have a frame of their own here")
def test_what_a_comprehension_gives_back_may_be_nothing_and_loading_it_ends_the_process() -> None:
    assert run(COMPREHENSION.format(way="naive"))[0] in CRASHES
    assert run(COMPREHENSION.format(way="ours")) == (0, "[1, 4] [1, 2]")


PAIR = """
def pair(both):
    first, second = both
    return first + second

seen = []
pair.__code__ = {way}(pair.__code__, "first", seen.append)
print(pair((3, 4)), seen)
"""


def test_a_fused_store_is_missed() -> None:
    missed = "STORE_FAST_STORE_FAST" in dis.opmap
    assert run(PAIR.format(way="naive")) == (0, "7 []" if missed else "7 [3]")
    assert run(PAIR.format(way="ours")) == (0, "7 [3]")


MANY = """
body = "".join(f"    v{i} = {i}\\n" for i in range(30)) + "    v20, v21 = v21, v20\\n    return v20, v21"
exec("def many():\\n" + body)
seen = []
many.__code__ = ours(many.__code__, "v20", seen.append)
print(many(), seen)
"""


def test_variables_beyond_the_reach_of_a_fused_instruction_are_read_right() -> None:
    assert run(MANY) == (0, "(21, 20) [20, 21]")


UNUSED = """
def unused(first, n):
    if 0:
        gone = n
    kept = n
    return kept, "text"

code = {way}(unused.__code__, "kept", lambda value: None)
before, after = unused.__code__.co_varnames, code.co_varnames
print(after == before, after[:2] == before[:2], set(before) - set(after) == {{"gone"}})
"""


def test_unused_locals_are_dropped_so_that_numbers_mean_nothing_and_names_do() -> None:
    assert run(UNUSED.format(way="naive")) == (0, "False True True")
    assert run(UNUSED.format(way="ours")) == (0, "False True True")


FINALLY = """
def cleaned(n):
    try:
        1 // n
    finally:
        last = n

seen = []
cleaned.__code__ = {way}
cleaned(1)
try:
    cleaned(0)
except ZeroDivisionError:
    print(seen)
"""


def test_the_body_of_a_finally_stands_in_several_places() -> None:
    once = 'naive(cleaned.__code__, "last", seen.append, once=True)'
    assert run(FINALLY.format(way=once)) == (0, "[1]")
    assert run(FINALLY.format(way='ours(cleaned.__code__, "last", seen.append)')) == (0, "[1, 0]")


ORDER = """
def plain(n):
    last = n
    return last

seen = []
plain.__code__ = {way}
print(plain(1), seen)
"""


def test_the_order_of_a_call_differs_between_versions() -> None:
    status, said = run(ORDER.format(way='naive(plain.__code__, "last", seen.append, swapped=True)'))
    assert status != 0, said
    assert run(ORDER.format(way='ours(plain.__code__, "last", seen.append)')) == (0, "1 [1]")


WIDE = """
long = "x" * 140
exec(f'''def wide(n):
    size = n + 1
    rest = '{long}'
    return rest
''')
ends = []
for way in (naive, ours):
    code = way(wide.__code__, "size", lambda value: None)
    ends.append([end for _, end, _ in code.co_lines()][-1] == len(code.co_code))
    assert list(code.co_positions())[-1] == list(wide.__code__.co_positions())[-1]
print(*ends)
"""


def test_columns_beyond_127_lead_readers_of_lines_astray() -> None:
    assert run(WIDE) == (0, "False True")
