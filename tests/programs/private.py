"""Code as users write it, which takes what is private through its hands in every way."""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple


@dataclass
class Order:
    name: str
    items: list[Any] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)


class Point(NamedTuple):
    label: str
    size: int


class Free:
    """An object whose attributes come from data."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.known = len(data)
        for key, value in data.items():
            setattr(self, key, value)


class Held(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def digests(kind: str, n: int) -> int:
    data = bytearray(n * 3 if kind == "wide" else n)
    return len(data)


def handles(secret: str, value: Any, folder: str, **named: Any) -> str:
    """Hold a secret and a value that holds secrets in variables of every kind."""
    text = secret
    several = [secret, secret * 2]
    pair = (secret, value)
    mapping = {secret: secret, "n": 3, "inner": {secret: {"size": len(secret), secret: 1}}}
    ordered: Any = OrderedDict(mapping)
    default: Any = defaultdict(int, {secret: 4})
    counted: Any = Counter({secret: 2, "n": 2})
    queue: Any = deque([secret])
    unique = {secret}
    order = Order(secret, several, mapping)
    point = Point(secret, 3)
    free = Free({secret: 1, "count": 2, "Z" + secret: mapping})
    space = SimpleNamespace(**{secret: 1, "known": 2})
    options = argparse.Namespace(**{secret: secret, "known": 2})
    row = namedtuple("Row", [secret, "known"])(1, 2)  # type: ignore[misc]  # as of a file's columns
    made = make_dataclass("Made", [secret, "known"])(1, 2)
    path = Path(folder) / secret
    as_text = str(path)
    path.write_text(secret)
    entries = list(os.scandir(folder))
    entry = entries[0]
    file = open(path)  # noqa: SIM115 - a variable that holds a file is what is tried
    content = file.read()
    file.close()
    loaded = json.loads(json.dumps({"n": 1, secret: [mapping]}))
    raw = secret.encode()
    environment = dict(os.environ)
    environment[secret] = secret
    error: Any = None
    try:
        raise Held(secret)
    except Held as caught:
        error = caught
    found: Any = None
    for key, item in mapping.items():
        found = (key, item)
    held = [
        text, several, pair, mapping, ordered, default, counted, queue, unique, order, point, free, space, options, row,
        made, path, as_text, entry, content, loaded, raw, environment, error, found, named,
    ]  # fmt: skip
    return f"{len(held)} {secret}"


def raises(secret: str) -> None:
    text = secret
    raise KeyError(text)


def keeps_what_it_names(event: dict[str, Any], options: argparse.Namespace, free: Free) -> int:
    return int(event["n"]) + options.count + free.known + len(event["kind"])
