"""Runs invocations in children of a clean server, each measured alone.

`Servers` keeps one server a worker and hands it out; whoever holds one has it for itself. It is reached by a
module-level pool, so that joblib's tasks, in whatever process they land, find the server of their own process.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..models.errors import TrainingFailed
from .origin import environment

_START_TIMEOUT_S = 300.0  # a large module's imports, on a loaded machine
_GRACE_S = 10.0  # after an invocation's own time limit, for the server to report it
_STARTER = "import sys; sys.path[:] = {path!r}; from peakahead.learner.child import main; main()"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one invocation.

    Attributes:
        status: ok, raised, timed out, killed or failed.
        detail: What happened, if it isn't ok.
        peak_bytes: The highest growth.
        baseline_bytes: What the process held when it began.
        duration_s: How long it ran.
        trace: The trace file's content, if it was traced and came to its end.
        result: The pickled result, if it was asked for.
        environment: The Python version, the platform and the C library that it ran on.
    """

    status: str
    detail: str = ""
    peak_bytes: int = 0
    baseline_bytes: int = 0
    duration_s: float = 0.0
    trace: bytes = b""
    result: bytes = b""
    environment: tuple[str, str, str] = ("", "", "")


class Server:
    """A server process for one task.

    Args:
        task: The pickled `Task`.
        fork: False if the process runs one invocation itself and then ends.

    Raises:
        TrainingFailed: If it can't start, mostly since the function's module can't be imported there.
    """

    def __init__(self, task: bytes, fork: bool = True) -> None:
        self._fork = fork
        self._folder = tempfile.mkdtemp(prefix="peakahead-")
        ours, theirs = socket.socketpair()
        with theirs:
            self._stderr = open(os.path.join(self._folder, "stderr"), "w+b")  # noqa: SIM115 - closed by `close`
            command = [sys.executable, *_interpreter_flags(), "-c", _STARTER.format(path=_import_path())]
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), self._folder],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
            )
        self._channel = ours
        self._replies = ours.makefile("r", encoding="utf-8")
        self.pid = self._process.pid
        try:
            self._say({"task": self._write("task", task), "fork": fork})
            ready = self._hear(_START_TIMEOUT_S)
        except OSError:  # it ended before it had read this
            ready = None
        if ready is None or ready["status"] != "ready":
            detail = ready["detail"] if ready else self._last_words()
            self.close()
            raise TrainingFailed(
                f"the function can't be loaded in a fresh process ({detail}): make its module importable"
            )

    def measure(
        self, arguments: bytes, *, traced: bool, timeout_s: float | None = None, with_result: bool = False
    ) -> Outcome:
        """Run one invocation; it never raises for what the invocation does.

        Args:
            arguments: The pickled (args, kwargs).
            traced: Whether to trace it.
            timeout_s: After how long to end it, or None.
            with_result: Whether to bring the function's result back, pickled.
        """
        files = {"arguments": self._write("arguments", arguments)}
        if traced:
            files["trace"] = os.path.join(self._folder, "trace")
        if with_result:
            files["result"] = os.path.join(self._folder, "result")
        limit = None if timeout_s is None else timeout_s + _GRACE_S * self._fork
        try:
            self._say({**files, "timeout_s": timeout_s})
            report = self._hear(limit)
        except TimeoutError:
            self._process.kill()  # its next reply would be this one's
            report = {"status": "timed out", "detail": f"it ran longer than {timeout_s:g} s"}
        except OSError:
            report = None
        if report is None:
            return Outcome("killed", self._last_words(), environment=environment())
        ok = report["status"] == "ok"
        trace = self._take(files["trace"]) if traced and ok else b""
        result = self._take(files["result"]) if with_result and ok else b""
        return Outcome(**report, trace=trace, result=result, environment=environment())

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """End the server, and what it is running."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)  # also where a process that was forked since holds it
        self._replies.close()
        self._channel.close()
        if self._fork:  # it hears that, and ends the invocation's process, which is in a session of its own
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
        self._process.kill()
        self._process.wait()
        self._stderr.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write(self, name: str, content: bytes) -> str:
        path = os.path.join(self._folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def _take(self, path: str) -> bytes:
        with open(path, "rb") as file:
            content = file.read()
        os.unlink(path)
        return content

    def _say(self, request: dict[str, Any]) -> None:
        self._channel.sendall(json.dumps(request).encode() + b"\n")

    def _hear(self, timeout_s: float | None) -> dict[str, Any] | None:
        self._channel.settimeout(timeout_s)
        line = self._replies.readline()
        if not line:
            return None
        report: dict[str, Any] = json.loads(line)
        return report

    def _last_words(self) -> str:
        """Say why the server is gone: the last line that it wrote to its standard error."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        return f"its process ended with code {self._process.returncode}: {said}"


def _import_path() -> list[str]:
    """Return `sys.path` with the working directory spelled out, as an empty entry means another in a child."""
    return [os.path.abspath(entry) for entry in sys.path]


def _interpreter_flags() -> list[str]:
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # as multiprocessing does
    return flags


class Servers:
    """Idle servers of this process by their task, started when there is none.

    `close` ends those of the process that calls it. In the worker processes of a cluster nobody calls it, so what
    nobody borrows for a while ends by itself.
    """

    patience_s = 20.0

    def __init__(self) -> None:
        self._idle: dict[str, list[Server]] = {}
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._timer: threading.Timer | None = None

    @contextlib.contextmanager
    def borrow(self, task: bytes) -> Iterator[Server]:
        key = _key(task)
        with self._lock:
            if self._owner != os.getpid():  # forked: the servers are the parent's
                self._idle, self._owner, self._timer = {}, os.getpid(), None
            waiting = self._idle.get(key)
            server = waiting.pop() if waiting else None
        if server is None:
            server = Server(task)
        try:
            yield server
        except BaseException:
            server.close()
            raise
        if server.is_alive:
            with self._lock:
                self._idle.setdefault(key, []).append(server)
                self._wait_anew()
        else:
            server.close()

    def _wait_anew(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(self.patience_s, self.close)
        self._timer.daemon = True
        self._timer.start()

    def close(self, task: bytes | None = None) -> None:
        """End the idle servers of a task, or all."""
        if self._owner != os.getpid():
            return
        with self._lock:
            keys = list(self._idle) if task is None else [_key(task)]
            servers = [server for key in keys for server in self._idle.pop(key, [])]
            if not self._idle and self._timer is not None:
                self._timer.cancel()
                self._timer = None
        for server in servers:
            server.close()


def _key(task: bytes) -> str:
    return hashlib.sha256(task).hexdigest()


servers = Servers()
atexit.register(servers.close)


def measure(
    task: bytes,
    arguments: bytes,
    *,
    fork: bool = True,
    traced: bool = True,
    timeout_s: float | None = None,
    with_result: bool = False,
) -> Outcome:
    """Measure one invocation in a child of this process's server for the task.

    Raises:
        TrainingFailed: If the function can't be loaded in a fresh process.
    """
    if fork:
        with servers.borrow(task) as server:
            return server.measure(arguments, traced=traced, timeout_s=timeout_s, with_result=with_result)
    server = Server(task, fork=False)
    try:
        return server.measure(arguments, traced=traced, timeout_s=timeout_s, with_result=with_result)
    finally:
        server.close()
