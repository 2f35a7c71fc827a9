"""The rows of tables and their columns: of pandas, Arrow (with Parquet files) and Polars."""

from __future__ import annotations

from .array_rows import dtype, dtype_name
from .attributes import MISSING, from_c, own_attribute
from .core_rows import LENGTH, behind, length_of, nbytes, number_of, slot, uncompressed
from .features import Feature, Read, Row, belongs_to, level, readers_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_BLOCKS = 256  # of a table; what has more is sampled
_MAX_CHUNKS = 4_096  # of all columns together; bytes of more are not asked for
_MAX_ROW_GROUPS = 64
_SECONDS = {"M8[s]": 1.0, "M8[ms]": 1e-3, "M8[us]": 1e-6, "M8[ns]": 1e-9}  # a tick of NumPy's times


def _number(read: Callable[[Any], Any]) -> Callable[[type], Read]:
    def number(value: Any) -> float | None:
        found = read(value)
        return float(found) if type(found) in (int, float) else None

    return lambda _: number


def _read(value: Any, feature: str) -> Any:
    reader = readers_for(type(value)).get(feature)
    return reader(value) if reader is not None else None


# pandas: a frame keeps its columns in blocks, arrays of one dtype each; a manager written in C holds them.


def _axis(place: int) -> Callable[[Any], Any]:
    def length(value: Any) -> Any:
        return _index_length(_managed(value, "axes")[place])

    return length


def _managed(value: Any, name: str) -> Any:
    manager = own_attribute(value, "_mgr")
    found = from_c(manager, name)
    return own_attribute(manager, name) if found is MISSING else found  # as a Series' is, which Python keeps


def _index_length(value: Any) -> Any:
    for name in ("_range", "_data"):
        found = own_attribute(value, name)
        if found is not MISSING:
            return _length(found)
    codes = own_attribute(value, "_codes")  # of a MultiIndex, one array a level
    return _length(list.__getitem__(codes, 0))


def _length(values: Any) -> Any:
    length = _read(values, "len")
    return _read(values, "shape0") if length is None else length


def _index_values(value: Any) -> Any:
    return own_attribute(value, "_data")


def _frame_bytes(value: Any) -> float | None:
    blocks = _managed(value, "blocks")
    n = len(blocks)
    if not n:
        return 0.0
    step = max(1.0, n / MAX_BLOCKS)
    picked = [blocks[int(index * step)] for index in range(min(n, MAX_BLOCKS))]
    sizes = [_read(from_c(block, "values"), "nbytes") for block in picked]
    known = [size for size in sizes if isinstance(size, int | float)]
    return sum(known) * n / len(known) if len(known) == len(sizes) else None


def _series_values(value: Any) -> Any:
    return from_c(_managed(value, "blocks")[0], "values")


def _pandas_dtype(_: type) -> Read:
    def read(value: Any) -> str | None:
        kind = value.dtype
        if belongs_to(type(kind), "numpy"):
            return dtype_name(kind)
        return _plain(str(kind.name)) if belongs_to(type(kind), "pandas") else None

    return read


def _plain(dtype: str) -> str | None:
    """Return a dtype's name, unless it has fields: their names are the user's."""
    return None if "struct<" in dtype or "union<" in dtype else level(dtype)


def _span_s(index: Any) -> float | None:
    """Return the seconds from an index's first time to its last: what resampling it comes to."""
    times = from_c(_index_values(index), "_ndarray")
    unit = _SECONDS.get(from_c(from_c(times, "dtype"), "str")[1:])  # but for the byte order
    if unit is None or not len(times):
        return None
    ticks = times.view("int64")
    return max(0.0, float(ticks[-1] - ticks[0]) * unit)


def _n_categories(values: Any) -> float | None:
    """Return how many levels a categorical column has: what encoding it comes to."""
    kind = from_c(values, "_dtype")
    if not belongs_to(type(kind), "pandas"):
        return None
    return float(_index_length(own_attribute(kind, "_categories")))


def _span(index: Callable[[Any], Any]) -> Feature:
    return Feature("span_s", "seconds spanned by {}", lambda _: lambda value: _span_s(index(value)))


def _column(values: Callable[[Any], Any], length: Callable[[Any], Any], index: Callable[[Any], Any]) -> Row:
    """Return the row of a column, by what holds its values and what indexes them."""
    return Row(
        (
            Feature("len", "len({})", _number(length)),
            nbytes(lambda _: behind(values, "nbytes")),
            dtype(lambda _: behind(values, "dtype")),
            Feature("categories", "categories of {}", lambda _: lambda value: _n_categories(values(value))),
            _span(index),
        )
    )


# Arrow: what is written in Cython has slots that no subclass overrides. They follow a pointer that is null in what was
# made without its factory, which would end the process: so tables and arrays are asked first. Chunked arrays and
# Parquet metadata can't be; nothing can be done with such a one, not even printing it.


def _of_table(bind: Callable[[type], Read]) -> Callable[[type], Read]:
    def bound(cls: type) -> Read:
        read = bind(cls)
        is_made = cls.__dict__.get("_is_initialized", lambda _: True)  # pyarrow of old can't tell
        return lambda value: read(value) if is_made(value) else None

    return bound


def _of_array(bind: Callable[[type], Read]) -> Callable[[type], Read]:
    def bound(cls: type) -> Read:
        read, type_of = bind(cls), slot("type", cls)
        return lambda value: read(value) if type_of(value) is not None else None

    return bound


def _arrow_bytes(chunks_of: Callable[[type], Callable[[Any], int]]) -> Callable[[type], Read]:
    def bind(cls: type) -> Read:
        size, chunks = slot("nbytes", cls), chunks_of(cls)
        return lambda value: float(size(value)) if chunks(value) <= _MAX_CHUNKS else None

    return bind


def _table_chunks(cls: type) -> Callable[[Any], int]:
    columns, column = slot("num_columns", cls), getattr(cls, "column")  # noqa: B009 - mypy: not every type has it

    def chunks(value: Any) -> int:
        n = int(columns(value))
        each = from_c(column(value, 0), "num_chunks") if n else 0
        return n if each is MISSING else n * int(each)  # a batch's columns have no chunks

    return chunks


def _arrow_dtype(cls: type) -> Read:
    type_of = slot("type", cls)

    def read(value: Any) -> str | None:
        kind = type_of(value)
        return _plain(str(kind)) if belongs_to(type(kind), "pyarrow") else None

    return read


def _row_group_bytes(cls: type) -> Read:
    """Bind to the uncompressed bytes of a Parquet file's row groups, sampled evenly where there are many."""
    count, group = slot("num_row_groups", cls), slot("row_group", cls)

    def read(value: Any) -> float | None:
        n = int(count(value))
        step = max(1.0, n / _MAX_ROW_GROUPS)
        sizes = [int(group(value, int(i * step)).total_byte_size) for i in range(min(n, _MAX_ROW_GROUPS))]
        return sum(sizes) * n / len(sizes) if sizes else 0.0

    return read


def _parquet_metadata(value: Any) -> Any:
    reader = own_attribute(value, "reader")
    return reader.metadata if belongs_to(type(reader), "pyarrow") else None


# Polars: what is written in Rust has methods that no subclass overrides.


def _polars(attribute: str, method: str) -> Callable[[Any], Any]:
    return lambda value: from_c(own_attribute(value, attribute), method)


def _polars_bytes(attribute: str, columns: Callable[[Any], int]) -> Callable[[Any], Any]:
    size, chunks = _polars(attribute, "estimated_size"), _polars(attribute, "n_chunks")

    def read(value: Any) -> Any:
        return size(value) if columns(value) * chunks(value) <= _MAX_CHUNKS else None

    return read


def _polars_dtype(value: Any) -> str | None:
    kind = from_c(own_attribute(value, "_s"), "dtype")
    return level(type.__dict__["__name__"].__get__(kind if isinstance(kind, type) else type(kind)))


def _rows(bind: Callable[[type], Read]) -> Feature:
    return Feature("rows", "rows of {}", bind)


def _columns(bind: Callable[[type], Read]) -> Feature:
    return Feature("columns", "columns of {}", bind)


_PANDAS_FRAME = Row(
    (
        _rows(_number(_axis(-1))),
        _columns(_number(_axis(0))),
        nbytes(lambda _: _frame_bytes),
        _span(lambda frame: _managed(frame, "axes")[-1]),
    )
)
_PANDAS_SERIES = _column(_series_values, _axis(0), lambda series: _managed(series, "axes")[0])
_PANDAS_INDEX = _column(_index_values, _index_length, lambda index: index)
_PANDAS_ARRAY = Row(
    (
        Feature("len", "len({})", _number(len)),
        nbytes(_number(lambda value: value.nbytes)),
        dtype(_pandas_dtype),
    ),
    exact=True,
)
_ARROW_TABLE = Row(
    (
        _rows(_of_table(number_of("num_rows"))),
        _columns(_of_table(number_of("num_columns"))),
        nbytes(_of_table(_arrow_bytes(_table_chunks))),
    )
)
_PARQUET = (
    _rows(number_of("num_rows")),
    _columns(number_of("num_columns")),
    Feature("row_groups", "row groups of {}", number_of("num_row_groups")),
    uncompressed(_row_group_bytes),
)
_PARQUET_FILE = Row(
    tuple(
        Feature(one.name, one.written, lambda _, name=one.name: behind(_parquet_metadata, name))  # type: ignore[misc]
        for one in _PARQUET
    )
)
_POLARS_WIDTH = _polars("_df", "width")

ROWS: dict[str, Row] = {
    "pandas.DataFrame": _PANDAS_FRAME,
    "pandas.core.frame.DataFrame": _PANDAS_FRAME,  # these are the names before pandas 3
    "pandas.Series": _PANDAS_SERIES,
    "pandas.core.series.Series": _PANDAS_SERIES,
    "pandas.Index": _PANDAS_INDEX,
    "pandas.core.indexes.base.Index": _PANDAS_INDEX,
    "pandas.api.extensions.ExtensionArray": _PANDAS_ARRAY,
    "pandas.core.arrays.base.ExtensionArray": _PANDAS_ARRAY,
    "pyarrow.lib.Table": _ARROW_TABLE,
    "pyarrow.lib.RecordBatch": _ARROW_TABLE,
    "pyarrow.lib.Array": Row(
        (
            Feature("len", "len({})", _of_array(length_of)),
            nbytes(_of_array(_arrow_bytes(lambda _: lambda _: 1))),
            dtype(_of_array(_arrow_dtype)),
        )
    ),
    "pyarrow.lib.ChunkedArray": Row(
        (LENGTH, nbytes(_arrow_bytes(lambda cls: slot("num_chunks", cls))), dtype(_arrow_dtype))
    ),
    "pyarrow._parquet.FileMetaData": Row(_PARQUET),
    "pyarrow.parquet.core.ParquetFile": _PARQUET_FILE,
    "pyarrow.parquet.ParquetFile": _PARQUET_FILE,  # before pyarrow 11
    "polars.dataframe.frame.DataFrame": Row(
        (
            _rows(_number(_polars("_df", "height"))),
            _columns(_number(_POLARS_WIDTH)),
            nbytes(_number(_polars_bytes("_df", _POLARS_WIDTH))),
        )
    ),
    "polars.series.series.Series": Row(
        (
            Feature("len", "len({})", _number(_polars("_s", "len"))),
            nbytes(_number(_polars_bytes("_s", lambda _: 1))),
            dtype(lambda _: _polars_dtype),
        )
    ),
}
