"""No code of a value's runs, whatever it is, and no error of a reading is the function's."""

from __future__ import annotations

import collections
import functools
import io
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from peakahead.models import features
from peakahead.models.features import READERS_KEPT, readers_for
from peakahead.models.guard import guarded
from peakahead.models.readings import Step, read_all
from tests.models.values import inside, offered, read_one

ran: list[str] = []


def says(name: str, result: Any = None) -> Callable[..., Any]:
    def run(*_args: object, **_kwargs: object) -> Any:
        ran.append(name)
        return result

    return run


class HostileMeta(type):
    """Answers for its classes, and says that it did."""

    __mro__ = property(says("metaclass __mro__", ()))  # type: ignore[assignment]  # that it lies is the point
    __name__ = property(says("metaclass __name__", "x"))  # type: ignore[assignment]  # as above
    __hash__ = says("metaclass __hash__", 1)  # type: ignore[assignment]  # as above
    __eq__ = says("metaclass __eq__", True)
    __instancecheck__ = says("metaclass __instancecheck__", True)
    __subclasscheck__ = says("metaclass __subclasscheck__", True)
    __getattribute__ = says("metaclass __getattribute__")  # type: ignore[assignment]  # as above


HOSTILE = (
    "__getattr__", "__getattribute__", "__len__", "__eq__", "__hash__", "__bool__", "__float__", "__int__", "__index__",
    "__str__", "__repr__", "__iter__", "__next__", "__length_hint__", "__getitem__", "__contains__", "__missing__",
    "__fspath__", "__dir__", "__instancecheck__", "__array__", "keys", "items", "get", "read", "fileno", "shape",
)  # fmt: skip


def hostile(*bases: type) -> Any:
    """Return an instance of a class whose every method, and whose metaclass, says that it ran."""
    namespace: dict[str, Any] = {name: says(name) for name in HOSTILE}
    namespace["__class__"] = property(says("__class__", int))
    made = type.__call__(HostileMeta, "Hostile", bases, namespace)
    new: Any = bases[0].__new__
    return new(made)


@pytest.mark.parametrize(
    "base", [object, int, float, str, bytes, list, tuple, dict, set, collections.OrderedDict, collections.deque]
)
def test_no_code_of_a_hostile_value_runs(base: type) -> None:
    value = hostile(base)
    around = [{"inner": value}, [value, value], (value,), type("Holder", (), {})()]
    around[-1].inner = value
    ran.clear()

    told = [read_all(one) for one in (value, *around)]
    for path in ((), (Step("attribute", "shape"),), (Step("item", "key"),)):
        for feature in ("len", "value", "type", "nbytes"):
            read_one(path, feature, value)

    assert ran == []
    assert all(found[-1][1:] == ("type", type.__dict__["__name__"].__get__(type(one)))
               for found, one in zip(told, (value, *around), strict=True))  # fmt: skip


def test_a_dict_in_place_of_an_objects_own_is_left_alone() -> None:
    class Namespace:
        @property
        def __dict__(self) -> Any:  # type: ignore[override]  # that it lies is the point
            ran.append("__dict__")
            return {}

    ran.clear()
    assert inside(Namespace()) == {}
    assert ran == []


@pytest.mark.parametrize(
    ("module", "name"),
    [("numpy", "ndarray"), ("pandas", "DataFrame"), ("torch._C", "TensorBase"), ("zipfile", "ZipInfo"), ("no", "One")],
)
def test_a_class_that_only_bears_a_librarys_name_is_not_it(module: str, name: str) -> None:
    shapes = {attribute: property(says(attribute)) for attribute in ("shape", "nbytes", "file_size", "dtype")}
    false = type(name, (), {"__module__": module, "__qualname__": name, **shapes})
    ran.clear()
    assert set(offered(false())) == {"type"}
    assert ran == []


def test_a_class_without_a_plain_name_is_unknown() -> None:
    nameless = type("Nameless", (), {"__module__": 3})
    assert set(offered(nameless())) == {"type"}
    strange = type("x", (), {})
    strange.__name__ = type("Text", (str,), {"__hash__": says("__hash__")})("y")
    ran.clear()
    assert offered(strange()) == {}
    assert ran == []


def test_classes_made_in_a_loop_are_not_kept() -> None:
    for index in range(READERS_KEPT + 10):
        readers_for(type(f"Made{index}", (), {}))
    assert len(features._readers_by_class) <= READERS_KEPT
    assert offered(7)["value"] == 7.0


class Expired(TimeoutError):
    """What a host's time limit may raise: an OSError, which a closed file raises too."""


def expire(_number: int, _frame: Any) -> None:
    raise Expired


class Expiring:
    def __call__(self, number: int, frame: Any) -> None:
        expire(number, frame)

    def method(self, number: int, frame: Any) -> None:
        raise Expired


@pytest.mark.parametrize("handler", [expire, functools.partial(expire), Expiring(), Expiring().method])
def test_what_a_signal_handler_raises_passes_the_guard(handler: Any) -> None:
    def interrupted(_value: Any) -> float | None:
        signal.raise_signal(signal.SIGUSR1)
        return 1.0

    def closed(_value: Any) -> float | None:
        raise OSError("closed")

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(Expired):
            guarded(interrupted)(3)
        assert guarded(closed)(3) is None
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_keyboard_interrupt_passes_the_guard() -> None:
    def interrupted(_value: Any) -> float | None:
        signal.raise_signal(signal.SIGINT)
        return 1.0

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it may be ignored
    try:
        with pytest.raises(KeyboardInterrupt):
            guarded(interrupted)(3)
    finally:
        signal.signal(signal.SIGINT, before)


def test_rows_are_loaded_when_their_library_is_first_met() -> None:
    import subprocess

    script = (
        "import sys; from peakahead.models.readings import read_all\n"
        "read_all({'n': 1, 'rows': ['a']}); read_all(open(sys.executable, 'rb'))\n"
        "rows = lambda: sorted(m.rpartition('.')[2] for m in sys.modules if m.endswith('_rows'))\n"
        "print(rows()); import zipfile; read_all(zipfile.ZipInfo('x')); print(rows())"
    )
    said = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["['core_rows']", "['core_rows', 'standard_rows']"]


def test_every_number_is_finite_and_every_level_short() -> None:
    values = [float("nan"), 10**400, -5, "x" * 1_000, range(10**400), io.BytesIO(), [b""], [float("inf")], 1e308]
    for value in values:
        for _, _, told in read_all(value):
            assert len(told) <= 40 if isinstance(told, str) else told - told == 0


def test_a_feature_of_one_name_is_written_one_way() -> None:
    features.load_rows()
    ways: dict[str, set[tuple[str, bool]]] = {}
    for rows in features._rows.values():
        for row in rows.values():
            for feature in row.features:
                ways.setdefault(feature.name, set()).add((feature.written, feature.category))
    assert len(ways) > 30
    assert {name: found for name, found in ways.items() if len(found) > 1} == {}
    assert all(written.count("{}") == 1 for ((written, _),) in ways.values())
