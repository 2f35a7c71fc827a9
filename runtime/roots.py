"""The functions whose code is rewritten, and what every model wants there.

A root is a function that isn't nested in another; nested ones are reached through its constants and their living
instances. Rewriting always begins at the original code, so that models may come and go in any order.
"""

from __future__ import annotations

from _weakref import ref  # what `weakref` has

from ..models.errors import ArmingError
from ..models.fingerprints import Fingerprint
from ..models.sites import FunctionRef
from .inject import Probe, inject, replace_nested
from .locate import codes_named, find_functions, find_living, living_instances, nested_codes, root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FunctionType

    Probes = dict[int, list[Probe]]  # by the original code object (its id) in the tree of nested ones
    Codes = dict[int, CodeType]  # from each original code object (its id) to what stands for it


class StaleCode(ArmingError):
    """The code isn't what was trained."""


class Root:
    """A function that isn't nested in another, and what is wanted in its code.

    Attributes:
        functions: The function objects that share the code.
        original: The code as it was found.
        probes: By model (its id).
        codes: What stands for each code object of the tree now.
    """

    def __init__(self, functions: list[FunctionType]) -> None:
        self._functions = [ref(function) for function in functions]
        self.original = functions[0].__code__
        self.probes: dict[int, Probes] = {}
        self.codes: Codes = {id(code): code for code in nested_codes(self.original)}

    @property
    def functions(self) -> list[FunctionType]:
        """Return those that still live; to hold them would hold their module at the interpreter's end."""
        return [function for function in (held() for held in self._functions) if function is not None]

    def rewritten(self, probes: dict[int, Probes]) -> Codes:
        """Return the code that stands for each code object of the tree when these probes are in.

        Raises:
            ArmingError: If a site isn't there, or the code can't be rewritten.
        """
        codes: Codes = {}
        for code in reversed(list(nested_codes(self.original))):  # the innermost first: they go into constants
            wanted = [probe for by_code in probes.values() for probe in by_code.get(id(code), ())]
            codes[id(code)] = inject(replace_nested(code, codes), wanted)
        return codes

    def install(self, probes: dict[int, Probes], codes: Codes) -> None:
        """Let the functions run these codes from their next call on."""
        moved = {id(old): codes[key] for key, old in self.codes.items() if old is not codes[key]}
        moved.pop(id(self.codes[id(self.original)]), None)
        if moved:
            for function in living_instances(set(moved)):
                function.__code__ = moved[id(function.__code__)]
        for function in self.functions:
            if function.__code__ is self.codes[id(self.original)]:  # else somebody else has given it another one
                function.__code__ = codes[id(self.original)]
        self.probes, self.codes = probes, codes


def find_root(fingerprint: Fingerprint, known: Callable[[FunctionType], Root | None]) -> tuple[Root, CodeType]:
    """Return the root of a function, and its original code object, which is what was trained.

    Args:
        fingerprint: The function and the identity of its code.
        known: From a function to the root that holds it, if there is one already.

    Raises:
        StaleCode: If there is such a function, but not with this code.
        ArmingError: If there is none.
    """
    reference = fingerprint.function
    name = root_of(reference)
    is_stale = False
    for find in (find_functions, find_living):  # what the name leads to; else one whose name another has taken since
        for function in find(name):
            root = known(function) or _new_root(function, name)
            for code in codes_named(function, root.original, reference.qualname):
                if fingerprint.matches(code):
                    return root, code
                is_stale = True
    if is_stale:
        raise StaleCode(f"{reference} isn't the code that was trained; train it again")
    raise ArmingError(f"{name} has no nested function {reference.qualname}")


def _new_root(function: FunctionType, name: FunctionRef) -> Root:
    sharing = [other for other in find_functions(name) if other.__code__ is function.__code__ and other is not function]
    return Root([function, *sharing])
