"""The example's function in the real server: functions-framework with gunicorn, as Cloud Run starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

SOURCE = Path(__file__).parents[2] / "examples" / "google_cloud_functions"
PROJECT = "a-project"
TRACE = "06796866738c859f2f19b7cfb3214824"
_LISTENING = "Listening at: "
_START_S, _REQUEST_S = 60, 120


class Server:
    """A server of the example on a free port, and a client of it; ended on leaving.

    Args:
        environ: The variables that the function is deployed with, beside those of the example's README.
    """

    def __init__(self, **environ: str) -> None:
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PEAKAHEAD_")},
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "LOG_EXECUTION_ID": "true",  # as `gcloud` deploys functions
            "GUNICORN_LOG_LEVEL": "info",  # so that it says where it listens
            "MALLOC_MMAP_THRESHOLD_": "131072",
            **environ,
        }

    def __enter__(self) -> Server:
        self._folder = tempfile.TemporaryDirectory()
        self._environ["HOME"] = self._folder.name  # gunicorn keeps a socket there
        self._stdout, self._stderr = (Path(self._folder.name) / name for name in ("stdout", "stderr"))
        command = [sys.executable, "-m", "functions_framework", "--target", "handle", "--source", "main.py"]
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", "0"],
                cwd=SOURCE,
                env=self._environ,
                stdout=stdout,
                stderr=stderr,
            )
        try:
            self.address = self._listening_at()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def _listening_at(self) -> str:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            _, found, rest = self.stderr.partition(_LISTENING)
            if found and "\n" in rest:
                return rest.split()[0]
            time.sleep(0.02)
        raise RuntimeError(f"the server didn't start: {self.stderr}")

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_START_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def get(self, seed: int | None = None, **headers: str) -> requests.Response:
        """Ask for events."""
        params = {} if seed is None else {"seed": seed}
        return requests.get(self.address, params=params, headers=headers, timeout=_REQUEST_S)

    @property
    def log(self) -> list[dict[str, Any]]:
        """What it has written to stdout, where every line is to be an object of JSON."""
        return [json.loads(line) for line in self._stdout.read_text().splitlines()]

    @property
    def stderr(self) -> str:
        return self._stderr.read_text()
