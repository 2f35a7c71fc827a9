"""The rows of images, graphs and responses: of Pillow, igraph, networkx, requests and httpx."""

from __future__ import annotations

import math
from itertools import islice

from .attributes import MISSING, own_attribute
from .core_rows import number_of
from .features import Feature, Read, Row, level
from .standard_rows import CONTENT_LENGTH, header_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_NODES = 1_000  # of a graph, whose neighbours are counted
_MAX_HEADERS = 256
# The bytes that a decoded pixel takes, by mode; what isn't here takes four, as RGB does.
_PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, **dict.fromkeys(("I;16", "I;16L", "I;16B", "I;16N"), 2)}
_OTHER_PIXEL_BYTES = 4


def _image_size(value: Any) -> tuple[float, float]:
    """Return an image's width and height, known before it is decoded."""
    size = own_attribute(value, "_size")
    width, height = own_attribute(value, "size") if size is MISSING else size
    return float(int.__index__(width)), float(int.__index__(height))


def _image_mode(value: Any) -> str | None:
    mode = own_attribute(value, "_mode")
    return level(own_attribute(value, "mode") if mode is MISSING else mode)  # its place before Pillow 10.1


def _image_bytes(value: Any) -> float | None:
    mode = _image_mode(value)
    return math.prod(_image_size(value)) * _PIXEL_BYTES.get(mode, _OTHER_PIXEL_BYTES) if mode else None


def _of_image(combine: Callable[[tuple[float, float]], float]) -> Callable[[type], Read]:
    return lambda _: lambda value: combine(_image_size(value))


def _nodes(value: Any) -> float | None:
    nodes = own_attribute(value, "_node")
    return float(len(nodes)) if type(nodes) is dict else None


def _edges(each: float) -> Read:
    """Return the reader of a graph's edges, from the neighbours of its first nodes; each edge is met `each` times."""

    def read(value: Any) -> float | None:
        neighbours = own_attribute(value, "_adj")
        if type(neighbours) is not dict:
            return None
        met = [len(one) for one in islice(neighbours.values(), MAX_NODES) if type(one) is dict]
        return sum(met) / each * len(neighbours) / len(met) if met else 0.0

    return read


def _requests_length(value: Any) -> float | None:
    field: Any = dict.get(own_attribute(own_attribute(value, "headers"), "_store"), "content-length")
    return header_number(field[1])


def _httpx_length(value: Any) -> float | None:
    fields = own_attribute(own_attribute(value, "headers"), "_list")
    for _, name, text in fields[:_MAX_HEADERS]:
        if name == b"content-length":
            return header_number(text)
    return None


def _graph(nodes: Callable[[type], Read], edges: Callable[[type], Read]) -> Row:
    return Row((Feature("nodes", "nodes of {}", nodes), Feature("edges", "edges of {}", edges)))


ROWS: dict[str, Row] = {
    "PIL.Image.Image": Row(
        (
            Feature("width", "{}.width", _of_image(lambda size: size[0])),
            Feature("height", "{}.height", _of_image(lambda size: size[1])),
            Feature("pixels", "pixels of {}", _of_image(math.prod)),
            Feature("decoded_bytes", "decoded bytes of {}", lambda _: _image_bytes),
            Feature("mode", "{}.mode", lambda _: _image_mode, category=True),
        )
    ),
    "igraph._igraph.GraphBase": _graph(number_of("vcount"), number_of("ecount")),
    "networkx.classes.graph.Graph": _graph(lambda _: _nodes, lambda _: _edges(2.0)),
    "networkx.classes.digraph.DiGraph": _graph(lambda _: _nodes, lambda _: _edges(1.0)),
    "requests.models.Response": Row((Feature(*CONTENT_LENGTH, lambda _: _requests_length),)),
    "httpx.Response": Row((Feature(*CONTENT_LENGTH, lambda _: _httpx_length),)),
    "httpx._models.Response": Row((Feature(*CONTENT_LENGTH, lambda _: _httpx_length),)),
}
