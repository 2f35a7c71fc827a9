"""Arms a model's functions, and disarms them: all of them or none.

A function is armed by giving it another code object, so that every reference to it is armed at once. Arming and
disarming may come in any order, from any thread, while the functions run: frames that already run keep the code that
they began with.
"""

from __future__ import annotations

import os
import sys
import warnings
from _thread import RLock  # what `threading` has, which few programs that need no threads load
from _weakref import ref  # what `weakref` has

from ..models.errors import ArmingError, ArmingWarning, StaleCodeWarning
from ..models.features import find_feature
from ..models.fingerprints import code_digest
from ..models.guard import is_from_signal_handler
from ..models.model import BreakpointModel
from ..models.sites import FunctionRef
from . import facts
from .hooks import forget
from .inject import Probe
from .locate import import_module, nested_codes
from .roots import Root, StaleCode, find_root
from .state import Armed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, FunctionType

    from .hooks import Hook
    from .roots import Codes, Probes
    from .state import Names

    Tell = Callable[[str, type[Warning]], None]

_lock = RLock()
_armed: dict[int, Armed] = {}  # by the model's id; the state holds the model
_roots: dict[int, Root] = {}  # by the id of each of its functions; the root holds them


def armed_state(model: BreakpointModel) -> Armed:
    """Return the model's state, arming it if that hasn't been tried yet; raises nothing."""
    state = _armed.get(id(model))
    if state is None:
        _arm(model, strict=False, tell=_tell_quietly)
        state = _armed[id(model)]
    if state.is_unheard:
        _tell_if_replaced(state)
    return state


def arm(model: BreakpointModel, *, strict: bool = False, prepared: str | os.PathLike[str] | None = None) -> bool:
    """Write a model's breakpoints into its functions, so that the first invocation doesn't pay for it.

    Arming again changes nothing, unless a module was reloaded meanwhile: then its new functions are armed. Frames that
    already run keep the code that they began with.

    Args:
        model: The model.
        strict: Raise where a function can't be armed, rather than warn and leave all as it was.
        prepared: The model's file, of which `peakahead prepare` was run for this Python and this code: then `bytecode`
            isn't needed. It is trusted as `__pycache__` is. Where it doesn't fit, it warns, and arms without it.

    Returns:
        True if the breakpoints are set.

    Raises:
        ArmingError: If `strict` and a function is missing, isn't what was trained, or can't be rewritten.
    """
    return _arm(model, strict=strict, tell=_tell, prepared=prepared)


def prepare(model: BreakpointModel, path: str | os.PathLike[str]) -> str:
    """Write the code that arming this model gives its functions on this Python, for `arm(model, prepared=path)`.

    Args:
        model: The model.
        path: Its file: what is written lies beside it, named for this Python.

    Returns:
        The path of what was written.

    Raises:
        ArmingError: If a function can't be armed, or the file can't be written.
    """
    from .prepared import placeholder, prepared_path, write_prepared

    sites = model.sites()
    _check_python()
    with _lock:
        trees: dict[str, tuple[CodeType, ...]] = {}
        for root, probes in _wanted(model, [placeholder(index) for index in range(len(sites))]):
            codes = root.rewritten({id(model): probes})
            trees[code_digest(root.original)] = tuple(codes[id(code)] for code in nested_codes(root.original))
    written = prepared_path(path)
    write_prepared(written, sites, trees)
    return written


def disarm(model: BreakpointModel) -> None:
    """Take a model's breakpoints out; functions that no other model is in get their very own code back."""
    with _lock:
        state = _armed.pop(id(model), None)
        if state is not None:
            _take_out(state)
            for hook in state.hooks:
                forget(hook)


def _arm(model: BreakpointModel, *, strict: bool, tell: Tell, prepared: str | os.PathLike[str] | None = None) -> bool:
    error: ArmingError | None = None
    trees: dict[str, tuple[CodeType, ...]] = {}
    try:
        for site in model.sites():  # not under the lock: what a module runs at import may wait for other threads
            import_module(site.function.module)
        if prepared is not None:
            trees = _read_prepared(model, prepared, tell)
    except ArmingError as failed:
        error = failed
    with _lock:
        state = _armed.get(id(model)) or _new_state(model)
        if state.is_armed and error is None and _is_in_place(state):
            return True
        try:
            if error is not None:
                raise error
            _take_out(state)
            _install(state, trees)
            state.is_armed = True
            state.names = _names(model)
        except ArmingError as failed:
            error = failed
        _armed[id(model)] = state  # not before it is complete: other threads find it there without the lock
    if error is None:
        _tell_unknown_features(model, tell)
        return True
    if strict:
        raise error
    kind = StaleCodeWarning if isinstance(error, StaleCode) else ArmingWarning
    tell(f"{model.target} runs unarmed, with its first forecast only: {error}", kind)
    return False


def _new_state(model: BreakpointModel) -> Armed:
    state = Armed(model)
    state.hooks += [state.hook(index) for index in range(len(model.sites()))]
    return state


def _install(state: Armed, prepared: dict[str, tuple[CodeType, ...]]) -> None:
    """Find, check and rewrite every function of a model, and only then change any."""
    model = state.model
    if not state.hooks:
        return
    _check_python()
    planned = []
    for root, probes in _wanted(model, state.hooks):
        wanted = {**root.probes, id(model): probes}
        codes = _from_prepared(root, prepared, state.hooks) if prepared and not root.probes else None
        planned.append((root, wanted, codes or root.rewritten(wanted)))
    for root, wanted, codes in planned:
        root.install(wanted, codes)
        _roots.update((id(function), root) for function in root.functions)


def _check_python() -> None:
    if not facts.IS_SUPPORTED:
        raise ArmingError("this Python isn't one whose bytecode is known: use CPython 3.11 to 3.13")


def _wanted(model: BreakpointModel, hooks: Sequence[Hook]) -> list[tuple[Root, Probes]]:
    """Return each root that a model has sites in, with its probes there."""
    found = _find(model)
    wanted: dict[int, tuple[Root, Probes]] = {}
    for site, hook in zip(model.sites(), hooks, strict=True):
        root, code = found[site.function]
        _, probes = wanted.setdefault(id(root), (root, {}))
        probes.setdefault(id(code), []).append(Probe(site, hook))
    return list(wanted.values())


def _read_prepared(model: BreakpointModel, path: str | os.PathLike[str], tell: Tell) -> dict[str, tuple[CodeType, ...]]:
    from .prepared import prepared_path, read_prepared

    try:
        return read_prepared(prepared_path(path), model.sites())
    except ArmingError as error:
        tell(f"{model.target} is armed without what was prepared: {error}", ArmingWarning)
        return {}


def _from_prepared(root: Root, prepared: dict[str, tuple[CodeType, ...]], hooks: Sequence[Hook]) -> Codes | None:
    from .prepared import with_hooks

    codes = prepared.get(code_digest(root.original))
    return with_hooks(root.original, codes, hooks) if codes is not None else None


def _find(model: BreakpointModel) -> dict[FunctionRef, tuple[Root, CodeType]]:
    """Return the root of each function that has a site, and its original code."""
    roots: dict[int, Root] = {}

    def root_of(function: FunctionType) -> Root | None:
        return roots.get(id(function)) or _root_in_place(function)

    with_sites = {site.function for site in model.sites()}
    found = {}
    for fingerprint in model.fingerprints:
        if fingerprint.function in with_sites:
            found[fingerprint.function] = find_root(fingerprint, root_of)
            roots.update((id(function), root) for root, _ in found.values() for function in root.functions)
    return found


def _root_in_place(function: FunctionType) -> Root | None:
    """Return the root of a function that runs what was installed: somebody else may have given it other code since."""
    root = _roots.get(id(function))
    return root if root is not None and root.codes[id(root.original)] is function.__code__ else None


def _is_in_place(state: Armed) -> bool:
    """Tell whether the functions that the modules have now are those that were armed."""
    key = id(state.model)
    try:
        return all(key in root.probes for root, _ in _find(state.model).values())
    except ArmingError:
        return False


def _names(model: BreakpointModel) -> Names:
    """Return what each module with a site has under the function's outermost name: the function, or its class."""
    found = {}
    for site in model.sites():
        module, name = site.function.module, site.function.qualname.split(".")[0]
        try:
            found[module, name] = ref(vars(sys.modules[module])[name])
        except (KeyError, TypeError):  # held elsewhere, or of a type that has no weak references
            continue
    return found


def _tell_if_replaced(state: Armed) -> None:
    """Warn where an invocation hit no breakpoint, and what its module now has isn't what was armed."""
    state.is_unheard = False
    for (module, name), armed in state.names.items():
        if vars(sys.modules.get(module, sys)).get(name) is not armed():
            state.names = {}  # once is enough
            _tell_quietly(
                f"{state.model.target} ran without its breakpoints: since it was armed, {module} was reloaded, or its "
                f"{name} replaced; call peakahead.arm(model) again after that",
                ArmingWarning,
            )
            return


def _take_out(state: Armed) -> None:
    for root in {id(root): root for root in _roots.values() if id(state.model) in root.probes}.values():
        remaining = {other: probes for other, probes in root.probes.items() if other != id(state.model)}
        root.install(remaining, root.rewritten(remaining))
        if not remaining:
            for key in [key for key, held in _roots.items() if held is root]:
                del _roots[key]
    state.is_armed = False


def _tell_unknown_features(model: BreakpointModel, tell: Tell) -> None:
    unknown = sorted({reading.feature for reading in model.readings() if find_feature(reading.feature) is None})
    if unknown:
        tell(
            f"{model.target} is armed, but no feature {', '.join(map(repr, unknown))} is registered here, so stages "
            "that need it say nothing: import the module that calls peakahead.register_feature for it",
            ArmingWarning,
        )


def _tell(message: str, kind: type[Warning]) -> None:
    """Warn, pointing at the first frame outside peakahead."""
    level = 2
    while sys._getframe(level - 1).f_globals.get("__name__", "").startswith("peakahead."):
        level += 1
    warnings.warn(message, kind, stacklevel=level)


def _tell_quietly(message: str, kind: type[Warning]) -> None:
    """Warn where a function is about to run: where warnings are errors, this one mustn't be the function's."""
    try:
        _tell(message, kind)
    except Exception as error:
        if is_from_signal_handler(error):
            raise


def _begin_anew() -> None:
    """In a forked child: pages of files aren't handed down, so what it holds cold is less than its parent's."""
    _lock.release()
    for state in _armed.values():
        state.baseline_bytes = 0


if hasattr(os, "register_at_fork"):  # a child must not find the lock held by a thread that it hasn't got
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_begin_anew)
