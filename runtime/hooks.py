"""The injected hooks by name, so that armed code can be pickled as its bare self could.

Tools that send functions by value (cloudpickle, dill) send the constants of their code, our hooks among them. A hook
holds what can't be sent: this process' invocations. So each has a name in this module, and goes as that name; where
the name means nothing, in another process, it stands for a function that does nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Hook = Callable[[Any], None]

_living: dict[str, Hook] = {}
_made = 0


def ignore(_value: Any) -> None:
    """Do nothing: what a hook of another process is here."""


def named(hook: Hook) -> Hook:
    """Return the hook under a name of its own, by which `pickle` finds it."""
    global _made
    _made += 1
    # No other process' hook has this name: a forked child goes on counting where its parent was, with another number.
    name = f"hook_{os.getpid()}_{_made}_{os.urandom(6).hex()}"
    hook.__module__, hook.__name__, hook.__qualname__ = __name__, name, name
    _living[name] = hook
    return hook


def forget(hook: Hook) -> None:
    """Let a hook go that is in no code any more."""
    _living.pop(hook.__name__, None)


def __getattr__(name: str) -> Hook:
    found = _living.get(name)
    if found is not None:
        return found
    if name.startswith("hook_"):
        return ignore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
