"""Runs the built package here, in Lambda's own Python client: `python local.py archives/000.zip archives/001.zip`.

The client, `awslambdaric` (`pip install awslambdaric`), is the one in the images of Lambda's Python runtimes. What it
asks for its invocations, the Runtime API, is served here, over HTTP: next, response, error, and init/error.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

API = "/2018-06-01/runtime"
NAME = "orders"
_CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py")
_WAIT_S = 60.0


class FunctionDied(Exception):
    """The function's process ended before it answered.

    Attributes:
        init_error: What it reported of its init phase, decoded, or None.
    """

    def __init__(self, message: str, init_error: Any = None) -> None:
        super().__init__(message)
        self.init_error = init_error


class Answer:
    """What the function answered to an invocation.

    Attributes:
        body: The decoded JSON: what the handler returned, or the error's type, message and traceback.
        failed: True if it is an error.
    """

    def __init__(self, body: Any, failed: bool) -> None:
        self.body = body
        self.failed = failed


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # the function was ended while it was connected
            super().handle_error(request, client_address)


class LocalLambda:
    """A container of the function: its process is started, and waited for until its init phase is over.

    Args:
        package: The folder of the package, where Lambda has /var/task.
        handler: The handler, as it is given to Lambda.
        environment: Environment variables of the function.
        memory_mib: What it is told that it may use; here nobody enforces it.

    Attributes:
        package: The folder of the package.
        init_s: Seconds from the start of its process to its first request for an invocation.

    Raises:
        FunctionDied: If it ends in its init phase.
    """

    def __init__(
        self,
        package: Path,
        handler: str = "lambda_function.handler",
        *,
        environment: dict[str, str] | None = None,
        memory_mib: int = 512,
    ) -> None:
        self.package = package
        self._asked = threading.Event()
        self._asked_at = 0.0
        self._events: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self._answers: queue.Queue[Answer] = queue.Queue()
        self._init_error: Any = None
        self._folder = tempfile.TemporaryDirectory()
        self._log = Path(self._folder.name) / "log"
        client = Path(self._folder.name) / "client"
        _link_client(client)
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        variables = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": NAME,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mib),
            "LAMBDA_TASK_ROOT": str(package),
            # The standard library (-S), the client and the package: nothing else that happens to be installed here.
            "PYTHONPATH": f"{package}{os.pathsep}{client}",
            "PYTHONDONTWRITEBYTECODE": "1",  # /var/task can't be written to
            "PATH": os.environ.get("PATH", ""),
            **(environment or {}),
        }
        command = [sys.executable, "-S", "-m", "awslambdaric", handler]
        with self._log.open("wb") as log:
            began = time.perf_counter()
            self._process = subprocess.Popen(command, cwd=package, env=variables, stdout=log, stderr=subprocess.STDOUT)
        try:
            self._wait(self._asked.is_set)
        except BaseException:
            self.close()
            raise
        self.init_s = self._asked_at - began

    def __enter__(self) -> LocalLambda:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Of the function's process."""
        return self._process.pid

    def invoke(self, event: Any) -> Answer:
        """Invoke the function, and wait for its answer.

        Raises:
            FunctionDied: If its process ends instead.
        """
        self._events.put((str(uuid.uuid4()), json.dumps(event).encode()))
        self._wait(lambda: not self._answers.empty())
        return self._answers.get()

    def log(self) -> list[str]:
        """Return the lines that it has written so far."""
        return self._log.read_text(errors="replace").splitlines()

    def metrics(self) -> list[dict[str, Any]]:
        """Return those of its lines that are in the Embedded Metric Format, decoded."""
        return [json.loads(line) for line in self.log() if line.startswith("{") and '"_aws"' in line]

    def close(self) -> None:
        """End the process and the server."""
        self._process.kill()
        self._process.wait()
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()

    def _wait(self, is_done: Callable[[], bool]) -> None:
        until = time.monotonic() + _WAIT_S
        while not is_done():
            code = self._process.poll()
            if code is not None and not is_done():
                raise FunctionDied(f"the function's process ended with {code}:{self._end_of_log()}", self._init_error)
            if time.monotonic() > until:
                raise TimeoutError(f"the function didn't answer in {_WAIT_S:.0f} s:{self._end_of_log()}")
            time.sleep(0.002)

    def _end_of_log(self) -> str:
        return "".join(f"\n  {line}" for line in self.log()[-30:])

    def next_invocation(self) -> tuple[str, bytes] | None:
        """Return the next invocation's id and event, once there is one; None if the container is closed."""
        if not self._asked.is_set():
            self._asked_at = time.perf_counter()
            self._asked.set()
        return self._events.get()

    def take(self, answer: Answer) -> None:
        """Take the answer to the invocation that is under way."""
        self._answers.put(answer)

    def take_init_error(self, error: Any) -> None:
        """Take what it says of an init phase that failed; its process ends after that."""
        self._init_error = error


def _handler_of(container: LocalLambda) -> type[BaseHTTPRequestHandler]:
    class RuntimeApi(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path != f"{API}/invocation/next":
                self._reply(404)
            elif (invocation := container.next_invocation()) is not None:
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": invocation[0],
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + _WAIT_S) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:eu-west-1:123456789012:function:{NAME}",
                    "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
                    "Content-Type": "application/json",
                }
                self._reply(200, invocation[1], headers)

        def do_POST(self) -> None:
            said = json.loads(self._body())
            invocation, _, what = self.path.removeprefix(f"{API}/").rpartition("/")
            if self.path == f"{API}/init/error":
                container.take_init_error(said)
                self._reply(202)
            elif invocation.startswith("invocation/") and what in {"response", "error"}:
                self._reply(202)
                container.take(Answer(said, what == "error"))
            else:
                self._reply(404)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()  # the line's end after each chunk
            self.rfile.readline()
            return body

        def _reply(self, status: int, body: bytes = b"{}", headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return RuntimeApi


def _link_client(folder: Path) -> None:
    """Make a folder of links to the client and what it requires, and to nothing else that is installed."""
    folder.mkdir()
    for name in _CLIENT:
        client = distribution(name)
        for top in {file.parts[0] for file in client.files or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(Path(str(client.locate_file(top))))


def s3_event(key: str) -> dict[str, Any]:
    """Return what S3 sends when an object was put, as far as the handler reads it."""
    return {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": "orders"}, "object": {"key": key}}}]}


def main(paths: list[str]) -> None:
    package = Path(__file__).resolve().parent / "package"
    if not paths or not package.is_dir():
        sys.exit("build the package with build.sh, and give archives: python local.py archives/*.zip")
    try:
        function = LocalLambda(package, environment={"ORDERS_FOLDER": str(Path.cwd())})
    except PackageNotFoundError as missing:
        sys.exit(f"{missing.name} isn't installed here: pip install awslambdaric")
    with function:
        print(f"init phase: {function.init_s * 1e3:.0f} ms")
        for path in paths:
            print(path, json.dumps(function.invoke(s3_event(path)).body))
            print(json.dumps(function.metrics()[-1]))


if __name__ == "__main__":
    main(sys.argv[1:])
