from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peakahead.models.fields import is_name

LIBRARY = Path(tokenize.__file__).parent
PLAIN = st.text(st.sampled_from("aé_09²٣Ⅷ\u0301\n -\0漢ªµ\ud800") | st.characters(exclude_characters=".<>"), max_size=4)


def is_parsed_as_a_name(text: str) -> bool:
    try:
        found = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return False
    return isinstance(found, ast.Name) and (found.col_offset, found.end_col_offset) == (0, len(text.encode()))


@settings(max_examples=500, deadline=None)
@given(PLAIN)
def test_a_plain_name_is_what_python_parses_as_one(text: str) -> None:
    text += "_"  # no keyword ends so

    assert is_name(text) == is_parsed_as_a_name(text)


@pytest.mark.parametrize("name", ["make.<locals>.work", "<lambda>", "Order.<lambda>", "app.orders", "हिन्दी", "größe"])
def test_names_as_python_writes_them(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "a.", ".a", "a..b", "<", ">", "<>", "<a", "a>", "<<a>>", "a b", "a\n", "3", "a-b"]
)
def test_other_texts_are_no_names(name: str) -> None:
    assert not is_name(name)


def codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def test_all_names_of_the_standard_library_are_names() -> None:
    for path in sorted(LIBRARY.glob("[a-f]*.py")):
        with tokenize.open(path) as file:
            module = compile(file.read(), path.name, "exec", dont_inherit=True)
        for code in codes(module):
            for name in (code.co_qualname, *code.co_varnames, *code.co_cellvars, *code.co_names):
                if name != ".0":  # what a comprehension goes through
                    assert is_name(name), ascii(name)
