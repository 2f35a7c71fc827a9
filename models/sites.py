"""Places in code, named so that they mean the same on every Python."""

from __future__ import annotations

from .fields import Fields
from .records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class FunctionRef(Record, order=True):
    """A function by its module and qualified name.

    Attributes:
        module: The module's name, as in `__module__`.
        qualname: The qualified name, as in `__qualname__`; a nested function's has `<locals>` in it.
    """

    module: str
    qualname: str

    def __str__(self) -> str:
        return f"{self.module}:{self.qualname}"

    def to_json(self) -> dict[str, Any]:
        return {"module": self.module, "qualname": self.qualname}

    @classmethod
    def from_json(cls, fields: Fields) -> FunctionRef:
        return cls(fields.name("module"), fields.name("qualname"))


class Site(Record, order=True):
    """A place in code where a variable can be read.

    Attributes:
        function: The function.
        line: The line relative to the code's first line (its first decorator's, if it has one); 0 at entry.
        variable: The variable just assigned, or at entry a parameter; empty for the start of the invocation,
            before anything is known.
        entry: True at the function's entry, False right after an assignment.
    """

    function: FunctionRef
    line: int
    variable: str
    entry: bool = False

    @classmethod
    def start(cls, target: FunctionRef) -> Site:
        """Return the site that every invocation passes first: the start, where nothing is read."""
        return cls(target, 0, "", True)

    @property
    def is_start(self) -> bool:
        return not self.variable

    def __str__(self) -> str:
        if self.is_start:
            return f"the start of {self.function.qualname}"
        if self.entry:
            return f"{self.variable} at the entry of {self.function.qualname}"
        return f"{self.variable} at line {self.line + 1} of {self.function.qualname}"

    def to_json(self) -> dict[str, Any]:
        return {
            "function": self.function.to_json(),
            "line": self.line,
            "variable": self.variable,
            "moment": "entry" if self.entry else "stored",
        }

    @classmethod
    def from_json(cls, fields: Fields) -> Site:
        function = FunctionRef.from_json(fields.child("function"))
        entry = fields.choice("moment", ("entry", "stored")) == "entry"
        variable = fields.text("variable")
        if variable or not entry:
            variable = fields.name("variable")
        return cls(function, fields.integer("line", high=10_000_000), variable, entry)
