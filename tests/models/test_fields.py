from __future__ import annotations

import re
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from peakahead.models.fields import is_name

NAME = re.compile(r"[^\W\d][\w.<>]*|<[\w.<>]+")  # what is meant, as a pattern
ALPHABET = st.sampled_from("aZé_.<>09²٣Ⅷ\u0301\n -\0漢ªµ\ud800") | st.characters(exclude_categories=())


@settings(max_examples=500, deadline=None)
@given(st.text(ALPHABET, max_size=6))
@example("make.<locals>.work")
@example("<lambda>")
@example("<")
@example("")
@example("work\n")
def test_a_name_is_what_the_pattern_matches(text: str) -> None:
    assert is_name(text) == (NAME.fullmatch(text) is not None)


@pytest.mark.parametrize("place", ["{}", "a{}", "<{}"])
def test_every_character_counts_as_the_pattern_has_it(place: str) -> None:
    for character in map(chr, range(0x20000)):  # the planes above hold ideographs, tags and private use
        text = place.format(character)
        assert is_name(text) == (NAME.fullmatch(text) is not None), ascii(text)


def test_the_standard_library_is_named_so() -> None:
    names = [name for module in list(sys.modules.values()) for name in vars(module) if isinstance(name, str)]
    assert len(names) > 10_000
    for name in names:
        assert is_name(name) == (NAME.fullmatch(name) is not None), ascii(name)
