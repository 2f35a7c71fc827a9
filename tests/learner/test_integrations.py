"""Real functions learned by what libraries know of their values before they work on them."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import peakahead
from peakahead.models import features
from peakahead.models.model import Stage
from tests.programs import integrations
from tests.programs.integrations import Job, Order, Shape

MISSING = "needs the extra test-integrations"
N = 20
SIZES = [random.Random(n).randint(200_000, 3_000_000) for n in range(N)]


@pytest.fixture
def generator() -> random.Random:
    return random.Random(7)


def library(name: str) -> Any:
    return pytest.importorskip(name, reason=MISSING)


def last_stage(function: Any, calls: list[Any], before: Any = None) -> Stage:
    """Return the last stage of what is learned, which speaks when nearly all is still to come."""
    stage = peakahead.learn(function, calls, jobs=2, before=before).stages[-1]
    assert stage.error < 0.05
    assert stage.lead > 0.9
    return stage


def expressions(stage: Stage) -> list[str]:
    return [str(reading) for reading in stage.readings]


def test_a_frames_bytes() -> None:
    pd = library("pandas")
    calls = [(pd.DataFrame({"a": np.arange(n // 2), "b": np.arange(n // 2) / 3}),) for n in SIZES]
    assert expressions(last_stage(integrations.doubles_frame, calls)) in (["frame.nbytes"], ["rows of frame"])


def test_an_images_pixels(tmp_path: Path, generator: random.Random) -> None:
    image = library("PIL.Image")
    calls = []
    for index in range(N):
        size = (generator.randint(1_200, 3_400), generator.randint(1_200, 3_400))
        calls.append((str(tmp_path / f"{index}.png"),))
        n_pixels = size[0] * size[1]
        tile = generator.randbytes(2**16)
        noise = image.frombytes("L", size, (tile * (n_pixels // len(tile) + 1))[:n_pixels])
        depth = generator.choice((6, 60))  # so that files of equally many pixels differ in size
        noise.point([100 + level * depth // 255 for level in range(256)]).save(calls[-1][0], compress_level=1)
    stage = last_stage(integrations.decodes, calls, before=integrations.load_pillow)
    assert expressions(stage) in (["pixels of image"], ["decoded bytes of image"])


def test_an_archives_members(tmp_path: Path, generator: random.Random) -> None:
    calls = []
    for index, size in enumerate(SIZES):
        calls.append((str(tmp_path / f"{index}.zip"),))
        with zipfile.ZipFile(calls[-1][0], "w", zipfile.ZIP_DEFLATED) as archive:
            for part in range(generator.randint(6, 15)):
                archive.writestr(f"{part}", generator.choice((bytes, generator.randbytes))(size // 2))
    assert "uncompressed bytes of archive" in expressions(last_stage(integrations.unzips, calls))


def test_a_parquet_files_bytes(tmp_path: Path) -> None:
    pa, pq = library("pyarrow"), library("pyarrow.parquet")
    calls = []
    for index, size in enumerate(SIZES):
        calls.append((str(tmp_path / f"{index}.parquet"),))
        table = pa.table({"a": np.random.default_rng(index).random(size), "b": np.arange(size)})
        pq.write_table(table, calls[-1][0], compression="NONE", use_dictionary=False, row_group_size=20_000)
    stage = last_stage(integrations.reads_parquet, calls, before=integrations.load_pyarrow)
    assert expressions(stage) in (["rows of file"], ["uncompressed bytes of file"], ["file_size(path)"])


def test_a_dtype_that_switches_the_factor(generator: random.Random) -> None:
    calls = [(n, generator.choice(("int8", "float32", "float64"))) for n in (*SIZES, *SIZES)]
    stage = last_stage(integrations.fills, calls)
    assert expressions(stage) == ["n", "kind"]
    for level in ("int8", "float32", "float64"):
        slope = stage.formula.evaluate([2e6, level]) - stage.formula.evaluate([1e6, level])
        assert slope == pytest.approx(1e6 * np.dtype(level).itemsize, rel=0.1)


def test_a_field_of_a_dataclass() -> None:
    stage = last_stage(integrations.works, [(Job("some", n),) for n in SIZES])
    assert expressions(stage) == ["job.width"]


def test_the_fields_of_a_named_tuple(generator: random.Random) -> None:
    calls = [(Shape(generator.randint(300, 2_000), generator.randint(300, 2_000)),) for _ in range(N)]
    assert sorted(expressions(last_stage(integrations.tables, calls))) == ["shape.columns", "shape.rows"]


def test_what_a_lists_items_come_to(generator: random.Random) -> None:
    calls = [(["x" * generator.randint(10_000, 300_000) for _ in range(generator.randint(3, 30))],) for _ in range(N)]
    assert expressions(last_stage(integrations.joins, calls)) == ["sum of len of items of texts"]


@pytest.fixture
def registered() -> Iterator[None]:
    peakahead.register_feature(Order, "weight", Order.weight, written="{}.weight()")
    yield
    for kept in (features._registered, features._sources, features._readers_by_class):
        kept.clear()


@pytest.mark.usefixtures("registered")
def test_a_registered_feature(generator: random.Random) -> None:
    calls = [(Order([generator.randint(30_000, 300_000) for _ in range(generator.randint(2, 9))]),) for _ in range(N)]
    stage = last_stage(integrations.packs, calls)
    assert expressions(stage) == ["order.weight()"]
