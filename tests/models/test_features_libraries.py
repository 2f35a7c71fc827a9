"""The rows of third-party libraries, each against what the real library says of itself.

A library that isn't installed is skipped: `make test-integrations` installs them all.
"""

from __future__ import annotations

import gc
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from tests.models.values import inside, offered

MISSING = "needs the extra test-integrations"
CONTENT = b"x" * 5_000


def library(name: str) -> Any:
    return pytest.importorskip(name, reason=MISSING)


@pytest.mark.parametrize(
    "scalar", [np.int8(-3), np.uint64(2**60), np.float16(0.5), np.float32(1.5), np.float64(2.5), np.bool_(True)]
)
def test_a_scalar_of_numpy_is_a_number(scalar: Any) -> None:
    assert offered(scalar)["value"] == float(scalar)


@pytest.mark.parametrize("kind", ["i1", "u8", "f2", "f8", "c16", "?", "U7", "S3", "M8[s]", "O"])
def test_an_array_of_numpy_tells_its_bytes_and_its_dtype(kind: str) -> None:
    found = offered(np.zeros((3, 4), dtype=kind))
    assert found["nbytes"] == np.zeros((3, 4), dtype=kind).nbytes
    assert (found["shape0"], found["shape1"]) == (3.0, 4.0)
    assert found["dtype"] == np.dtype(kind).type.__name__.rstrip("_")
    assert offered(np.dtype(kind))["name"] == found["dtype"]


class OverridingArray(np.ndarray[Any, Any]):
    @property
    def nbytes(self) -> NoReturn:  # type: ignore[override]  # that it lies is the point
        raise AssertionError("nbytes ran")

    @property
    def shape(self) -> NoReturn:  # type: ignore[override]  # as above
        raise AssertionError("shape ran")


class OverridingScalar(np.float64):
    def __float__(self) -> NoReturn:
        raise AssertionError("__float__ ran")


def test_overrides_of_numpy_never_run() -> None:
    assert offered(np.zeros(3).view(OverridingArray))["nbytes"] == 24.0
    assert offered(OverridingScalar(2.5))["value"] == 2.5


@pytest.fixture
def frame() -> Any:
    pd = library("pandas")
    n = 50
    return pd.DataFrame(
        {
            "whole": np.arange(n),
            "real": np.arange(n) / 2,
            "other": np.arange(n) / 3,
            "text": [f"some text {i}" for i in range(n)],
            "object": pd.Series([object()] * n, dtype=object),
            "level": pd.Categorical(["a", "b"] * (n // 2)),
            "missing": pd.array([1, None] * (n // 2), dtype="Int64"),
            "when": pd.date_range("2020-01-01", periods=n, tz="UTC"),
        }
    )


def test_a_frame_of_pandas_tells_rows_columns_and_bytes(frame: Any) -> None:
    found = offered(frame)
    assert (found["rows"], found["columns"]) == frame.shape
    assert found["nbytes"] == frame.memory_usage(index=False, deep=False).sum()
    for part in (frame.iloc[:7], frame[["real", "other"]], frame.iloc[:0], frame[[]], frame.iloc[:0, :0]):
        found = offered(part)
        assert (found["rows"], found["columns"]) == part.shape
        assert found["nbytes"] == part.memory_usage(index=False, deep=False).sum()


def test_a_wide_frame_is_sampled(frame: Any) -> None:
    pd = library("pandas")
    wide = pd.concat([frame["missing"]] * 1_000, axis=1)
    assert offered(wide)["nbytes"] == wide.memory_usage(index=False).sum()


def test_a_column_of_pandas_tells_its_dtype(frame: Any) -> None:
    for name in frame.columns:
        column = frame[name]
        found = offered(column)
        assert found["len"] == len(column)
        assert found["nbytes"] == column.nbytes
        expected = str(column.dtype)
        assert found["dtype"] == {"object": "object"}.get(expected, expected)
        if not isinstance(column.array.dtype, np.dtype):
            assert offered(column.array)["nbytes"] == column.nbytes


def test_a_categorical_column_tells_its_categories(frame: Any) -> None:
    pd = library("pandas")
    cities = pd.Series(["Rome", "Oslo", "Rome", None]).astype("category")
    for column in (cities, cities.cat.add_categories(["Bonn"]), pd.Series(pd.Categorical([]), dtype="category")):
        assert offered(column)["categories"] == len(column.cat.categories)
        assert offered(pd.Index(column))["categories"] == len(column.cat.categories)
    assert "categories" not in offered(frame["whole"])


def test_an_index_of_times_tells_what_it_spans(frame: Any) -> None:
    pd = library("pandas")
    times = pd.date_range("2024-02-28", periods=50, freq="37min")
    for unit in ("s", "ms", "us", "ns"):
        index = times.as_unit(unit)
        expected = (times[-1] - times[0]).total_seconds()
        for value in (index, frame.set_index(index), frame.set_index(index)["real"], index.tz_localize("UTC")):
            assert offered(value)["span_s"] == pytest.approx(expected)
    assert "span_s" not in offered(frame)
    assert "span_s" not in offered(frame.iloc[:0].set_index(times[:0]))


def test_an_index_of_pandas_tells_its_length(frame: Any) -> None:
    pd = library("pandas")
    several = pd.MultiIndex.from_product([range(3), ["a", "b"]])
    for index in (frame.index, frame.columns, pd.Index([1.5, 2.5]), frame.set_index("when").index, several):
        assert offered(index)["len"] == len(index)
    assert offered(pd.Index([1.5, 2.5]))["nbytes"] == 16.0
    assert "_engine" not in several._cache  # nothing was built for it


def test_overrides_of_pandas_never_run() -> None:
    pd = library("pandas")

    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise AssertionError("an override ran")

    overridden = {name: property(refuse) for name in ("shape", "index", "columns", "nbytes", "dtype", "size", "values")}
    overridden |= dict.fromkeys(("__len__", "__getattr__", "memory_usage"), refuse)
    for cls, data in ((pd.DataFrame, {"a": [1, 2]}), (pd.Series, [1, 2])):
        value = cls(data)
        hostile = object.__new__(type(cls.__name__, (cls,), overridden))
        object.__setattr__(hostile, "_mgr", value._mgr)
        assert offered(hostile) == offered(value)
    array = pd.array([1, None], dtype="Int64")
    array_class = type(array)
    hostile_class = type(array_class.__name__, (array_class,), {"nbytes": property(refuse), "__len__": refuse})
    assert set(offered(hostile_class(array._data, array._mask))) == {"type"}
    for cls in (pd.DataFrame, pd.Series, pd.Index, pd.MultiIndex, pd.RangeIndex):
        assert set(offered(cls.__new__(cls) if "Index" not in cls.__name__ else object.__new__(cls))) == {"type"}


def test_tables_of_arrow_tell_rows_columns_and_bytes() -> None:
    pa = library("pyarrow")
    table = pa.table({"a": range(100), "b": ["text"] * 100})
    for value in (table, table.slice(10, 20), table.to_batches()[0], pa.concat_tables([table] * 5), pa.table({})):
        found = offered(value)
        assert (found["rows"], found["columns"]) == (value.num_rows, value.num_columns)
        assert found["nbytes"] == value.nbytes
    many = pa.concat_tables([table] * 3_000)
    assert "nbytes" not in offered(many)  # they would have to be summed over too many chunks
    assert offered(many)["rows"] == 300_000.0
    for column in (table["a"], table["b"], pa.array([1.5]), pa.array([[1, 2], [3]])):
        found = offered(column)
        assert (found["len"], found["nbytes"], found["dtype"]) == (len(column), column.nbytes, str(column.type))
    for cls in (pa.Table, pa.RecordBatch, pa.Array, pa.Int64Array):
        assert set(offered(cls.__new__(cls))) == {"type"}  # where the library itself ends the process


def test_a_parquet_file_tells_what_it_unpacks_to(tmp_path: Path) -> None:
    pa, pq = library("pyarrow"), library("pyarrow.parquet")
    path = tmp_path / "some.parquet"
    pq.write_table(pa.table({"a": range(1_000), "b": [f"{i} text" for i in range(1_000)]}), path, row_group_size=300)
    with pq.ParquetFile(path) as file:
        metadata = file.metadata
        found = offered(file)
        assert found == {
            "rows": 1_000.0,
            "columns": 2.0,
            "row_groups": 4.0,
            "uncompressed_bytes": sum(metadata.row_group(i).total_byte_size for i in range(4)),
            "type": "ParquetFile",
        }
        assert {**offered(metadata), "type": ""} == {**found, "type": ""}
        assert file.read().num_rows == 1_000
    assert set(offered(pq.ParquetFile.__new__(pq.ParquetFile))) == {"type"}


def test_polars_is_read_where_it_is_eager() -> None:
    pl = library("polars")
    frame = pl.DataFrame({"a": range(100), "b": ["text"] * 100})
    for value in (frame, frame[:7], pl.DataFrame()):
        found = offered(value)
        assert (found["rows"], found["columns"]) == (value.height, value.width)
        assert found["nbytes"] == value.estimated_size()
    for column in (frame["a"], frame["b"]):
        found = offered(column)
        assert (found["len"], found["nbytes"]) == (len(column), column.estimated_size())
        assert found["dtype"] == str(column.dtype)
    assert set(offered(frame.lazy())) == {"type"}
    assert set(offered(pl.DataFrame.__new__(pl.DataFrame))) == {"type"}


def test_overrides_of_polars_never_run() -> None:
    pl = library("polars")

    class Overriding(pl.DataFrame):  # type: ignore[misc]  # the library isn't known here
        @property
        def height(self) -> NoReturn:
            raise AssertionError("height ran")

        def estimated_size(self, unit: str = "b") -> NoReturn:
            raise AssertionError("estimated_size ran")

    assert offered(Overriding({"a": [1, 2]}))["rows"] == 2.0


@pytest.mark.parametrize("form", ["csr", "csc", "bsr", "coo", "dok"])
@pytest.mark.parametrize("make", ["random", "random_array"])
def test_a_sparse_matrix_tells_what_it_stores(form: str, make: str) -> None:
    sparse = library("scipy.sparse")
    size = (40, 30) if make == "random" else ((40, 30),)
    matrix = getattr(sparse, make)(*size, density=0.1, format=form, rng=np.random.default_rng(3))
    found = offered(matrix)
    assert found["nnz"] == matrix.nnz
    assert (found["shape0"], found["shape1"]) == matrix.shape
    if form != "dok":
        assert found["dtype"] == str(matrix.dtype)
        parts = [getattr(matrix, name, None) for name in ("data", "indices", "indptr")]
        parts += list(matrix.coords) if form == "coo" else []
        assert found["nbytes"] == sum(part.nbytes for part in parts if part is not None)


def test_graphs_tell_nodes_and_edges() -> None:
    igraph, nx = library("igraph"), library("networkx")
    ring = igraph.Graph.Ring(30)
    assert offered(ring) == {"nodes": ring.vcount(), "edges": ring.ecount(), "type": "Graph"}
    for graph in (nx.path_graph(20), nx.gnp_random_graph(50, 0.1, seed=1, directed=True), nx.Graph(), nx.DiGraph()):
        found = offered(graph)
        assert (found["nodes"], found["edges"]) == (graph.number_of_nodes(), graph.number_of_edges())
    regular = nx.circulant_graph(5_000, [1, 2])
    assert offered(regular)["edges"] == regular.number_of_edges()  # by the first of its nodes
    assert set(offered(nx.Graph.__new__(nx.Graph))) == {"type"}


def test_a_dataset_of_hdf5_tells_its_size_until_its_file_is_closed(tmp_path: Path) -> None:
    h5py = library("h5py")
    with h5py.File(tmp_path / "some.h5", "w") as file:
        dataset = file.create_dataset("a", shape=(100, 20), dtype="f4", chunks=(10, 20))
        empty = file.create_dataset("none", data=h5py.Empty("f4"))
        assert offered(dataset) == {
            "nbytes": dataset.nbytes,
            "shape0": 100.0,
            "shape1": 20.0,
            "dtype": "float32",
            "type": "Dataset",
        }
        assert "nbytes" not in offered(empty)
    assert set(offered(dataset)) == {"type"}
    assert set(offered(h5py.Dataset.__new__(h5py.Dataset))) == {"type"}
    gc.collect()


@pytest.mark.parametrize("version", [2, 3])
def test_an_array_of_zarr_tells_its_size(version: int) -> None:
    zarr = library("zarr")
    array = zarr.create_array(zarr.storage.MemoryStore(), shape=(100, 20), dtype="i2", zarr_format=version)
    found = offered(array)
    assert found["nbytes"] == array.nbytes == 4_000
    assert (found["shape0"], found["shape1"], found["dtype"]) == (100.0, 20.0, str(array.dtype))
    assert set(offered(zarr.Array.__new__(zarr.Array))) == {"type"}


def test_a_tensor_tells_its_bytes_whatever_mode_is_on() -> None:
    torch = library("torch")
    mode = library("torch.overrides").TorchFunctionMode

    class Refusing(mode):  # type: ignore[misc]  # the library isn't known here
        def __torch_function__(self, *_args: object, **_kwargs: object) -> NoReturn:
            raise AssertionError("__torch_function__ ran")

    class Overriding(torch.Tensor):  # type: ignore[misc,name-defined]  # as above
        @classmethod
        def __torch_function__(cls, *_args: object, **_kwargs: object) -> NoReturn:
            raise AssertionError("__torch_function__ ran")

    tensor = torch.zeros((3, 5), dtype=torch.float16)
    hostile = torch.Tensor._make_subclass(Overriding, tensor)
    expected = {"nbytes": 30.0, "numel": 15.0, "shape0": 3.0, "shape1": 5.0, "dtype": "torch.float16"}
    assert (tensor.nbytes, tensor.numel(), str(tensor.dtype)) == (30, 15, "torch.float16")
    with Refusing():
        assert offered(tensor) == {**expected, "type": "Tensor"}
        assert offered(hostile) == {**expected, "type": "Overriding"}
    assert offered(torch.nn.Parameter(torch.zeros(4)))["nbytes"] == 16.0
    assert offered(torch.float16)["name"] == "torch.float16"
    sparse = offered(torch.eye(3).to_sparse())
    assert (sparse["numel"], "nbytes" in sparse) == (9.0, False)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "LA"])
def test_an_image_tells_its_pixels_before_it_is_decoded(tmp_path: Path, mode: str) -> None:
    image_module = library("PIL.Image")
    made = image_module.new(mode, (20, 30))
    assert offered(made) == {
        "width": 20.0,
        "height": 30.0,
        "pixels": 600.0,
        "decoded_bytes": float(_decoded_bytes(made)),
        "mode": mode,
        "type": "Image",
    }
    if mode == "RGB":
        made.save(tmp_path / "some.png")
        with image_module.open(tmp_path / "some.png") as opened:
            assert offered(opened)["pixels"] == 600.0
            assert opened._im is None  # nothing was decoded
            opened.load()
            assert offered(opened)["mode"] == "RGB"
    assert set(offered(image_module.Image.__new__(image_module.Image))) == {"type"}


def _decoded_bytes(image: Any) -> int:
    """Return what the library's own lines take, as `unsafe_ptrs` used to tell: modes of two bands have four bytes."""
    bands = len(image.getbands())
    single = {"I": 4, "F": 4, "I;16": 2}.get(image.mode, 1)
    return int(image.width * image.height * (single if bands == 1 else 4))


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        return


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_response_of_requests_tells_its_length_before_its_body_is_read(address: str) -> None:
    requests = library("requests")
    with requests.Session() as session:
        session.trust_env = False
        with session.get(address, stream=True) as response:
            assert offered(response)["content_length"] == len(CONTENT)
            assert response._content_consumed is False
            assert response.content == CONTENT
    assert set(offered(requests.Response())) == {"type"}
    assert set(offered(requests.Response.__new__(requests.Response))) == {"type"}


def test_a_response_of_httpx_tells_its_length_before_its_body_is_read(address: str) -> None:
    httpx = library("httpx")
    with httpx.Client(trust_env=False) as client, client.stream("GET", address) as response:
        assert offered(response)["content_length"] == len(CONTENT)
        assert not response.is_stream_consumed
        assert response.read() == CONTENT
    assert set(offered(httpx.Response(204))) == {"type"}
    assert set(offered(httpx.Response.__new__(httpx.Response))) == {"type"}


def test_fields_of_attrs_and_pydantic_are_read_by_name() -> None:
    attrs, pydantic = library("attrs"), library("pydantic")

    @attrs.define
    class Slotted:
        width: int
        tags: list[str]

    @attrs.define(slots=False)
    class Plain:
        width: int
        tags: list[str]

    model = pydantic.create_model("Model", width=(int, ...), tags=(list[str], ...))
    for value in (Slotted(640, ["a"]), Plain(640, ["a"]), model(width=640, tags=["a"])):
        found = inside(value)
        assert (found[".width:value"], found[".tags:len"]) == (640.0, 1.0)
    assert inside(Slotted.__new__(Slotted)) == {}
    assert inside(model.__new__(model)) == {}
