"""A notice to 5,000 people at Telegram's own pace, and people who write meanwhile: `python -m benchmarks.notices`.

The fake's limits are Telegram's. The notices are owed in the database, as a round of reminders owes them; some others
write and must not feel it: what they wait for is counted from sending to the answer's arrival.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, select

from benchmarks.crowd import NEW
from benchmarks.figures import Figure, table
from benchmarks.telegram_rig import FIRST, fake_for, ours, requests, until
from bot.channel import Address, Outgoing
from bot.world import World
from handlers.telegram_fake.phone import Remote
from storage import tables as t
from storage.messages import Line, Owed, add, owe

LIBRARY, NOTICES, WRITERS, EVERY = "ptb", 5000, 300, 0.5
SLOWEST = 1000  # milliseconds
_SEQ = 900_000  # behind everything that is said


def figures() -> list[Figure]:
    """One whole run, nearly three minutes at thirty a second."""
    people = NOTICES + WRITERS
    with fake_for(people, pace=True) as url, ours(LIBRARY, url, people, {}, _owe):
        fake, began = Remote(url), time.monotonic()
        took: list[float] = []
        writers = iter(range(FIRST + NOTICES, FIRST + people))
        while requests(fake, "sendMessage") < NOTICES + len(took):
            user = next(writers, None)
            if user is None:
                break
            took.append(_answered(fake, user))
            time.sleep(EVERY)
        until(lambda: requests(fake, "sendMessage") >= NOTICES + len(took), seconds=600)
        wall = time.monotonic() - began
        floods = sum(count for key, count in fake.call("counts").items() if key.endswith(" 429"))
    return [
        Figure(f"{NOTICES} notices: a second", NOTICES / wall, "/s"),
        Figure("  refused for their pace (429)", floods, "", 0),
        Figure(f"  the slowest of {len(took)} replies meanwhile", max(took), "ms", SLOWEST),
        Figure("  half of them within", sorted(took)[len(took) // 2], "ms"),
    ]


def _owe(connection: Connection, world: World) -> None:
    """A notice for each of the first people."""
    now = world.now()
    found = connection.execute(
        select(t.addresses.c.external, t.conversations.c.id)
        .join(t.conversations, t.conversations.c.person == t.addresses.c.person)
        .where(t.addresses.c.channel == "telegram")
    ).all()
    first = [(Address(channel="telegram", external=e), id) for e, id in found if int(e) < FIRST + NOTICES]
    add(connection, [Line(id, _SEQ, "wake:notice", Outgoing(text=NEW), now) for _, id in first])
    owe(connection, [Owed(world.new_id(), id, _SEQ, address, "", now) for address, id in first])


def _answered(fake: Remote, user: int) -> float:
    """Milliseconds until somebody who says something has an answer."""
    fake.call("say", user=user, text=NEW)
    began = time.monotonic()
    until(lambda: any(not m["mine"] for m in fake.call("screen", user=user)["messages"]), seconds=60)
    return (time.monotonic() - began) * 1000


if __name__ == "__main__":
    print(table(figures()))
