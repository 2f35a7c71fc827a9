"""The rows of arrays: of NumPy, PyTorch, SciPy, h5py and Zarr."""

from __future__ import annotations

import math
import sys

from .attributes import MISSING, from_c, own_attribute
from .core_rows import axes, behind, finite, nbytes, number_of, slot
from .features import Feature, Read, Row, belongs_to, level

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MAX_AXES = 64  # more than any of these libraries allows


def dtype(bind: Callable[[type], Read]) -> Feature:
    return Feature("dtype", "{}.dtype", bind, category=True)


_class_name_of = type.__dict__["__name__"].__get__


def dtype_name(kind: Any) -> str | None:
    """Return the name of a NumPy dtype, by the class of its scalars."""
    name = _class_name_of(from_c(kind, "type"))
    return level(name.rstrip("_"))


def _dtype_of_array(cls: type) -> Read:
    dtype_of = slot("dtype", cls)
    return lambda value: dtype_name(dtype_of(value))


def _numpy_number(cls: type) -> Read:
    to_float = getattr(cls, "__float__")  # noqa: B009 - mypy: not every type has it, NumPy's have
    return lambda value: finite(to_float(value))


def _without_torch_functions(name: str) -> Callable[[type], Callable[[Any], Any]]:
    """Return what binds to an attribute of tensors without the overrides that PyTorch's own would look for."""

    def bind(cls: type) -> Callable[[Any], Any]:
        get = slot(name, cls)
        switched_off = sys.modules["torch._C"].__dict__["DisableTorchFunction"]

        def read(value: Any) -> Any:
            with switched_off():
                return get(value)

        return read

    return bind


def _tensor_number(name: str) -> Callable[[type], Read]:
    def bind(cls: type) -> Read:
        get = _without_torch_functions(name)(cls)
        return lambda value: float(get(value))

    return bind


def _tensor_dtype(cls: type) -> Read:
    get = _without_torch_functions("dtype")(cls)
    return lambda value: level(repr(get(value)))


def _is_array(value: Any) -> bool:
    return belongs_to(type(value), "numpy")


def _sparse_shape(_: type) -> Callable[[Any], Any]:
    return lambda value: own_attribute(value, "_shape")


def _stored(value: Any) -> float | None:
    """Return how many entries a sparse matrix stores, where that is known without counting."""
    data, ends = own_attribute(value, "data"), own_attribute(value, "indptr")
    if _is_array(data) and _is_array(ends):
        blocks: int = math.prod(data.shape[1:])
        return float(ends[-1]) * blocks  # those of blocks store whole ones
    entries = own_attribute(value, "_dict")
    if type(entries) is dict:
        return float(len(entries))
    is_listed = own_attribute(value, "coords") is not MISSING or own_attribute(value, "row") is not MISSING
    return float(data.shape[0]) if _is_array(data) and is_listed else None


def _sparse_bytes(value: Any) -> float | None:
    parts = [own_attribute(value, name) for name in ("data", "indices", "indptr", "row", "col", "offsets")]
    coords = own_attribute(value, "coords")
    parts.extend(coords if type(coords) is tuple else ())
    sizes = [float(part.nbytes) for part in parts if _is_array(part)]
    return sum(sizes) if sizes else None


def _sparse_dtype(value: Any) -> Any:
    data = own_attribute(value, "data")
    return dtype_name(data.dtype) if _is_array(data) else None


def _bytes_of(shape: Any, kind: Any) -> float | None:
    if type(shape) is not tuple or len(shape) > _MAX_AXES:
        return None
    return finite(float(math.prod(shape)) * float(from_c(kind, "itemsize")))


def _stored_array(shape: Callable[[Any], Any], kind: Callable[[Any], Any]) -> Row:
    """Return the row of an array that lies in a file, by what it says of its shape and dtype."""

    def shape_of(_: type) -> Callable[[Any], Any]:
        return shape

    return Row(
        (
            nbytes(lambda _: lambda value: _bytes_of(shape(value), kind(value))),
            *axes(shape_of),
            dtype(lambda _: lambda value: dtype_name(kind(value))),
        )
    )


def _zarr_metadata(value: Any) -> Any:
    return own_attribute(own_attribute(value, "_async_array"), "metadata")


def _zarr_shape(value: Any) -> Any:
    shape = own_attribute(_zarr_metadata(value), "shape")
    return own_attribute(value, "_shape") if shape is MISSING else shape


def _zarr_dtype(value: Any) -> Any:
    metadata = _zarr_metadata(value)
    if metadata is MISSING:
        return own_attribute(value, "_dtype")
    kind = own_attribute(metadata, "data_type")
    kind = own_attribute(metadata, "dtype") if kind is MISSING else kind
    return kind.to_native_dtype() if belongs_to(type(kind), "zarr") else kind


def _dataset_dtype(value: Any) -> Any:
    from_c(value, "shape")  # raises once the file is closed; the dtype may be remembered
    return from_c(value, "dtype")


def _behind_id(feature: Feature) -> Feature:
    bound = behind(lambda value: own_attribute(value, "_id"), feature.name)
    return Feature(feature.name, feature.written, lambda _: bound, feature.category)


_SCALAR = Row((Feature("value", "{}", _numpy_number),))
_TENSOR_SHAPE = _without_torch_functions("shape")
_DATASET = _stored_array(lambda value: from_c(value, "shape"), _dataset_dtype)
_SPARSE = Row(
    (
        Feature("nnz", "{}.nnz", lambda _: _stored),
        nbytes(lambda _: _sparse_bytes),
        *axes(_sparse_shape),
        dtype(lambda _: _sparse_dtype),
    )
)
_ZARR = _stored_array(_zarr_shape, _zarr_dtype)

ROWS: dict[str, Row] = {
    "numpy.ndarray": Row((nbytes(number_of("nbytes")), *axes(lambda cls: slot("shape", cls)), dtype(_dtype_of_array))),
    "numpy.dtype": Row((Feature("name", "{}.name", lambda _: dtype_name, category=True),)),
    "numpy.integer": _SCALAR,
    "numpy.floating": _SCALAR,
    "numpy.bool": _SCALAR,
    "numpy.bool_": _SCALAR,  # its name before NumPy 2
    "torch._C.TensorBase": Row(
        (
            nbytes(_tensor_number("nbytes")),
            Feature("numel", "{}.numel()", _tensor_number("numel")),
            *axes(_TENSOR_SHAPE),
            dtype(_tensor_dtype),
        )
    ),
    "torch.dtype": Row((Feature("name", "{}.name", lambda _: lambda value: level(repr(value)), category=True),)),
    "scipy.sparse._base._spbase": _SPARSE,
    "scipy.sparse._base.spmatrix": _SPARSE,  # its name before SciPy 1.11
    "h5py.h5d.DatasetID": _DATASET,
    "h5py._hl.dataset.Dataset": Row(tuple(map(_behind_id, _DATASET.features))),
    "zarr.core.array.Array": _ZARR,
    "zarr.core.Array": _ZARR,  # before Zarr 3
}
