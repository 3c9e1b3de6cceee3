"""What a benchmark of Telegram starts: the fake in a process of its own, a bare echo bot, ours with its people."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from benchmarks.crowd import LIFTED, settle
from bot.app import House
from bot.config import load
from bot.demo import open_demo
from bot.world import World
from handlers.telegram_fake.phone import Remote
from handlers.telegram_fake.telegram import TOKEN
from tests.browser import free_port, serving

FIRST = 1_000_000  # the first person's number; the others follow
UNPACED = {"ANLITONG_TELEGRAM__CHAT_BURST": "100", "ANLITONG_TELEGRAM__CHAT_PER_SECOND": "100"}
SENT = ("sendMessage", "editMessageText", "editMessageReplyMarkup", "answerCallbackQuery", "sendDocument")


@contextmanager
def fake_for(people: int, *, pace: bool = False) -> Iterator[str]:
    """The fake's address; so many people have written to its bot before. `pace`: with Telegram's limits."""
    port = free_port()
    command = [sys.executable, "-m", "bot", "telegram", "fake", "--port", str(port)]
    with _process(command, core=0):
        url = f"http://127.0.0.1:{port}"
        until(lambda: _answers(url))
        fake = Remote(url)
        fake.call("pace", on=pace)
        fake.call("crowd", count=people, first=FIRST)
        yield url


@contextmanager
def echo_bot(library: str, url: str) -> Iterator[int]:
    """A bare echo bot's process."""
    with _process([sys.executable, "-m", "benchmarks.echo", library, url, TOKEN], core=1) as pid:
        yield pid


@contextmanager
def ours(
    library: str,
    url: str,
    people: int,
    environ: Mapping[str, str] = UNPACED,
    prepare: Callable[[Connection, World], None] | None = None,
) -> Iterator[int]:
    """The program's process, with so many people half through a draft; `prepare` fills its database further."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        asyncio.run(_seed(folder, people, prepare))
        spoken = {
            "ANLITONG_TELEGRAM__LIBRARY": library,
            "ANLITONG_TELEGRAM__API": url,
            "ANLITONG_TELEGRAM__TOKEN": TOKEN,
        }
        with serving(folder, environ={**LIFTED, **spoken, **environ}) as served:
            _pin(served.pid, 1)
            yield served.pid


async def _seed(folder: Path, people: int, prepare: Callable[[Connection, World], None] | None) -> None:
    async with House(load(data=str(folder), environ=LIFTED)) as house:
        await open_demo(house)
        await settle(house, "telegram", [str(FIRST + n) for n in range(people)])
        if (work := prepare) is not None:
            await house.desk.submit(lambda c: work(c, house.world))


@contextmanager
def _process(command: list[str], core: int) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _pin(process.pid, core)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _pin(pid: int, core: int) -> None:
    """All its threads on one core, where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {cores[core]})


def requests(fake: Remote, *names: str) -> int:
    """How many requests of these methods the fake has answered, of all that a person notices by default."""
    counts: Mapping[str, int] = fake.call("counts")
    return sum(count for key, count in counts.items() if key.split()[0] in (names or SENT))


def _answers(url: str) -> bool:
    try:
        Remote(url).call("pending")
    except OSError:
        return False
    return True


def until(test: Callable[[], bool], seconds: float = 60) -> None:
    """Returns when the test holds. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)
