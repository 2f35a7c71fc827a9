"""Rewrites a source file's code: a breakpoint after every assignment, and one for every parameter at entry."""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from inspect import CO_VARARGS, CO_VARKEYWORDS
from pathlib import Path
from types import CodeType
from typing import Any

from peakahead.learner.stores import CodeStores
from peakahead.models.sites import FunctionRef, Site
from peakahead.runtime.inject import Probe, inject, replace_nested
from peakahead.runtime.locate import nested_codes

from .child import HOOK


@dataclass
class Rewritten:
    """Source files whose code was rewritten.

    Attributes:
        files: Where each file's code was written, by its path.
        codes: How many functions, class bodies, modules, lambdas and comprehensions have breakpoints.
        breakpoints: How many sites.
        refused: The code that has to stay bare, by its file and name, and why.
    """

    files: dict[str, str] = field(default_factory=dict)
    codes: int = 0
    breakpoints: int = 0
    refused: dict[str, str] = field(default_factory=dict)


def rewrite_files(paths: list[str], folder: Path, workers: int) -> Rewritten:
    """Write the rewritten code of each source file into a folder."""
    total = Rewritten()
    with ProcessPoolExecutor(workers) as pool:
        targets = [str(folder / str(index)) for index in range(len(paths))]
        for path, target, one in zip(paths, targets, pool.map(_rewrite_file, paths, targets, chunksize=4), strict=True):
            total.files[path] = target
            total.codes += one.codes
            total.breakpoints += one.breakpoints
            total.refused |= one.refused
    return total


def _rewrite_file(path: str, target: str) -> Rewritten:
    done = Rewritten()
    code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
    Path(target).write_bytes(marshal.dumps(_rewrite(code, done)))
    return done


def _rewrite(module: CodeType, done: Rewritten) -> CodeType:
    rewritten: dict[int, CodeType] = {}
    for code in reversed(list(nested_codes(module))):  # what is nested comes first
        inner = replace_nested(code, rewritten)
        probes = [Probe(site, _HOOK) for site in sites(code)]
        try:
            rewritten[id(code)] = inject(inner, probes)
        except Exception as error:  # whatever it is, it is to be reported
            rewritten[id(code)] = inner
            done.refused[f"{code.co_filename}: {code.co_qualname}"] = f"{type(error).__name__}: {error}"
        else:
            done.codes += bool(probes)
            done.breakpoints += len(probes)
    return rewritten[id(module)]


_HOOK: Any = HOOK


def sites(code: CodeType) -> Iterator[Site]:
    """Yield every place of a code object where a variable is assigned, and its parameters at entry."""
    reference = FunctionRef("", code.co_qualname)
    for variable, line in sorted(CodeStores(code).all):
        if variable.isidentifier():  # not the compiler's own, as `.type_params`
            yield Site(reference, line - code.co_firstlineno, variable)
    stars = bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
    for variable in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + stars]:
        if variable.isidentifier():  # not the iterator of a generator expression, `.0`
            yield Site(reference, 0, variable, entry=True)
