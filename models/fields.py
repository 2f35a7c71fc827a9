"""Checked access to the fields of untrusted JSON.

A `Fields` wraps one JSON object and knows its place in the file, so that every complaint names it
(`stages[0].terms[1].coefficient`). Nothing is converted silently: a wrong type is an error.
"""

from __future__ import annotations

import math

from .errors import InvalidModel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MAX_TEXT = 1_000
MAX_ITEMS = 1_000
_INTEGER_LIMIT = 2**53  # beyond it a JSON number is no longer exact in every reader


def is_name(text: str) -> bool:
    """Tell whether a text is an identifier, or a qualified name: with dots, and parts as `<locals>` or `<lambda>`."""
    parts = text.split(".")
    return all((part[1:-1] if part[:1] == "<" and part[-1:] == ">" else part).isidentifier() for part in parts)


def printable(text: str) -> str:
    """Return the text with what a terminal would obey, or can't show, written as Python escapes it."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode()
        for letter in text
    )


class Fields:
    """One JSON object of a model file, read field by field.

    Args:
        data: The decoded JSON value; must be an object.
        where: Its place in the file, for messages.

    Raises:
        InvalidModel: If `data` isn't an object; every method raises it for a field that isn't as asked.
    """

    def __init__(self, data: Any, where: str) -> None:
        self.where = where
        if not isinstance(data, dict):
            raise self.complaint("an object")
        self._data = data

    def complaint(self, expected: str, field: str = "") -> InvalidModel:
        """Return the error that says what the field should have been."""
        place = printable(f"{self.where}.{field}" if field else self.where)
        return InvalidModel(f"{place} should be {expected}: the model file is damaged, export it again with `learn`")

    def has(self, field: str) -> bool:
        return self._data.get(field) is not None

    def text(self, field: str) -> str:
        value = self._data.get(field)
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise self.complaint(f"a text of at most {MAX_TEXT} characters", field)
        return value

    def name(self, field: str) -> str:
        value = self.text(field)
        if not is_name(value):
            raise self.complaint("a name as Python writes it", field)
        return value

    def choice(self, field: str, choices: tuple[str, ...]) -> str:
        value = self.text(field)
        if value not in choices:
            raise self.complaint(f"one of {', '.join(choices)}", field)
        return value

    def number(self, field: str, low: float = -math.inf, high: float = math.inf) -> float:
        return self._number(self._data.get(field), field, low, high)

    def numbers(self, field: str, most: int, low: float = -math.inf, high: float = math.inf) -> tuple[float, ...]:
        """Return a list of numbers."""
        return tuple(self._number(value, field, low, high) for value in self.items(field, most))

    def _number(self, value: Any, field: str, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.complaint("a number", field)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or not low <= number <= high:
            raise self.complaint(f"a finite number from {low} to {high}", field)
        return number

    def integer(self, field: str, low: int = 0, high: int = _INTEGER_LIMIT) -> int:
        return self._integer(self._data.get(field), field, low, high)

    def integers(self, field: str, most: int, low: int = 0, high: int = _INTEGER_LIMIT) -> tuple[int, ...]:
        """Return a list of whole numbers."""
        return tuple(self._integer(value, field, low, high) for value in self.items(field, most))

    def _integer(self, value: Any, field: str, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.complaint(f"a whole number from {low} to {high}", field)
        return value

    def flag(self, field: str) -> bool:
        value = self._data.get(field)
        if not isinstance(value, bool):
            raise self.complaint("true or false", field)
        return value

    def items(self, field: str, most: int = MAX_ITEMS) -> list[Any]:
        value = self._data.get(field)
        if not isinstance(value, list) or len(value) > most:
            raise self.complaint(f"a list of at most {most} items", field)
        return value

    def child(self, field: str) -> Fields:
        return Fields(self._data.get(field), f"{self.where}.{field}")

    def children(self, field: str, most: int = MAX_ITEMS) -> Iterator[Fields]:
        for index, item in enumerate(self.items(field, most)):
            yield Fields(item, f"{self.where}.{field}[{index}]")

    def texts(self, field: str) -> dict[str, str]:
        """Return an object whose values are all texts."""
        child = self._named(field)
        return {name: child.text(name) for name in child._data}

    def counts(self, field: str) -> dict[str, int]:
        """Return an object whose values are all whole numbers."""
        child = self._named(field)
        return {name: child.integer(name) for name in child._data}

    def readings(self, field: str) -> dict[str, float]:
        """Return an object whose values are all numbers."""
        child = self._named(field)
        return {name: child.number(name) for name in child._data}

    def _named(self, field: str) -> Fields:
        """Return an object whose fields' names are the file's own choice."""
        child = self.child(field)
        if len(child._data) > MAX_ITEMS or any(len(name) > MAX_TEXT for name in child._data):
            raise self.complaint(f"an object of at most {MAX_ITEMS} fields of short names", field)
        return child
