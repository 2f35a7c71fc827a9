"""Rewritten code that was prepared when an image was built, so that a cold start needn't import `bytecode`.

Beside a model's file lies one for each Python, as `.pyc` files do in `__pycache__`. It is trusted as they are: what
is unmarshalled there is code that runs. So nothing looks for it unless it is asked for.

Where a hook will be, the code holds a placeholder, a constant that can be marshalled: which site's hook it stands for.
The file counts only for the very same original code, sites and Python.
"""

from __future__ import annotations

import marshal
import os
import sys
from _frozen_importlib_external import MAGIC_NUMBER  # likewise
from _imp import source_hash  # what `importlib.util`, which costs a millisecond, has for checked `.pyc` files
from types import CodeType

from ..models.errors import ArmingError
from ..models.sites import Site
from .locate import nested_codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from .hooks import Hook

    Trees = dict[str, tuple[CodeType, ...]]  # by the original tree's digest: what stands for each of its code objects

_HEADER = b"peakahead prepared 1\n" + MAGIC_NUMBER
_HASH_KEY = int.from_bytes(MAGIC_NUMBER, "little")
_HASH_BYTES = 8
_PLACEHOLDER = "peakahead hook of site"


def prepared_path(model_path: str | os.PathLike[str]) -> str:
    """Return where what is prepared of a model for this Python lies: beside its file."""
    base, _ = os.path.splitext(os.fspath(model_path))
    return f"{base}.{sys.implementation.cache_tag}.prepared"


def placeholder(index: int) -> Any:
    """Return what stands for the hook of the model's site of this index."""
    return (_PLACEHOLDER, index)


def write_prepared(path: str, sites: Sequence[Site], trees: Trees) -> None:
    """Write rewritten code, whole or not at all.

    Raises:
        ArmingError: If it can't be written.
    """
    from ..models.file import write_whole

    content = marshal.dumps((_written(sites), trees))
    try:
        write_whole(path, _HEADER + source_hash(_HASH_KEY, content) + content)
    except OSError as error:
        raise ArmingError(f"{path} can't be written: {error.strerror}; prepare the model in another folder") from error


def read_prepared(path: str, sites: Sequence[Site]) -> Trees:
    """Return the rewritten code of a file that `write_prepared` wrote.

    Raises:
        ArmingError: If it isn't there, isn't whole, or is of another Python or model.
    """
    again = "prepare the model again, with `peakahead prepare`"
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise ArmingError(f"{path} can't be read ({error.strerror}): {again}") from error
    start = len(_HEADER) + _HASH_BYTES
    if not content.startswith(_HEADER):
        raise ArmingError(f"{path} is of another Python, or another peakahead: {again}")
    if source_hash(_HASH_KEY, content[start:]) != content[len(_HEADER) : start]:
        raise ArmingError(f"{path} isn't whole: {again}")
    written, trees = marshal.loads(content[start:])
    if written != _written(sites):
        raise ArmingError(f"{path} is of another model: {again}")
    return trees  # type: ignore[no-any-return]  # as it was written


def _written(sites: Sequence[Site]) -> tuple[tuple[Any, ...], ...]:
    return tuple((s.function.module, s.function.qualname, s.line, s.variable, s.entry) for s in sites)


def with_hooks(original: CodeType, codes: Sequence[CodeType], hooks: Sequence[Hook]) -> dict[int, CodeType]:
    """Return what stands for each code object of the original tree, by its id.

    Args:
        original: The outermost code object.
        codes: What was prepared for it and for those nested in it, in order, with placeholders.
        hooks: By the sites' indexes.
    """
    filled: dict[int, CodeType] = {}  # by the ids of the prepared ones
    pairs = list(zip(nested_codes(original), codes, strict=True))
    for old, code in reversed(pairs):  # the innermost first: they are the others' constants
        filled[id(code)] = _filled(code, filled, hooks, old)
    return {id(old): filled[id(code)] for old, code in pairs}


def _filled(code: CodeType, nested: dict[int, CodeType], hooks: Sequence[Hook], original: CodeType) -> CodeType:
    """Return prepared code with its hooks, at the place of the original.

    It may have been prepared in another folder, or where the same function began at another line.
    """
    constants = tuple(_constants(code, nested, hooks))
    place = (original.co_filename, original.co_firstlineno)
    is_there = place == (code.co_filename, code.co_firstlineno)
    if is_there and all(new is old for new, old in zip(constants, code.co_consts, strict=True)):
        return code
    return code.replace(co_consts=constants, co_filename=place[0], co_firstlineno=place[1])


def _constants(code: CodeType, nested: dict[int, CodeType], hooks: Sequence[Hook]) -> Iterator[Any]:
    for constant in code.co_consts:
        match constant:
            case CodeType():
                yield nested.get(id(constant), constant)
            case (text, index) if text == _PLACEHOLDER:
                yield hooks[index]
            case _:
                yield constant
