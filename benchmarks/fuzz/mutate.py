"""Damages a model file: by its bytes, and by the tree of JSON that they hold.

An object is a list of pairs here, so that keys may be repeated; what no decoder would give, as `1e999` or a number of
thousands of digits, is a `Raw` text that is written as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring as _quoted
from random import Random
from typing import Any


class Pair(list[Any]):
    """A key and its value."""


class Pairs(list[Pair]):
    """A JSON object."""


class Raw(str):
    """JSON as it is to be written."""


Place = tuple[list[Any], int]  # a value of the tree: what holds it, and where

_ODD_NUMBERS = ["0", "-0", "-0.0", "1", "-1", "1e308", "-1e308", "1e999", "-1e999", "5e-324", "1e-999", "0.1e1"]
_ODD_NUMBERS += ["NaN", "Infinity", "-Infinity", "01", "1.", "+1"]
_ODD_NUMBERS += [str(2**53), str(2**53 + 1), str(2**63), str(-(2**63)), "9" * 400, "9" * 5_000, "1" + "0" * 30]
_EXTREME_NUMBERS = (0, 0.0, 5e-324, 1e308, 2**53, True)  # which may pass where a number is asked for
_ODD_TEXTS = ["", " ", ".", "..", "__main__", "os", "os.system", "builtins", "json.decoder", "<locals>", "f.<locals>.g"]
_ODD_TEXTS += [
    "\ud800",
    "\udcff",
    "\0",
    "\n",
    "\x1b[31m",
    "\ufeff",
    "\u202e",
    "a b",
    "größer",
    "\U0001f600",
    "__class__",
]
_ODD_TEXTS += ["x" * 200, "x" * 1_000, "x" * 1_001, "x" * 5_000, "a." * 400 + "a", "{}", "%s", "{0.__class__}", "-1"]
_DEPTHS = (2, 10, 90, 110, 900, 5_000, 20_000)
_REPEATS = (2, 3, 13, 17, 65, 101, 128, 1_001)
MOST_BYTES = 2**18  # of a file; larger ones take longer, and reach nothing else


class Donor:
    """What may be put into a damaged file: the values, texts and keys of a sound one."""

    def __init__(self, content: bytes) -> None:
        self.values = [_value(place) for place in _places(_parse(content) or [None])]
        self.texts = [value for value in self.values if isinstance(value, str)]
        self.by_key: dict[str, list[Any]] = {}
        for value in self.values:
            for key, item in value if isinstance(value, Pairs) else ():
                self.by_key.setdefault(key, []).append(item)
        self.keys = list(self.by_key)


def mutate(content: bytes, random: Random, donors: Sequence[Donor]) -> bytes:
    """Return the file damaged in one to four places; what stands in the donors' may get into it."""
    tree = _parse(content) if random.random() < 0.9 else None
    if tree is None:
        return _mutate_bytes(content, random)[:MOST_BYTES]
    try:
        return _mutate_tree(tree, random, random.choice(donors))[:MOST_BYTES]
    except RecursionError:  # it was nested as deep as it can be
        return _mutate_bytes(content, random)[:MOST_BYTES]


def _mutate_tree(tree: list[Any], random: Random, donor: Donor) -> bytes:
    places = _places(tree)
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
        random.choice(_MUTATIONS)(places, random, donor)
    return _text(tree[0]).encode("utf-8", "surrogatepass")


def _parse(content: bytes) -> Any:
    try:
        return [json.loads(content, object_pairs_hook=lambda pairs: Pairs(map(Pair, pairs)))]
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str:
    if isinstance(value, Raw):
        return value
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{_quoted(key)}:{_text(item)}" for key, item in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _places(tree: list[Any]) -> list[Place]:
    found: list[Place] = []
    waiting: list[Place] = [(tree, 0)]
    while waiting:
        place = waiting.pop()
        found.append(place)
        value = place[0][place[1]]
        if isinstance(value, Pairs):
            waiting.extend((pair, 1) for pair in value)
        elif isinstance(value, list):
            waiting.extend((value, index) for index in range(len(value)))
    return found


def _value(place: Place) -> Any:
    holder, index = place
    return holder[index] if index < len(holder) else None  # an earlier mutation may have emptied the holder


def _put(place: Place, value: Any) -> None:
    holder, index = place
    if index < len(holder):
        holder[index] = value


def _copy(value: Any) -> Any:
    if isinstance(value, Pairs):
        return Pairs(Pair((key, _copy(item))) for key, item in value)
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _pick(places: list[Place], random: Random, wanted: Callable[[Any], bool]) -> Place:
    """Return a place whose value is as wanted; any, if none is."""
    return random.choice([place for place in places if wanted(_value(place))] or places)


def _is_container(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Raw)


def _odd_value(places: list[Place], random: Random, _: Donor) -> None:
    odd = (None, True, False, [], Pairs(), [[]], Raw(random.choice(_ODD_NUMBERS)), random.choice(_ODD_TEXTS))
    _put(random.choice(places), random.choice(odd))


def _odd_number(places: list[Place], random: Random, _: Donor) -> None:
    _put(_pick(places, random, _is_number), Raw(random.choice(_ODD_NUMBERS)))


def _changed_number(places: list[Place], random: Random, _: Donor) -> None:
    place = _pick(places, random, _is_number)
    number = _value(place)
    if _is_number(number):
        changed = [number + 1, number - 1, -number, number * 2, str(number), *_EXTREME_NUMBERS]
        if abs(number) < 2**53:
            changed += [float(number), int(number)]
        _put(place, random.choice(changed))


def _odd_text(places: list[Place], random: Random, _: Donor) -> None:
    _put(_pick(places, random, _is_text), random.choice(_ODD_TEXTS))


def _known_text(places: list[Place], random: Random, donor: Donor) -> None:
    """Put a text where another stands that means something elsewhere: a feature, a fold, a level, a function."""
    _put(_pick(places, random, _is_text), random.choice(donor.texts))


def _swapped(places: list[Place], random: Random, _: Donor) -> None:
    one, other = random.choice(places[1:] or places), random.choice(places[1:] or places)
    first, second = _copy(_value(one)), _copy(_value(other))
    _put(one, second)
    _put(other, first)


def _grafted(places: list[Place], random: Random, donor: Donor) -> None:
    """Put a part of another model in, most often where its like stood."""
    graft = _copy(random.choice(donor.values))
    alike = type(graft) if random.random() < 0.8 else object
    _put(_pick(places, random, lambda value: isinstance(value, alike)), graft)


def _exchanged(places: list[Place], random: Random, donor: Donor) -> None:
    """Put in what another model has by the same key, which most often gives a sound model."""
    pairs = [place for place in places if isinstance(place[0], Pair) and place[0][0] in donor.by_key]
    if pairs:
        place = random.choice(pairs)
        _put(place, _copy(random.choice(donor.by_key[place[0][0]])))


def _without(places: list[Place], random: Random, _: Donor) -> None:
    holder = _value(_pick(places, random, _is_container))
    if _is_container(holder):
        del holder[random.randrange(len(holder))]


def _repeated(places: list[Place], random: Random, _: Donor) -> None:
    holder = _value(_pick(places, random, _is_container))
    if _is_container(holder):
        item = random.choice(holder)
        most = 100_000 // len(_text(item if not isinstance(holder, Pairs) else item[1]) + "-")
        holder.extend(_copy(item) for _ in range(min(most, random.choice(_REPEATS))))


def _renamed(places: list[Place], random: Random, donor: Donor) -> None:
    objects = [_value(place) for place in places if isinstance(_value(place), Pairs) and _value(place)]
    if objects:
        random.choice(random.choice(objects))[0] = random.choice((random.choice(donor.keys), random.choice(_ODD_TEXTS)))


def _shuffled(places: list[Place], random: Random, _: Donor) -> None:
    holder = _value(_pick(places, random, _is_container))
    if _is_container(holder):
        random.shuffle(holder)


def _emptied(places: list[Place], random: Random, _: Donor) -> None:
    holder = _value(_pick(places[1:] or places, random, _is_container))
    if _is_container(holder):
        holder.clear()


def _nested(places: list[Place], random: Random, _: Donor) -> None:
    depth = random.choice(_DEPTHS)
    opened, closed = random.choice((("[", "]"), ('{"":', "}")))
    place = random.choice(places)
    inside = "0" if isinstance(_value(place), Raw) else _text(_value(place))
    _put(place, Raw(opened * depth + inside + closed * depth))


_MUTATIONS: tuple[Callable[[list[Place], Random, Donor], None], ...] = (
    _exchanged,
    _exchanged,
    _exchanged,
    _exchanged,
    _odd_value,
    _odd_number,
    _changed_number,
    _changed_number,
    _odd_text,
    _known_text,
    _known_text,
    _swapped,
    _grafted,
    _grafted,
    _without,
    _repeated,
    _renamed,
    _shuffled,
    _emptied,
    _nested,
)


def _mutate_bytes(content: bytes, random: Random) -> bytes:
    start = random.randint(0, len(content))
    end = min(len(content), start + random.choice((1, 2, 8, 100, 10_000)))
    match random.randrange(7):
        case 0:
            return content[:start]
        case 1:
            return content[:start] + content[end:]
        case 2:
            return content[:start] + random.randbytes(end - start) + content[end:]
        case 3:
            return content[:end] + content[start:end] * random.choice(_REPEATS) + content[end:]
        case 4:
            return content[:start] + random.choice(_ODD_NUMBERS).encode() + content[start:]
        case 5:
            return content.decode("utf-8", "replace").encode(
                random.choice(("utf-8-sig", "utf-16", "utf-32", "latin-1")), "replace"
            )
        case _:
            return (
                content[:start]
                + random.choice((b"[", b"{", b"}", b"]", b'"', b",", b"\\", b"\0", b"\xff"))
                + content[end:]
            )
