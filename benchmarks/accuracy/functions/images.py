"""Images: thumbnails and posters with Pillow."""

from __future__ import annotations

import enum

import numpy as np
from PIL import Image, ImageFilter, ImageOps


class Quality(enum.Enum):
    DRAFT = 1
    PRINT = 2


def thumbnail(path: str, side: int = 256) -> tuple[int, int]:
    image = Image.open(path)
    rotated = ImageOps.exif_transpose(image)
    rotated.thumbnail((side, side))
    return rotated.size


def render_poster(path: str, quality: Quality) -> bytes:
    with Image.open(path) as source:
        image = source.convert("RGB")
    if quality is Quality.PRINT:
        image = image.resize((image.width * 2, image.height * 2), Image.Resampling.LANCZOS)
    sharpened = image.filter(ImageFilter.SHARPEN)
    return sharpened.tobytes()[:16]


def average_face(copies: int, path: str) -> float:
    canvas = np.zeros((copies, 256, 256), dtype=np.float32)
    canvas += np.random.default_rng(0).normal(0.0, 1.0, (256, 256)).astype(np.float32)
    photo = Image.open(path)
    pixels = np.asarray(photo.convert("RGB"), dtype=np.float32)
    grey = pixels.mean(axis=2)
    return float(canvas.mean() + grey.mean())
