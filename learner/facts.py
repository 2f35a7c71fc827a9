"""Named facts about this Python that tracing depends on, each with its evidence.

The rest of the learner asks a fact, never a version number.
"""

from __future__ import annotations

import sys
from typing import Any

# `sys.monitoring` came with 3.12. What is used of it: PY_START and, by code object, INSTRUCTION, each switched off
# by DISABLE where it is of no more use. Its known faults are elsewhere: two tools that both ask for INSTRUCTION
# (python/cpython#109371, mended in 3.12.1), LINE beside INSTRUCTION (#108976, mended in 3.12.0), and branches.
monitoring: Any = getattr(sys, "monitoring", None)
HAS_INSTRUCTION_EVENTS = monitoring is not None

# Up to 3.12 `frame.f_locals` of a function is a dict that the frame keeps: it holds on to the values of that moment
# until it is read anew. Since 3.13 it looks at the variables themselves (PEP 667).
FRAME_KEEPS_A_COPY = sys.version_info[:2] < (3, 13)
