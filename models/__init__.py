"""The contract between training and production: sites, readings, formulas, and the file they travel in.

Standard library only. Production imports this at every cold start, so it imports little, and that when it is needed:
records derive from `Record` instead of `@dataclass`; modules that few models need are imported by what needs them; and
what only annotations name is imported for type checkers alone, which take `TYPE_CHECKING` for true wherever it is set:

    TYPE_CHECKING = False
    if TYPE_CHECKING:
        from typing import Any

An alias of types that names such imports is a text, annotated as `TypeAlias`. A test of the house keeps to this.
"""
