"""100,000 different people say hello on Telegram, one after the other: `python -m benchmarks.strangers`.

Nothing is kept of somebody without an invite, so memory after all of them is what it was after the first tenth.
"""

from __future__ import annotations

import time

from benchmarks.figures import Figure, resident, table
from benchmarks.telegram_rig import fake_for, ours, requests, until
from handlers.telegram_fake.phone import Remote

LIBRARIES = ("aiogram", "ptb")
FIRST, TENTH, AT_ONCE = 5_000_000, 10_000, 1000
GROWTH = 1.15  # times what the first tenth left


def figures() -> list[Figure]:
    """One run for each library."""
    found = []
    for library in LIBRARIES:
        with fake_for(0) as url, ours(library, url, 0) as pid:
            fake, began = Remote(url), time.monotonic()
            _tenth(fake, 0)
            after_first = resident(pid)
            for n in range(1, 10):
                _tenth(fake, n)
            after_all, wall = resident(pid), time.monotonic() - began
        found += [
            Figure(f"{library}: strangers answered a second", 10 * TENTH / wall, "/s"),
            Figure(f"  memory after {TENTH} strangers", after_first, "MB"),
            Figure(f"  after {10 * TENTH}", after_all, "MB", GROWTH * after_first),
        ]
    return found


def _tenth(fake: Remote, n: int) -> None:
    """Ten thousand more people, a thousand at once, and all of them answered."""
    first = FIRST + n * TENTH
    fake.call("crowd", count=TENTH, first=first)
    before = requests(fake, "sendMessage")
    for start in range(first, first + TENTH, AT_ONCE):
        fake.call("say_many", said=[[user, "你好"] for user in range(start, start + AT_ONCE)])
        until(lambda: fake.call("pending") == 0)
    until(lambda: requests(fake, "sendMessage") - before >= TENTH)


if __name__ == "__main__":
    print(table(figures()))
