"""What a turn on Telegram costs, against bare echo bots of the same libraries on the same fake, in one run.

    python -m benchmarks.telegram

The fake plays Telegram in a process of its own, without limits of pace, on one core; the bot has another. Ours is the
program as it is started; each of its people is half through a draft of their own, writes and closes two questions:
five whole durable turns. Latency is from the moment somebody sends until the answer has reached Telegram.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.crowd import LIFTED, NEW, settle
from benchmarks.figures import Figure, cpu_seconds, median_of, resident, table
from bot.app import House
from bot.config import load
from handlers.telegram_fake.phone import Remote
from handlers.telegram_fake.telegram import TOKEN
from tests.browser import free_port, serving

LIBRARIES = ("aiogram", "ptb")
ROUNDS, PEOPLE, WARM = 3, 600, 100
STEPS = ("say", "写完了", "say", "写完了", "够了，下一问")  # two questions, the second answered thinly
PACE, PACED = 100, 2000  # turns a second, and how many
FIRST = 1_000_000
CPU_LIMIT = {"aiogram": 1.5, "ptb": 0.7}  # of what the bare default echo's request costs
P99_LIMIT, RATE_LIMIT, REQUESTS_LIMIT = 30, 500, 3
_SENT = ("sendMessage", "editMessageText", "editMessageReplyMarkup", "answerCallbackQuery", "sendDocument")


def figures() -> list[Figure]:
    """Rounds of echo and ours in turn, for each library."""
    cost: dict[str, list[float]] = {}
    rates: dict[str, list[float]] = {}
    others: list[Figure] = []
    for _ in range(ROUNDS):
        for library in LIBRARIES:
            for kind, run in (("echo", _echo), ("ours", _ours)):
                with _fake() as url, run(library, url) as pid:
                    milliseconds, rate, _ = _burst(url, pid, echo=kind == "echo")
                    cost.setdefault(f"{library} {kind}", []).append(milliseconds)
                    rates.setdefault(f"{library} {kind}", []).append(rate)
    for library in LIBRARIES:
        with _fake() as url, _ours(library, url) as pid:
            others += _rest(library, url, pid)
    found = []
    for library in LIBRARIES:
        echo, ours = cost[f"{library} echo"], cost[f"{library} ours"]
        ratios = [mine / bare for mine, bare in zip(ours, echo, strict=True)]
        found += [
            median_of(f"{library}: CPU a request, bare echo", echo, "ms"),
            median_of("  ours, durable turn included", ours, "ms"),
            median_of("  ratio", ratios, "x", CPU_LIMIT[library]),
            median_of("  turns a second, bare echo", rates[f"{library} echo"], "/s"),
            Figure("  ours", statistics.median(rates[f"{library} ours"]), "/s", RATE_LIMIT, least=True),
        ]
    return [*found, *others]


def _rest(library: str, url: str, pid: int) -> list[Figure]:
    """Paced turns, presses, memory."""
    took = _paced(url)
    _, _, requests = _burst(url, pid)
    return [
        Figure(f"{library}: {PACE} turns a second: p50", took[len(took) // 2], "ms"),
        Figure("  p99", took[int(len(took) * 0.99)], "ms", P99_LIMIT),
        Figure("  requests a turn", requests, "", REQUESTS_LIMIT),
        Figure("  memory", resident(pid), "MB"),
    ]


# ---------------------------------------------------------------- what is started


@contextmanager
def _fake() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "bot", "telegram", "fake", "--port", str(port)]
    with _process(command, core=0):
        url = f"http://127.0.0.1:{port}"
        _until(lambda: _answers(url))
        fake = Remote(url)
        fake.call("pace", on=False)
        fake.call("crowd", count=WARM + PEOPLE + PACED, first=FIRST)
        yield url


@contextmanager
def _echo(library: str, url: str) -> Iterator[int]:
    with _process([sys.executable, "-m", "benchmarks.echo", library, url, TOKEN], core=1) as pid:
        yield pid


@contextmanager
def _ours(library: str, url: str) -> Iterator[int]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        asyncio.run(_seed(folder))
        environ = {
            **LIFTED,
            "ANLITONG_TELEGRAM__LIBRARY": library,
            "ANLITONG_TELEGRAM__API": url,
            "ANLITONG_TELEGRAM__TOKEN": TOKEN,
            "ANLITONG_TELEGRAM__CHAT_BURST": "100",
            "ANLITONG_TELEGRAM__CHAT_PER_SECOND": "100",
        }
        with serving(folder, environ=environ) as served:
            _pin(served.pid, 1)
            yield served.pid


async def _seed(folder: Path) -> None:
    async with House(load(data=str(folder), environ=LIFTED)) as house:
        from bot.demo import open_demo

        await open_demo(house)
        await settle(house, "telegram", [str(FIRST + n) for n in range(WARM + PEOPLE + PACED)])


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


# ---------------------------------------------------------------- what is measured


def _burst(url: str, pid: int, *, echo: bool = False) -> tuple[float, float, float]:
    """CPU milliseconds a request, turns a second, and requests a turn, of everybody writing at once."""
    fake = Remote(url)
    _wave(fake, "say", range(FIRST, FIRST + WARM))
    crowd = range(FIRST + WARM, FIRST + WARM + PEOPLE)
    before, began, cpu, turns = _requests(fake), time.monotonic(), cpu_seconds(pid), 0
    for step in ["say"] * len(STEPS) if echo else STEPS:
        turns += _wave(fake, step, crowd)
    requests, wall = _requests(fake) - before, time.monotonic() - began
    return (cpu_seconds(pid) - cpu) * 1000 / requests, turns / wall, requests / turns


def _wave(fake: Remote, step: str, users: range) -> int:
    """Everybody does the same; returns how many did when all of it is answered, and nothing more is asked."""
    before = _requests(fake)
    if step == "say":
        done: int = fake.call("say_many", said=[[user, NEW] for user in users])
    else:
        done = fake.call("press_many", pressed=[[user, step] for user in users])
    _until(lambda: _requests(fake) - before >= done and fake.call("pending") == 0)
    last = -1
    while last != (last := _requests(fake)):
        time.sleep(0.05)
    return done


def _paced(url: str) -> list[float]:
    """Milliseconds from a message to its answer's arrival, at a steady pace."""
    fake = Remote(url)
    _wave(fake, "say", range(FIRST, FIRST + WARM))
    first, since = FIRST + WARM + PEOPLE, fake.call("journal")[-1]["n"]
    sent: dict[int, float] = {}
    began = time.monotonic()
    for n in range(PACED):
        left = began + n / PACE - time.monotonic()
        if left > 0:
            time.sleep(left)
        sent[first + n] = time.time()
        fake.call("say", user=first + n, text=NEW)
    _until(lambda: fake.call("pending") == 0)
    time.sleep(1)
    arrived = {e["fields"].get("chat_id"): e["at"] for e in reversed(fake.call("journal", since=since))}
    return sorted((arrived[user] - at) * 1000 for user, at in sent.items())


def _requests(fake: Remote, *names: str) -> int:
    counts: Mapping[str, int] = fake.call("counts")
    return sum(count for key, count in counts.items() if key.split()[0] in (names or _SENT))


def _answers(url: str) -> bool:
    try:
        Remote(url).call("pending")
    except OSError:
        return False
    return True


def _until(test: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)


if __name__ == "__main__":
    print(table(figures()))
