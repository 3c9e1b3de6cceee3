"""What a turn on Telegram costs, against bare echo bots of the same libraries on the same fake, in one run.

    python -m benchmarks.telegram

The fake plays Telegram in a process of its own, without limits of pace, on one core; the bot has another. Ours is the
program as it is started; each of its people is half through a draft of their own, writes and closes two questions:
five whole durable turns. Latency is from the moment somebody sends until the answer has reached Telegram.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import NamedTuple

from benchmarks.crowd import NEW
from benchmarks.figures import Figure, cpu_seconds, median_of, resident, table
from benchmarks.telegram_rig import FIRST, echo_bot, fake_for, ours, requests, until
from handlers.telegram_fake.phone import Remote

LIBRARIES = ("aiogram", "ptb")
ROUNDS, PEOPLE, WARM = 3, 600, 100
STEPS = ("say", "写完了", "say", "写完了", "够了，下一问")  # two questions, the second answered thinly
PACE, PACED = 100, 2000  # turns a second, and how many
CROWD = WARM + PEOPLE + PACED
CPU_LIMIT = {"aiogram": 1.5, "ptb": 0.7}  # of what the bare default echo's request costs
P99_LIMIT, RATE_LIMIT, REQUESTS_LIMIT = 30, 500, 3


def figures() -> list[Figure]:
    """Rounds of echo and ours in turn, for each library."""
    cost: dict[str, list[float]] = {}
    rates: dict[str, list[float]] = {}
    others: dict[str, list[_Rest]] = {}
    for _ in range(ROUNDS):
        for library in LIBRARIES:
            for kind, run in (("echo", echo_bot), ("ours", _ours)):
                with fake_for(CROWD) as url, run(library, url) as pid:
                    milliseconds, rate, asked = _burst(url, pid, bare=kind == "echo")
                    cost.setdefault(f"{library} {kind}", []).append(milliseconds)
                    rates.setdefault(f"{library} {kind}", []).append(rate)
            with fake_for(CROWD) as url, _ours(library, url) as pid:
                others.setdefault(library, []).append(_Rest(_paced(url), asked, resident(pid)))
    found = []
    for library in LIBRARIES:
        echo, ours, rest = cost[f"{library} echo"], cost[f"{library} ours"], others[library]
        ratios = [mine / bare for mine, bare in zip(ours, echo, strict=True)]
        found += [
            median_of(f"{library}: CPU a request, bare echo", echo, "ms"),
            median_of("  ours, durable turn included", ours, "ms"),
            median_of("  ratio", ratios, "x", CPU_LIMIT[library]),
            median_of("  turns a second, bare echo", rates[f"{library} echo"], "/s"),
            median_of("  ours", rates[f"{library} ours"], "/s", RATE_LIMIT, least=True),
            median_of("  requests a turn", [one.asked for one in rest], "", REQUESTS_LIMIT),
            median_of(f"  {PACE} turns a second: p50", [_at(one.took, 0.5) for one in rest], "ms"),
            median_of("  p99", [_at(one.took, 0.99) for one in rest], "ms", P99_LIMIT),
            median_of("  the slowest", [one.took[-1] for one in rest], "ms"),
            median_of("  memory", [one.memory for one in rest], "MB"),
        ]
    return found


class _Rest(NamedTuple):
    """Of one round: sorted milliseconds of paced turns, requests a turn, MB after it."""

    took: list[float]
    asked: float
    memory: float


def _at(took: list[float], share: float) -> float:
    return took[int(len(took) * share)]


def _ours(library: str, url: str) -> AbstractContextManager[int]:
    return ours(library, url, CROWD)


# ---------------------------------------------------------------- what is measured


def _burst(url: str, pid: int, *, bare: bool = False) -> tuple[float, float, float]:
    """CPU milliseconds a request, turns a second, and requests a turn, of everybody writing at once."""
    fake = Remote(url)
    _wave(fake, "say", range(FIRST, FIRST + WARM))
    crowd = range(FIRST + WARM, FIRST + WARM + PEOPLE)
    before, began, cpu, turns = requests(fake), time.monotonic(), cpu_seconds(pid), 0
    for step in ["say"] * len(STEPS) if bare else STEPS:
        turns += _wave(fake, step, crowd)
    asked, wall = requests(fake) - before, time.monotonic() - began
    return (cpu_seconds(pid) - cpu) * 1000 / asked, turns / wall, asked / turns


def _wave(fake: Remote, step: str, users: range) -> int:
    """Everybody does the same; returns how many did when all of it is answered, and nothing more is asked."""
    before = requests(fake)
    if step == "say":
        done: int = fake.call("say_many", said=[[user, NEW] for user in users])
    else:
        done = fake.call("press_many", pressed=[[user, step] for user in users])
    until(lambda: requests(fake) - before >= done and fake.call("pending") == 0)
    last = -1
    while last != (last := requests(fake)):
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
    until(lambda: fake.call("pending") == 0)
    time.sleep(1)
    arrived = {e["fields"].get("chat_id"): e["at"] for e in reversed(fake.call("journal", since=since))}
    return sorted((arrived[user] - at) * 1000 for user, at in sent.items())


if __name__ == "__main__":
    print(table(figures()))
