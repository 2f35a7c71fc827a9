"""The rows of the standard library, against what the library itself says."""

from __future__ import annotations

import array
import bz2
import collections
import gzip
import http.client
import http.server
import io
import lzma
import mmap
import os
import random
import signal
import sqlite3
import sys
import tarfile
import threading
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from peakahead.models.readings import Step
from tests.models.values import inside, offered, read_one

CONTENT = random.Random(1).randbytes(5_000) * 3


def position(descriptor: int) -> int:
    return os.lseek(descriptor, 0, os.SEEK_CUR)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = []
    for index, size in enumerate((3_000, 100, 7_000)):
        paths.append(tmp_path / f"{index}.bin")
        paths[-1].write_bytes(CONTENT[:size])
    return paths


@pytest.fixture
def zipped(tmp_path: Path, files: list[Path]) -> Path:
    path = tmp_path / "some.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return path


def test_a_zip_tells_what_it_unpacks_to_before_it_does(zipped: Path) -> None:
    with zipfile.ZipFile(zipped) as archive:
        assert archive.fp is not None
        before = position(archive.fp.fileno())
        found = offered(archive)
        members = archive.infolist()
        assert found == {
            "file_size": zipped.stat().st_size,
            "members": 3.0,
            "uncompressed_bytes": float(sum(member.file_size for member in members)),
            "largest_member": 7_000.0,
            "type": "ZipFile",
        }
        assert position(archive.fp.fileno()) == before
        assert offered(members[2]) == {
            "file_size": 7_000.0,
            "compress_size": float(members[2].compress_size),
            "type": "ZipInfo",
        }
        assert offered(members)["file_size_sum"] == found["uncompressed_bytes"]
    assert offered(archive) == {"type": "ZipFile"}  # closed


def test_a_zip_of_many_members_is_sampled(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for index in range(3_000):
            archive.writestr(f"{index}", "x" * 10)
    with zipfile.ZipFile(tmp_path / "many.zip") as archive:
        assert offered(archive)["uncompressed_bytes"] == 30_000.0
        assert offered(archive)["members"] == 3_000.0


@pytest.mark.parametrize("mode", ["", ":gz", ":bz2", ":xz"])
def test_a_tar_tells_only_what_has_been_looked_through(tmp_path: Path, files: list[Path], mode: str) -> None:
    path = tmp_path / "some.tar"
    with tarfile.open(path, f"w{mode or ':'}") as archive:  # type: ignore[call-overload]  # all are modes
        for file in files:
            archive.add(file, file.name)

    with tarfile.open(path) as archive:
        before = archive.fileobj.tell()  # type: ignore[union-attr]  # it is open
        assert offered(archive) == {"file_size": path.stat().st_size, "type": "TarFile"}
        assert archive.fileobj.tell() == before  # type: ignore[union-attr]  # as above
        assert len(vars(archive)["members"]) == 1  # nothing was looked for
        members = archive.getmembers()
        found = offered(archive)
        assert (found["members"], found["uncompressed_bytes"], found["largest_member"]) == (3.0, 10_100.0, 7_000.0)
        assert offered(members[0])["file_size"] == 3_000.0
    assert offered(archive) == {"type": "TarFile"}


def test_a_gzip_file_tells_both_its_sizes(tmp_path: Path) -> None:
    path = tmp_path / "some.gz"
    path.write_bytes(gzip.compress(CONTENT))
    for options in ({"mode": "rb"}, {"mode": "rt", "encoding": "latin-1"}):
        with gzip.open(path, **options) as file:  # type: ignore[call-overload]  # both are ways to open it
            file.read(100)
            raw = file.buffer.fileobj if isinstance(file, io.TextIOWrapper) else file.fileobj  # type: ignore[attr-defined]
            before = position(raw.fileno())
            found = offered(file)
            assert found["file_size"] == path.stat().st_size
            assert found["uncompressed_bytes"] == len(CONTENT)
            assert position(raw.fileno()) == before
        assert set(offered(file)) == {"type"}
    with gzip.open(path, "wb") as written:
        assert "uncompressed_bytes" not in offered(written)
    with gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b"abc"))) as memory:
        assert offered(memory) == {"type": "GzipFile"}
    (tmp_path / "short.gz").write_bytes(b"\x1f\x8b")
    with gzip.open(tmp_path / "short.gz") as cut:
        assert "uncompressed_bytes" not in offered(cut)


@pytest.mark.parametrize("module", [bz2, lzma])
def test_other_compressed_files_tell_the_size_on_disk(tmp_path: Path, module: Any) -> None:
    path = tmp_path / "some.compressed"
    path.write_bytes(module.compress(CONTENT))
    with module.open(path) as file:
        assert offered(file)["file_size"] == path.stat().st_size
    assert set(offered(file)) == {"type"}


@pytest.mark.parametrize("made", [lambda: io.BytesIO(CONTENT), lambda: io.StringIO("äöü" * 1_000)])
def test_a_buffer_tells_its_length_and_stays_where_it_is(made: Callable[[], Any]) -> None:
    buffer = made()
    expected = len(buffer.getvalue())
    for place in (0, 7, expected, expected + 50):
        buffer.seek(place)
        assert offered(buffer)["len"] == expected
        assert buffer.tell() == place
    buffer.close()
    assert set(offered(buffer)) == {"type"}


def test_a_shared_buffer_is_neither_copied_nor_locked() -> None:
    contents = b"x" * 10_000_000
    buffer = io.BytesIO(contents)  # holds the very bytes until one of them changes
    before = sys.getsizeof(buffer)
    assert offered(buffer)["len"] == 10_000_000.0
    assert sys.getsizeof(buffer) == before
    buffer.truncate(5)  # a view on it would forbid this


def test_no_other_thread_or_signal_handler_sees_a_buffer_moved() -> None:
    buffer = io.BytesIO(CONTENT)
    buffer.seek(123)
    seen: set[int] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            seen.add(buffer.tell())

    interval = sys.getswitchinterval()
    before = signal.signal(signal.SIGALRM, lambda *_: seen.add(buffer.tell()))
    watcher = threading.Thread(target=watch)
    sys.setswitchinterval(1e-6)
    signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
    watcher.start()
    try:
        assert {read_one((), "len", buffer) for _ in range(20_000)} == {len(CONTENT)}
    finally:
        ended.set()
        watcher.join()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.setswitchinterval(interval)
    assert seen == {123}


def test_a_mapping_of_memory_and_a_view(tmp_path: Path) -> None:
    with mmap.mmap(-1, 8_192) as mapped:
        assert offered(mapped) == {"len": 8_192.0, "type": "mmap"}
    assert set(offered(mapped)) == {"type"}
    view = memoryview(bytearray(24)).cast("I", (2, 3))
    assert offered(view) == {"nbytes": 24.0, "shape0": 2.0, "shape1": 3.0, "type": "memoryview"}
    view.release()
    assert set(offered(view)) == {"type"}


def test_a_row_of_a_database_offers_its_columns_by_name() -> None:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    row = connection.execute("SELECT 7 AS n, 'some text' AS body, NULL AS none").fetchone()
    assert offered(row) == {"len": 3.0, "type": "Row"}
    assert inside(row) == {"['n']:value": 7.0, "['body']:len": 9.0, "['body']:text": "some text"}
    assert read_one((Step("item", "body"),), "len", row) == 9.0
    assert read_one((Step("item", "gone"),), "len", row) is None
    half_made = sqlite3.Row(connection.cursor(), ())
    assert inside(half_made) == {}
    connection.close()


@pytest.mark.parametrize("kind", [collections.OrderedDict, lambda **items: collections.defaultdict(list, items)])
def test_mappings_of_the_standard_library_offer_their_leaves(kind: Any) -> None:
    mapping = kind(size=7)
    assert inside(mapping) == {"['size']:value": 7.0}
    assert read_one((Step("item", "gone"),), "value", mapping) is None
    assert list(mapping) == ["size"]  # nothing was made for a key that isn't there


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/known":
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        return


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_response_tells_its_length_and_its_body_is_still_to_come(address: tuple[str, int]) -> None:
    connection = http.client.HTTPConnection(*address)
    connection.request("GET", "/known")
    response = connection.getresponse()
    assert offered(response)["content_length"] == len(CONTENT)
    assert response.length == len(CONTENT)  # of the body, nothing has been read
    assert response.read() == CONTENT
    connection.close()
    with urllib.request.urlopen("http://{}:{}/known".format(*address)) as opened:
        assert offered(opened)["content_length"] == len(CONTENT)
        assert opened.read() == CONTENT
    with urllib.request.urlopen("http://{}:{}/unknown".format(*address)) as opened:
        assert set(offered(opened)) == {"type"}
        assert opened.read() == CONTENT


@pytest.mark.parametrize("text", ["", "-5", "1e3", "12, 13", "٣", "9" * 300, "x"])
def test_a_strange_header_says_nothing(text: str) -> None:
    response = http.client.HTTPResponse.__new__(http.client.HTTPResponse)
    response.fp = None  # type: ignore[assignment]  # its finalizer expects one
    response.headers = http.client.HTTPMessage()
    response.headers["content-length"] = text
    assert set(offered(response)) == {"type"}
    del response.headers["content-length"]
    response.headers["content-length"] = "12, 12"
    assert offered(response)["content_length"] == 12.0


HALF_MADE = (
    zipfile.ZipFile, zipfile.ZipInfo, tarfile.TarFile, tarfile.TarInfo, gzip.GzipFile, bz2.BZ2File, lzma.LZMAFile,
    io.BytesIO, io.StringIO, io.TextIOWrapper, io.BufferedReader, io.BufferedRandom, io.FileIO,
    http.client.HTTPResponse, collections.deque, collections.OrderedDict, Path,
)  # fmt: skip


@pytest.mark.parametrize("cls", HALF_MADE, ids=lambda cls: cls.__name__)
def test_what_was_made_without_init_raises_nothing(cls: type) -> None:
    new: Any = cls.__new__
    value = new(cls)
    assert set(offered(value)) <= {"type", "len", "file_size"}
    if isinstance(value, io.IOBase | zipfile.ZipFile):
        value.close = lambda: None  # their finalizers, too, expect more


OVERRIDDEN = (
    "__len__", "__getitem__", "__iter__", "__getattr__", "__missing__", "__contains__", "__eq__", "__bool__", "keys",
    "infolist", "getmembers", "seek", "tell", "getbuffer", "getvalue", "read", "fileno",
)  # fmt: skip


class Overriding:
    """Where overrides record that they ran."""

    ran: tuple[str, ...] = ()


def overriding(cls: type) -> type:
    """Return a subclass whose every override says that it ran."""

    def refuse(name: str) -> Any:
        def ran(*_args: object, **_kwargs: object) -> Any:
            Overriding.ran += (f"{cls.__name__}.{name}",)
            raise AssertionError(f"{name} ran")

        return ran

    return type(cls.__name__, (cls,), {name: refuse(name) for name in OVERRIDDEN})


def test_overrides_of_a_subclass_never_run(tmp_path: Path, zipped: Path) -> None:
    Overriding.ran = ()
    archive: Any = object.__new__(overriding(zipfile.ZipFile))
    with zipfile.ZipFile(zipped) as opened:
        archive.__dict__.update(vars(opened))
        assert offered(archive)["uncompressed_bytes"] == 10_100.0
        archive.__dict__["fp"] = None
    assert offered(overriding(collections.deque)(["ab", "c"]))["len_sum"] == 3.0
    assert offered(overriding(collections.OrderedDict)())["len"] == 0.0
    assert offered(overriding(io.BytesIO)(b"abc"))["len"] == 3.0
    assert offered(overriding(array.array)("b", [1, 2]))["nbytes"] == 2.0
    assert inside(overriding(dict)()) == {}
    assert Overriding.ran == ()
