"""Images with Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ..case import Case, Making
from ..functions import images

# Bytes a pixel: four a pixel of colours; decoded and copied, and what is transparent is multiplied in one more copy.
_MODES = {"L": 2, "RGB": 8, "RGBA": 12}


def _photo(making: Making, mode: str, low: float, high: float) -> Path:
    """Write a PNG of very different sides, whose file size says little: some are flat, some are noise."""
    width, height = making.whole(low, high, 0.5), making.whole(low, high, 0.5)
    bands = len(mode)
    pixels = np.zeros((height, width, bands), np.uint8)
    noisy = int(height * making.random.uniform(0.0, 0.4))
    pixels[:noisy] = making.random.integers(0, 256, (noisy, width, bands), np.uint8)
    path = making.folder / "photo.png"
    Image.fromarray(pixels.squeeze()).save(path, compress_level=1)
    return path


def _any_mode(making: Making) -> tuple[str]:
    return (str(_photo(making, str(making.random.choice(list(_MODES))), 500, 2_000)),)


def _decoded_bytes(path: str) -> float:
    with Image.open(path) as image:
        return float(image.width * image.height * _MODES[image.mode])


def _poster(making: Making) -> tuple[str, images.Quality]:
    quality = list(images.Quality)[making.random.integers(2)]
    return str(_photo(making, "RGB", 400, 1_600)), quality


def _rendered_pixels(path: str, quality: images.Quality) -> float:
    with Image.open(path) as image:
        return image.width * image.height * (2.75 if quality is images.Quality.PRINT else 1.0)


def _faces(making: Making) -> tuple[int, str]:
    return making.whole(20, 150), str(_photo(making, "RGB", 400, 1_600))


def _canvas_and_photo(copies: int, path: str) -> float:
    """Bytes of the canvas, the converted photo and its floats."""
    with Image.open(path) as image:
        return copies * 256.0 * 256.0 * 4.0 + image.width * image.height * (4 + 4 + 12.0 + 4.0)


CASES = (
    Case(images.thumbnail, _any_mode, _decoded_bytes, "pixels x bytes a pixel", ("switch", "native"), ("image",)),
    Case(
        images.render_poster, _poster, _rendered_pixels, "pixels, for print four times as many",
        ("switch", "native"), ("image", "category"),
    ),
    Case(
        images.average_face, _faces, _canvas_and_photo, "copies, and the photo's pixels",
        ("two stages", "several"), ("image", "number"),
    ),
)  # fmt: skip
