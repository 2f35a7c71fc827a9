"""Which stores of a comprehension's variable assign it: those that give the outer variable back don't.

Since Python 3.12 a comprehension runs in its function's frame. What it stores straight from a loop or an unpacking
is its own variable; its last stores give back what the outer variable held, which may be no value at all.
"""

from __future__ import annotations


def pending_targets(pending: int, name: str, argument: int) -> int:
    """Return how many stores that follow an instruction are targets of a loop or an unpacking.

    Args:
        pending: How many that were before the instruction.
        name: The instruction's name.
        argument: Its argument.
    """
    rest = max(pending - 1, 0)
    match name:
        case "FOR_ITER":
            return 1
        case "UNPACK_SEQUENCE":
            return rest + argument
        case "UNPACK_EX":
            return rest + (argument & 0xFF) + 1 + (argument >> 8)
        case "STORE_FAST_STORE_FAST":
            return max(pending - 2, 0)
        case "EXTENDED_ARG":
            return pending
        case _:
            return rest if name in {"STORE_FAST", "STORE_DEREF"} else 0
