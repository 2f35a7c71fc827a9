"""Named facts about this Python that injection depends on, each with its evidence.

The rest of the runtime asks a fact, never a version number.
"""

from __future__ import annotations

import sys

# Bytecode changes with every minor version; each of these was tried. Elsewhere functions stay unarmed.
IS_SUPPORTED = sys.implementation.name == "cpython" and (3, 11) <= sys.version_info[:2] <= (3, 13)

# How a method is called, by `dis.dis("x.f()")`: the method, its self, then CALL, which counts no self; 3.11 has a
# PRECALL before it.
CALL_HAS_PRECALL = sys.version_info[:2] == (3, 11)

# `dis.dis(lambda xs: [a for a, b in xs])` and functions that unpack show these from 3.13 on. Their operands are
# the names of two locals, in order; the parts say what each does alone.
FUSED_OPCODES = {
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST"),
    "LOAD_FAST_LOAD_FAST": ("LOAD_FAST", "LOAD_FAST"),
}
FUSED_REACH = 16  # each operand has four bits
