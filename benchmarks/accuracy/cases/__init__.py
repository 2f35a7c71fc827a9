"""The cases, by theme. A theme whose library isn't installed is named, not silently left out."""

from __future__ import annotations

import importlib
from dataclasses import replace
from importlib.util import find_spec

from ..case import Case
from ..functions import loading

# What each theme's functions import.
THEMES: dict[str, tuple[str, ...]] = {
    "kernels": ("igraph",),
    "text": (),
    "arrays": ("scipy",),
    "frames": ("pandas", "pyarrow", "polars"),
    "images": ("PIL",),
    "invoices": ("pydantic",),
    "structure": ("attrs",),
    "stored": ("h5py", "zarr", "networkx", "requests"),
}


def missing() -> dict[str, list[str]]:
    """Return the themes that can't run here, and the libraries that they lack."""
    lacking = {theme: [name for name in needed if find_spec(name) is None] for theme, needed in THEMES.items()}
    return {theme: names for theme, names in lacking.items() if names}


def all_cases() -> dict[str, Case]:
    """Return the cases that can run here, by name."""
    lacking = missing()
    found = [
        replace(case, before=getattr(loading, theme, None))
        for theme in THEMES
        if theme not in lacking
        for case in importlib.import_module(f".{theme}", __name__).CASES
    ]
    cases = {case.name: case for case in found}
    assert len(cases) == len(found), "two cases have one name"
    return cases
