"""`peakahead show`: prints a model."""

from __future__ import annotations

import json

import click

from ..models.file import load
from .console import console


@click.command()
@click.argument("model", metavar="MODEL.JSON")
@click.option("--json", "as_json", is_flag=True, help="Print the model's content as JSON.")
def show(model: str, as_json: bool) -> None:
    """Print where a model looks, what it reads, and how good it is."""
    found = load(model)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1))
    else:
        console.print(str(found), soft_wrap=True, markup=False)
