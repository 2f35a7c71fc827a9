"""Decodes the JSON of an untrusted file within bounds that no model reaches.

What a decoder makes of 4 MiB may take thirty times as much (a million empty objects), its C code recurses as deep as
the host's recursion limit lets it, which the host may have raised past its stack, and a number of a million digits
takes minutes where the host has lifted Python's limit. So the shape is checked before anything is decoded.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_OBJECTS = 20_000  # lists and objects; a model of 16 stages with a forest each has some 5,000
MAX_VALUES = 200_000
MAX_DEPTH = 100
MAX_DIGITS = 1_000  # of a whole number; no float has as many

_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def decode(content: bytes) -> Any:
    """Return what a JSON file in UTF-8 holds.

    Raises:
        ValueError: If it isn't JSON, or larger or deeper than a model can be.
        RecursionError: If the host has hardly any stack left.
    """
    if content.count(b"[") + content.count(b"{") > MAX_OBJECTS:
        raise ValueError(f"more than {MAX_OBJECTS:,} lists and objects")
    if content.count(b",") > MAX_VALUES or content.count(b'"') > 4 * MAX_VALUES:  # a key and a text each
        raise ValueError(f"more than {MAX_VALUES:,} values")
    if _is_too_deep(content):
        raise ValueError(f"lists and objects more than {MAX_DEPTH} deep")
    import json  # when there is something to read

    text = content.removeprefix(b"\xef\xbb\xbf").decode()  # by hand: its codec would have to be imported
    return json.loads(text, parse_int=_whole)


def _is_too_deep(content: bytes) -> bool:
    outside_texts = b"".join(content.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2])
    depth = 0
    for bracket in outside_texts.translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)
