"""What tests of recording share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def quick_collections() -> Iterator[None]:
    """Spare the collections before recorded invocations the tests' own libraries, and all that belongs to them."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
