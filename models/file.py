"""Model files: versioned JSON, written atomically, read without executing anything."""

from __future__ import annotations

import os

from .decoding import decode
from .errors import InvalidModel
from .model import FORMAT, MAJOR, MINOR, BreakpointModel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MAX_BYTES = 4 * 2**20


def save(model: BreakpointModel, path: str | os.PathLike[str]) -> None:
    """Write a model, whole or not at all: to a file beside it first, then renamed over it."""
    import json

    text = json.dumps(model.to_json(), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    try:
        write_whole(path, text.encode(errors="backslashreplace"))  # half a surrogate, as JSON escapes it
    except OSError as error:
        path = os.fspath(path)
        raise InvalidModel(f"{path} can't be written: {error.strerror}; save the model elsewhere") from error


def write_whole(path: str | os.PathLike[str], content: bytes | Iterable[bytes], lasting: bool = True) -> None:
    """Write a file whole or not at all; raises OSError and leaves nothing beside it.

    Args:
        path: Its path.
        content: All of it, or its pieces.
        lasting: Whether to wait until the disk has it, so that it is whole also after the power fails.
    """
    folder, name = os.path.split(os.path.abspath(path))
    temporary = os.path.join(folder, f".{name}.{os.urandom(6).hex()}")
    # Made here and with the permissions that it is to have: to ask for the umask is to change it, for all threads.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in (content,) if isinstance(content, bytes) else content:
                file.write(piece)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise InvalidModel if a model could not be written there: better before an hour of training than after."""
    path = os.fspath(path)
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise InvalidModel(f"{path} can't be written: there is no folder {folder}; make it, or save elsewhere")
    if os.path.isdir(path) or not os.access(folder, os.W_OK):
        raise InvalidModel(f"{path} can't be written: it is a folder, or one that you may not write to; save elsewhere")


def load(path: str | os.PathLike[str]) -> BreakpointModel:
    """Return the model in a file that `save` wrote.

    Raises:
        InvalidModel: If the file can't be read, is cut short or damaged, or is of a later major version.
    """
    path = os.fspath(path)
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # a ValueError: the path has a NUL in it
        reason = getattr(error, "strerror", None) or error
        raise InvalidModel(f"{path} can't be read: {reason}; give the file that `learn` wrote") from error
    if len(content) > MAX_BYTES:
        raise InvalidModel(f"{path} is over {MAX_BYTES:,} bytes, more than any model: give the file that `learn` wrote")
    try:
        data = decode(content)
    except (ValueError, RecursionError) as error:
        raise InvalidModel(f"{path} is not a whole JSON file ({error}): export the model again with `learn`") from error
    _check_version(path, data)
    try:
        return BreakpointModel.from_json(data)
    except InvalidModel as error:
        raise InvalidModel(f"{path}: {error}") from None


def _check_version(path: str, data: Any) -> None:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InvalidModel(f"{path} is JSON, but no peakahead model: give the file that `learn` wrote")
    match data.get("version"):
        case [int() as major, int() as minor] if not (isinstance(major, bool) or isinstance(minor, bool)):
            pass
        case version:
            raise InvalidModel(f"{path} has the version {version!r:.100}, not two whole numbers: export it again")
    if major != MAJOR:
        raise InvalidModel(
            f"{path} has format version {major}.{minor}, this peakahead reads {MAJOR}: "
            f"{'upgrade peakahead' if major > MAJOR else 'export it again with `learn`'}"
        )
    if minor > MINOR:
        import warnings

        warnings.warn(
            f"{path} has format version {major}.{minor}, newer than {MAJOR}.{MINOR}: what it adds is ignored",
            stacklevel=3,
        )
