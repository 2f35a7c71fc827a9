"""Arms a model's functions, and disarms them: all of them or none.

A function is armed by giving it another code object, so that every reference to it is armed at once; one nested in
another through its parent's constants and its living instances. Each root function keeps one record of its
original code and of what every model wants there; arming and disarming rewrite from the original, so that they
may come in any order.
"""

from __future__ import annotations

import threading
import warnings
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any

from ..models.errors import ArmingError, ArmingWarning, StaleCodeWarning
from ..models.features import find_feature
from ..models.fingerprints import Fingerprint
from ..models.model import BreakpointModel
from ..models.sites import FunctionRef
from . import facts
from .inject import Hook, Probe, inject, replace_nested
from .invocation import Invocation
from .locate import LOCALS, find_functions, living_instances, nested_codes, root_of
from .resident import resident_bytes
from .steps import Plan


class _Stale(ArmingError):
    """The code isn't what was trained."""


@dataclass(eq=False)
class Armed:
    """A model's state in this process.

    Attributes:
        model: The model; held, since it is found by its id.
        plan: What its invocations share.
        baseline_bytes: The resident size when it was armed, cold.
        current: The invocation that this thread or task is in.
        active: All that are under way, for threads that they started.
        is_armed: False if its breakpoints couldn't be set.
    """

    model: BreakpointModel
    plan: Plan
    baseline_bytes: int
    current: ContextVar[Invocation | None]
    active: list[Invocation] = field(default_factory=list)
    is_armed: bool = False

    def hook(self, index: int) -> Hook:
        """Return what is called with the variable at the model's site of this index."""
        get = self.current.get
        active = self.active

        def hook(value: Any) -> None:
            invocation = get()
            if invocation is None:
                if len(active) != 1:  # none, or no way to tell which started this thread
                    return
                invocation = active[0]
            invocation.steps[index](value)

        return hook

    def enter(self, invocation: Invocation) -> None:
        """Make an invocation the one that this thread or task is in."""
        invocation.token = self.current.set(invocation)
        self.active.append(invocation)

    def leave(self, invocation: Invocation) -> None:
        """End an invocation, and go back to the one around it."""
        invocation.end()
        self.active.remove(invocation)
        try:
            self.current.reset(invocation.token)
        except ValueError:  # left in another context than it was entered in
            self.current.set(None)


@dataclass(eq=False)
class _Root:
    """A function that isn't nested in another, and what is wanted in its code.

    Attributes:
        functions: The function objects that share the code.
        original: The code as it was found.
        probes: By model (its id), then by the original code object (its id) in the tree of nested ones.
        codes: From each original code object (its id) to what stands for it now.
    """

    functions: list[FunctionType]
    original: CodeType
    probes: dict[int, dict[int, list[Probe]]] = field(default_factory=dict)
    codes: dict[int, CodeType] = field(default_factory=dict)

    def rewritten(self, probes: dict[int, dict[int, list[Probe]]]) -> dict[int, CodeType]:
        """Return the code that stands for each code object of the tree when these probes are in."""
        codes: dict[int, CodeType] = {}
        for code in reversed(list(nested_codes(self.original))):  # the innermost first: they go into constants
            wanted = [probe for by_code in probes.values() for probe in by_code.get(id(code), ())]
            codes[id(code)] = inject(replace_nested(code, codes), wanted)
        return codes

    def install(self, probes: dict[int, dict[int, list[Probe]]], codes: dict[int, CodeType]) -> None:
        """Let the functions run these codes from their next call on."""
        before = self.codes or {id(code): code for code in nested_codes(self.original)}
        moved = {id(before[key]): codes[key] for key in before if before[key] is not codes[key]}
        moved.pop(id(before[id(self.original)]), None)
        if moved:
            for function in living_instances(set(moved)):
                function.__code__ = moved[id(function.__code__)]
        for function in self.functions:
            function.__code__ = codes[id(self.original)]
        self.probes, self.codes = probes, codes


_lock = threading.RLock()
_armed: dict[int, Armed] = {}
_roots: dict[int, _Root] = {}  # by the id of the first function; the record holds it


def armed_state(model: BreakpointModel) -> Armed:
    """Return the model's state, arming it if that hasn't been tried yet."""
    state = _armed.get(id(model))
    if state is None:
        arm(model)
        state = _armed[id(model)]
    return state


def arm(model: BreakpointModel, *, strict: bool = False) -> bool:
    """Write a model's breakpoints into its functions, so that the first invocation doesn't pay for it.

    Arming again changes nothing. Frames that already run keep the code that they began with.

    Args:
        model: The model.
        strict: Raise where a function can't be armed, rather than warn and leave all as it was.

    Returns:
        True if the breakpoints are set.

    Raises:
        ArmingError: If `strict` and a function is missing, isn't what was trained, or can't be rewritten.
    """
    with _lock:
        state = _armed.get(id(model))
        if state is not None and state.is_armed:
            return True
        if state is None:
            current: ContextVar[Invocation | None] = ContextVar("peakahead invocation", default=None)
            state = _armed[id(model)] = Armed(model, Plan.of(model), resident_bytes(), current)
        try:
            _install(model, state)
        except ArmingError as error:
            if strict:
                raise
            kind = StaleCodeWarning if isinstance(error, _Stale) else ArmingWarning
            warnings.warn(
                f"{model.target} runs unarmed, with its first forecast only: {error}", kind, stacklevel=_caller()
            )
            return False
        state.is_armed = True
        _tell_unknown_features(model)
        state.baseline_bytes = resident_bytes()
        return True


def disarm(model: BreakpointModel) -> None:
    """Take a model's breakpoints out; functions that no other model is in get their very own code back."""
    with _lock:
        state = _armed.pop(id(model), None)
        if state is None or not state.is_armed:
            return
        for key, root in list(_roots.items()):
            if id(model) in root.probes:
                remaining = {other: probes for other, probes in root.probes.items() if other != id(model)}
                root.install(remaining, root.rewritten(remaining))
                if not remaining:
                    del _roots[key]


def _tell_unknown_features(model: BreakpointModel) -> None:
    unknown = sorted({reading.feature for reading in model.readings() if find_feature(reading.feature) is None})
    if unknown:
        warnings.warn(
            f"{model.target} is armed, but no feature {', '.join(map(repr, unknown))} is registered here, so stages "
            "that need it say nothing: import the module that calls peakahead.register_feature for it",
            ArmingWarning,
            stacklevel=_caller(),
        )


def _caller() -> int:
    """Return the stack level of the first frame outside peakahead, for a warning to point at."""
    import sys

    level = 1
    while sys._getframe(level).f_globals.get("__name__", "").startswith("peakahead."):
        level += 1
    return level


def _install(model: BreakpointModel, state: Armed) -> None:
    """Find, check and rewrite every function of a model, and only then change any."""
    sites = model.sites()
    if not sites:
        return
    if not facts.IS_SUPPORTED:
        raise ArmingError("this Python isn't one whose bytecode is known: use CPython 3.11 to 3.13")
    fingerprints = {fingerprint.function: fingerprint for fingerprint in model.fingerprints}
    changes: dict[int, tuple[_Root, dict[int, list[Probe]]]] = {}
    for index, site in enumerate(sites):
        root, code = _code_of(fingerprints[site.function])
        _, probes = changes.setdefault(id(root.functions[0]), (root, {}))
        probes.setdefault(id(code), []).append(Probe(site, state.hook(index)))
    planned = []
    for key, (root, probes) in changes.items():
        wanted = {**root.probes, id(model): probes}
        planned.append((key, root, wanted, root.rewritten(wanted)))
    for key, root, wanted, codes in planned:
        root.install(wanted, codes)
        _roots[key] = root


def _code_of(fingerprint: Fingerprint) -> tuple[_Root, CodeType]:
    """Return the root record of a function, and its original code object, which is what was trained."""
    reference = fingerprint.function
    is_nested = LOCALS in reference.qualname
    name = root_of(reference)
    stale = False
    for function in find_functions(name):
        root = _roots.get(id(function)) or _root_holding(function) or _new_root(function, name)
        for code in nested_codes(root.original) if is_nested else (root.original,):
            if code.co_qualname == reference.qualname:
                if fingerprint.matches(code):
                    return root, code
                stale = True
    if stale:
        raise _Stale(f"{reference} isn't the code that was trained; train it again")
    raise ArmingError(f"{name} has no nested function {reference.qualname}")


def _root_holding(function: FunctionType) -> _Root | None:
    return next((root for root in _roots.values() if function in root.functions), None)


def _new_root(function: FunctionType, name: FunctionRef) -> _Root:
    code = function.__code__
    sharing = [other for other in find_functions(name) if other.__code__ is code and other is not function]
    return _Root([function, *sharing], code)
