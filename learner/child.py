"""The process that a training invocation runs in, and the server that it is forked from.

The server imports the function's module and does nothing else, since a child reuses, without growing, what its
server had allocated and freed. Each request forks a child, which runs one invocation and reports through a pipe.
In `spawn` isolation there is no fork: the fresh interpreter runs its one invocation itself, beside a guard that was
forked before anything was imported.

When the process that asked is gone, killed say, the socket hangs up: the server, or the guard, ends the invocation
under way and removes the folder, since nobody else is left to do it.

Requests and replies are JSON, one a line, over a socket; functions and arguments travel pickled, and arguments as
files that only the child opens.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import json
import os
import pickle
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ..models.registered import Registration, registrations
from .held_pages import HeldPages
from .meters import make_meter
from .recording import Recorder
from .scope import Scope
from .tracer import Tracer
from .warming import findings, warm

_LONGEST_REPORT = 4_000


@dataclass(frozen=True, slots=True)
class Task:
    """What a server is for; it travels pickled.

    Attributes:
        function: The target.
        before: What each child calls before its memory is measured, or None.
        scope: Which code is traced.
        meter: The meter's name.
        fork: False in `spawn` isolation.
        features: What is registered where training was asked for: a script's own isn't by importing it.
        training: A name of the training, whose servers another doesn't use: the code may have changed since.
    """

    function: Callable[..., Any]
    before: Callable[[], object] | None
    scope: Scope
    meter: str
    fork: bool
    features: tuple[Registration, ...] = field(default_factory=registrations)
    training: str = ""


class _Gone(Exception):
    """The process that asks is gone."""


def serve(descriptor: int, folder: str) -> None:
    """Serve requests from a socket until it closes. The first line tells where the pickled task lies.

    Args:
        descriptor: The socket.
        folder: What files lie in, removed when the socket closes.
    """
    channel = socket.socket(fileno=descriptor)
    with contextlib.suppress(_Gone, BrokenPipeError, ConnectionResetError):
        _serve(channel, folder)
    _remove(folder)
    os._exit(0)


def _serve(channel: socket.socket, folder: str) -> None:
    requests = channel.makefile("r", encoding="utf-8")
    replies = channel.makefile("w", encoding="utf-8")

    def reply(report: dict[str, Any]) -> None:
        replies.write(json.dumps(report) + "\n")
        replies.flush()

    line = requests.readline()
    if not line:
        return
    opening = json.loads(line)
    if opening["fork"]:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the one that asks, who then hangs up
    else:
        _guard(channel, folder)
    try:
        with open(opening["task"], "rb") as file:
            task: Task = pickle.load(file)
        task = replace(task, scope=task.scope.here())
    except BaseException as error:
        reply({"status": "failed", "detail": _describe(error)})
        return
    for feature in task.features:
        feature.install()
    gc.collect()
    gc.freeze()
    held = HeldPages() if task.fork else None
    reply({"status": "ready"})
    for line in requests:
        request = json.loads(line)
        reply(_run(task, request) if held is None else _in_fork(task, request, channel, held))


def _guard(channel: socket.socket, folder: str) -> None:
    """Leave a process that ends this one when the one that asks is gone; only where there are pidfds."""
    try:
        this = os.pidfd_open(os.getpid())
    except (AttributeError, OSError):
        return
    pid = os.fork()
    if pid:
        os.close(this)
        os.waitpid(pid, 0)
        return
    if os.fork():  # twice, so that the function finds no child that isn't its own
        os._exit(0)
    try:
        os.setsid()
        waiting = select.poll()
        waiting.register(this, select.POLLIN)
        waiting.register(channel, 0)  # a hang-up is always told
        if this not in dict(waiting.poll()):
            signal.pidfd_send_signal(this, signal.SIGKILL)
            _remove(folder)
    finally:
        os._exit(0)


def _remove(folder: str) -> None:
    import shutil  # here, since it loads what the function might be the first to load

    shutil.rmtree(folder, ignore_errors=True)


def _in_fork(task: Task, request: dict[str, Any], channel: socket.socket, held: HeldPages) -> dict[str, Any]:
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            channel.close()
            os.close(read_end)
            os.setsid()  # so that what the function started can be ended with it
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _go_first()
            held.touch()
            os.write(write_end, json.dumps(_run(task, request)).encode())
        except BaseException as error:
            os.write(write_end, json.dumps({"status": "failed", "detail": _describe(error)}).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    try:
        timed_out = not _wait(pid, request.get("timeout_s"), channel)
    except _Gone:
        _kill_group(pid)
        raise
    if timed_out:
        _kill_group(pid)
    _, status = os.waitpid(pid, 0)
    os.set_blocking(read_end, False)
    try:
        report = os.read(read_end, 2**16)
    except BlockingIOError:  # a process that the function left behind still holds the pipe's other end
        report = b""
    finally:
        os.close(read_end)
    if timed_out:
        return {"status": "timed out", "detail": f"it ran longer than {request['timeout_s']:g} s"}
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        hint = ", as the kernel does when memory runs out" if name == "SIGKILL" else ""
        return {"status": "killed", "detail": f"its process was ended by {name}{hint}"}
    if not report:
        return {"status": "killed", "detail": "its process ended itself, by os._exit or the like"}
    result: dict[str, Any] = json.loads(report)
    return result


def _go_first() -> None:
    """Have the kernel end this process first where memory runs out, not the worker that waits for it."""
    try:
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    except OSError:  # not Linux
        return
    try:
        os.write(descriptor, b"1000")
    except OSError:  # not allowed
        pass
    finally:
        os.close(descriptor)


def _wait(pid: int, timeout_s: float | None, channel: socket.socket) -> bool:
    """Wait for a child to end; return False if it runs longer, raise _Gone if the one that asks is gone.

    Who asks says nothing while it waits; so if there is something to read, it is the end.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):  # not Linux, or an old one
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while until is None or time.monotonic() < until:
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
                return True
            if select.select([channel], [], [], 0.005)[0]:
                raise _Gone from None
        return False
    try:
        ready = select.select([descriptor, channel.fileno()], [], [], timeout_s)[0]
    finally:
        os.close(descriptor)
    if descriptor in ready:
        return True
    if ready:
        raise _Gone
    return False


def _kill_group(pid: int) -> None:
    for kill, target in ((os.killpg, pid), (os.kill, pid)):
        try:
            kill(target, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _run(task: Task, request: dict[str, Any]) -> dict[str, Any]:
    """Run one invocation and return its report; the trace and the result go to the files that the request names."""
    with open(request["arguments"], "rb") as file:
        args, kwargs = pickle.load(file)
    _quieten()
    if task.before is not None:
        task.before()
    trace = os.open(request["trace"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if request.get("trace") else -1
    meter = make_meter(task.meter, task.fork)
    recorder = Recorder(trace) if trace >= 0 else None
    warmed = warm(meter) if recorder is not None else None
    gc.collect()
    baseline = meter.start()
    tracer = Tracer(task.scope.matcher(), meter, recorder, baseline) if recorder is not None else None
    failure, value = "", None
    if tracer is not None:
        tracer.start()
    began = time.perf_counter()
    try:
        value = call_to_end(task.function, args, kwargs)
    except BaseException as error:
        failure = _describe(error)
    duration = time.perf_counter() - began
    if tracer is not None:
        tracer.stop()
    report = {
        "status": "raised" if failure else "ok",
        "detail": failure,
        "duration_s": duration,
        "baseline_bytes": baseline,
        "peak_bytes": max(0, meter.high_water() - baseline),
    }
    del warmed
    if recorder is not None and tracer is not None:
        recorder.close({**report, **findings(tracer)})
        os.close(trace)
    if request.get("result") and not failure:
        with open(request["result"], "wb") as file:
            pickle.dump(value, file)
    return report


def _quieten() -> None:
    """Send what the function prints to nowhere: thirty runs of it would bury what training has to say."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def call_to_end(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function; run a coroutine to its end, and draw a generator to its end."""
    value = function(*args, **kwargs)
    if inspect.iscoroutine(value):
        import asyncio

        return asyncio.run(value)
    if inspect.isgenerator(value):  # its body runs only while it is drawn from
        for _ in value:
            pass
        return None
    return value


def _describe(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return " ".join(text.split())[:_LONGEST_REPORT]


def main() -> None:
    """Run the server; the arguments are the socket's descriptor and the folder."""
    serve(int(sys.argv[1]), sys.argv[2])
