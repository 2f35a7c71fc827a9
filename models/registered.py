"""Features that users register for their own types.

A registered reading is the user's own code, run by the tracer and inside a breakpoint. So whatever it raises or
returns, the function goes on: what isn't a number of at least 0, or a short text, says nothing; and a reading that is
slow again and again is not taken any more.
"""

from __future__ import annotations

import math
import warnings
from time import perf_counter

from .attributes import class_name
from .errors import InvalidOption
from .features import (
    OPENLY,
    Feature,
    Read,
    add_registered,
    built_in_features,
    find_feature,
    level,
    registered_features,
)
from .records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SLOW_S = 0.01
MAX_SLOW = 3  # readings in a row that take longer, of one feature, in one process
_LONGEST_NAME = 64
_LONGEST_WRITTEN = 200


class Registration(Record):
    """One registered feature; it travels to the processes that training runs in.

    Attributes:
        class_named: The module and qualified name of the class.
        name: The feature's name in models.
        read: From a value to its number or text.
        written: How it reads in a summary.
        category: Whether its readings are texts.
    """

    class_named: str
    name: str
    read: Callable[[Any], object]
    written: str
    category: bool

    def install(self) -> None:
        """Let values of the class, and of its subclasses, offer the feature."""
        read = _checked(self)
        told = OPENLY if self.category else ""
        feature = Feature(self.name, self.written, lambda _: read, self.category, errors=(Exception,), told=told)
        add_registered(self.class_named, feature, self)


def register_feature(
    cls: type | str,
    name: str,
    read: Callable[[Any], object],
    *,
    written: str | None = None,
    category: bool = False,
) -> None:
    """Teach training and production to read a number, or a category, of a type of your own.

    Call it where the module of the type or of the function is imported, in training as in production: a model that
    names a feature which isn't registered says nothing there, and arming it warns.

    Args:
        cls: The class, or its module and qualified name, such as `"shop.orders.Order"`; nothing is imported for a
            name. Subclasses offer the feature too.
        name: The feature's name in models, an identifier.
        read: From a value to a finite number of at least 0, or to a text of at most 40 characters for a category;
            anything else, and any `Exception`, says nothing. It should be quick, change nothing, and wait for nothing:
            it runs inside the function.
        written: How a summary writes it, with `{}` for the variable; by default `name({})`.
        category: True if `read` returns texts, which may switch a formula's coefficient.

    Raises:
        InvalidOption: If an argument isn't as described, or the class offers a feature of that name already.
    """
    class_named = class_name(cls) if isinstance(cls, type) else cls
    if not isinstance(class_named, str) or not _is_class_name(class_named):
        raise InvalidOption(f"cls={cls!r} is no class: give one, or its name as 'module.Class'")
    if not isinstance(name, str) or not name.isidentifier() or len(name) > _LONGEST_NAME:
        raise InvalidOption(f"name={name!r} is no identifier of at most {_LONGEST_NAME} characters: give one")
    if not callable(read):
        raise InvalidOption(f"read={read!r} is not callable: give the function that reads {name} of a value")
    known = find_feature(name)
    written = written if written is not None else (known.written if known is not None else f"{name}({{}})")
    if not isinstance(written, str) or written.count("{}") != 1 or len(written) > _LONGEST_WRITTEN:
        raise InvalidOption(f"written={written!r} is no text with one {{}} for the variable: give one such as '{{}}.x'")
    if name in built_in_features(class_named):
        raise InvalidOption(f"name={name!r} is already read of {class_named}: choose another name")
    if known is not None and (known.category, known.written) != (category, written):
        kind = "a category" if known.category else "a number"
        raise InvalidOption(
            f"name={name!r} is already {kind} that is written {known.written!r}: register the same, or choose another"
        )
    Registration(class_named, name, read, written, bool(category)).install()


def registrations() -> tuple[Registration, ...]:
    """Return every feature registered in this process."""
    return tuple(source for source in registered_features() if isinstance(source, Registration))


def _is_class_name(name: str) -> bool:
    parts = name.replace(".<locals>.", ".").split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


def _checked(registration: Registration) -> Read:
    """Return the reader that gives nothing but what the feature may say, and isn't asked any more if it is slow."""
    read = registration.read
    check = _text if registration.category else _number
    slow = 0

    def checked(value: Any) -> Any:
        nonlocal slow
        if slow >= MAX_SLOW:
            return None
        began = perf_counter()
        try:
            return check(read(value))
        finally:
            if perf_counter() - began <= SLOW_S:
                slow = 0  # a busy machine is slow now and then
            else:
                slow += 1
                if slow == MAX_SLOW:
                    _tell_slow(registration)

    return checked


def _tell_slow(registration: Registration) -> None:
    try:
        warnings.warn(
            f"the feature {registration.name!r} of {registration.class_named} took longer than {SLOW_S * 1e3:g} ms "
            f"{MAX_SLOW} times in a row, and isn't read in this process any more: make it quicker",
            RuntimeWarning,
            stacklevel=2,
        )
    except RuntimeWarning:  # where warnings are errors, this one mustn't be the function's
        return


def _number(found: Any) -> float | None:
    if isinstance(found, str | bytes | bytearray):
        return None
    number = float(found)
    return number if math.isfinite(number) and number >= 0.0 else None


def _text(found: Any) -> str | None:
    return level(str.__str__(found)) if isinstance(found, str) else None
