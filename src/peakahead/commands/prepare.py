"""`peakahead prepare`: rewrites the functions of a model beforehand, for cold starts."""

from __future__ import annotations

import click

from ..models.file import load
from ..runtime.arming import prepare as prepare_model
from .console import console
from .target import import_from_here


@click.command()
@click.argument("model", metavar="MODEL.JSON")
def prepare(model: str) -> None:
    """Write the armed code of a model's functions beside it, for this Python, when an image is built.

    In production `peakahead.arm(model, prepared="MODEL.JSON")` then imports no `bytecode`. What is written is code that
    will run: keep it as safe as the source.
    """
    import_from_here()
    found = load(model)
    written = prepare_model(found, model)
    console.print(f"wrote {written}, with {len(found.sites())} breakpoints", soft_wrap=True, markup=False)
