"""Functions of every kind to record, and what may happen to them while they are."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

PAGE = 4096


def fills(n: int) -> bytearray:
    data = bytearray(n)
    for place in range(0, n, PAGE):
        data[place] = 1
    return data


def handler(event: dict[str, Any]) -> int:
    n = event["n"]
    label = event.get("kind", "plain")
    data = fills(n * 2 if label == "double" else n)
    return len(data)


def fills_texts(n: int) -> int:
    """Hold many small texts, and say what they take."""
    texts = [str(number) * 9 for number in range(n)]
    return sum(sys.getsizeof(text) + 15 & ~15 for text in texts) + sys.getsizeof(texts)


def drawn() -> int:
    n = random.randrange(200_000, 8_000_000)
    data = fills(n)
    return len(data)


async def waits(n: int) -> int:
    size = n
    await asyncio.sleep(0)
    data = fills(size)
    return len(data)


def pieces(n: int) -> Generator[int, int | None, str]:
    """Yield thrice, and say what was sent."""
    said = []
    for turn in range(3):
        data = fills(n)
        said.append((yield len(data) + turn))
    return f"said {said}"


async def streams(n: int) -> AsyncIterator[int]:
    for turn in range(3):
        data = fills(n)
        await asyncio.sleep(0)
        yield len(data) + turn


class Worker:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def work(self, n: int) -> int:
        size = n * self.factor
        return len(fills(size))


def recurses(n: int, again: Callable[[int], int] | None = None) -> int:
    size = n
    return size + again(n - 1) if again is not None and n else size


def raises(n: int) -> int:
    data = fills(n)
    try:
        raise KeyError("first secret")
    except KeyError:
        raise ValueError(f"a secret of {len(data)}")  # noqa: B904 - so that it has a context and no cause


def forks(n: int, record_inside: Callable[[int], Any] | None = None) -> int:
    """Go on in a child, which returns as the parent does."""
    data = fills(n)
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        return len(data) + status
    total = 0
    for number in range(50_000):  # more hits than a buffer holds
        total = number
    if record_inside is not None:
        record_inside(total)
    return -1


def dies(n: int) -> None:
    fills(n)
    os.kill(os.getpid(), signal.SIGKILL)


def ends(n: int) -> None:
    fills(n)
    os._exit(3)


def meets(barrier: threading.Barrier, n: int) -> int:
    barrier.wait(20)
    data = fills(n)
    barrier.wait(20)
    return len(data)


def in_thread(n: int) -> int:
    found = []

    def work() -> None:
        size = n
        found.append(len(fills(size)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0]
