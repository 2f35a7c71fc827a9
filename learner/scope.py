"""Which code is the user's own, and so is traced."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

_OURS = "peakahead"
_LIBRARIES = tuple(
    dict.fromkeys(
        os.path.join(os.path.realpath(sysconfig.get_path(name)), "")
        for name in ("purelib", "platlib", "stdlib", "platstdlib")
    )
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The user's own code: a folder of source files, or one that has no file, and modules asked for by name.

    Attributes:
        root: The folder, or file name, that the traced code's file names begin with.
        is_library: True if the root itself lies among the installed libraries.
        packages: Further modules and packages to trace, wherever they lie.
        module: The module whose file the function is in, by which its folder is found on another machine; or empty.
    """

    root: str
    is_library: bool
    packages: tuple[str, ...] = ()
    module: str = ""

    @classmethod
    def of(cls, function: FunctionType, packages: tuple[str, ...] = ()) -> Scope:
        """Return the scope of a function: its distribution's folder, never the libraries beside it."""
        filename = os.path.realpath(function.__code__.co_filename)
        if not os.path.isfile(filename):  # a notebook's cell, or code that was never in a file
            folder = os.path.dirname(function.__code__.co_filename)
            return cls(os.path.join(folder, "") if folder else function.__code__.co_filename, False, packages)
        module = function.__module__
        return cls._of_file(filename, module, packages, _file_of(module) == filename and module != "__main__")

    @classmethod
    def _of_file(cls, filename: str, module: str, packages: tuple[str, ...], is_named: bool) -> Scope:
        name = module if is_named else ""
        library = next((folder for folder in _LIBRARIES if filename.startswith(folder)), None)
        if library is not None:  # one package of many in that folder
            top = os.path.join(library, filename[len(library) :].split(os.sep)[0])
            return cls(os.path.join(top, "") if os.path.isdir(top) else top, True, packages, name)
        folder = os.path.dirname(filename)
        depth = 0 if module == "__main__" else module.count(".")
        if os.path.basename(filename) == "__init__.py" and module != "__main__":
            depth += 1
        for _ in range(depth):
            folder = os.path.dirname(folder)
        return cls(os.path.join(folder, ""), False, packages, name)

    def here(self) -> Scope:
        """Return the scope as it is in this process: on another machine the module may lie elsewhere."""
        filename = _file_of(self.module) if self.module else ""
        return self._of_file(filename, self.module, self.packages, True) if filename else self

    def matcher(self) -> Callable[[CodeType, dict[str, Any]], bool]:
        """Return the function that tells whether code with these globals belongs to the scope."""

        def matches(code: CodeType, module_globals: dict[str, Any]) -> bool:
            return self.covers(module_globals.get("__name__"), code.co_filename)

        return matches

    def covers(self, module: object, filename: str) -> bool:
        """Tell whether a module of this name, with code from this file, belongs to the scope."""
        if not isinstance(module, str) or module == _OURS or module.startswith(f"{_OURS}."):
            return False
        if any(module == package or module.startswith(f"{package}.") for package in self.packages):
            return True
        if not filename.startswith(self.root):
            if not os.path.isabs(filename):  # as in `<frozen codecs>`: where the process stands says nothing of it
                return False
            filename = os.path.realpath(filename)
            if not filename.startswith(self.root):
                return False
        return self.is_library or not filename.startswith(_LIBRARIES)


def _file_of(module: str) -> str:
    """Return the real path of an imported module's file, or an empty text."""
    filename = getattr(sys.modules.get(module), "__file__", None)
    return os.path.realpath(filename) if isinstance(filename, str) else ""
