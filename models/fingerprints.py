"""The identity of a function's source, by which production knows that it runs the code that was trained.

Two digests. The code's is quick and needs no source file, but means something on one Python version only; the
source's holds across versions, and under tools that rewrite bytecode. Either one matching is enough: each covers
the lines' layout, on which sites depend. Both are taken of code that we have not rewritten.
"""

from __future__ import annotations

import sys
from types import CodeType

from .fields import Fields
from .records import Record
from .sites import FunctionRef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Fingerprint(Record):
    """What identifies one function of a model.

    Attributes:
        function: The function.
        source: The digest of its source text, or empty where there was none.
        code: The digest of its code object by Python version, such as `cpython-312`.
    """

    function: FunctionRef
    source: str
    code: dict[str, str]

    @classmethod
    def of(cls, function: FunctionRef, code: CodeType) -> Fingerprint:
        return cls(function, source_digest(code), {_this_python(): code_digest(code)})

    def matches(self, code: CodeType) -> bool:
        """Tell whether the code is what was trained."""
        known = self.code.get(_this_python())
        if known is not None and known == code_digest(code):
            return True
        return bool(self.source) and self.source == source_digest(code)

    def to_json(self) -> dict[str, Any]:
        return {"function": self.function.to_json(), "source": self.source, "code": dict(self.code)}

    @classmethod
    def from_json(cls, fields: Fields) -> Fingerprint:
        return cls(FunctionRef.from_json(fields.child("function")), fields.text("source"), fields.texts("code"))


def _this_python() -> str:
    return sys.implementation.cache_tag or sys.implementation.name


def code_digest(code: CodeType) -> str:
    """Return the digest of a code object: its instructions, constants, names and relative lines."""
    return text_digest(repr(_identity(code)))


def source_digest(code: CodeType) -> str:
    """Return the digest of the code's source text, its indentation removed, or an empty text where there is none."""
    import inspect  # half of a cold start's cost, and needed only where the code's digest doesn't decide
    import textwrap

    try:
        lines, _ = inspect.getsourcelines(code)
    except (OSError, TypeError, SyntaxError, IndexError):
        return ""
    text = textwrap.dedent("".join(lines))
    return text_digest("\n".join(line.rstrip() for line in text.splitlines()))


def text_digest(text: str) -> str:
    """Return what tells one text from others: 32 hexadecimal digits of its SHA-256."""
    content = text.encode("utf-8", "surrogatepass")
    digest: str = _sha256()(content).hexdigest()
    return digest[:32]


def _sha256() -> Callable[[bytes], Any]:
    """Return SHA-256 of Python's own, as `random` takes it: `hashlib` loads OpenSSL, 3 ms and 3 MiB of a cold start."""
    for module in ("_sha2", "_sha256"):  # the latter is its name before 3.12
        try:
            found: Callable[[bytes], Any] = __import__(module).sha256
        except ImportError:  # another version, or a build that relies on OpenSSL
            continue
        return found
    from hashlib import sha256

    return sha256


def _identity(code: CodeType) -> tuple[object, ...]:
    first = code.co_firstlineno
    lines = [(start, end, line - first if line else None) for start, end, line in code.co_lines()]
    shape = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars)
    return (code.co_qualname, code.co_code, shape, names, lines, *map(_constant, code.co_consts))


def _constant(constant: object) -> object:
    if isinstance(constant, CodeType):
        return _identity(constant)
    if isinstance(constant, frozenset):  # its order changes with the hash seed
        return ("frozenset", *sorted(map(repr, constant)))
    if isinstance(constant, tuple):
        return tuple(map(_constant, constant))
    return (type(constant).__name__, repr(constant))
