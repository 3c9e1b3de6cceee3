"""What waits to be told to somebody of the office: one wake a person, whose counts grow until it rings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from bot.engine.news import DIGEST, NEWS, added
from storage.tables import wakes


def add(connection: Connection, conversation: int, due: datetime, event: str) -> None:
    """Counts one more event; the first sets the clock. Raises IntegrityError where somebody else was quicker."""
    own = (wakes.c.conversation == conversation) & (wakes.c.kind == NEWS)
    row = connection.execute(select(wakes.c.data, wakes.c.claimed_until).where(own)).one_or_none()
    if row is None:
        data = added({}, event)
        connection.execute(insert(wakes), {"conversation": conversation, "kind": NEWS, "due": due, "data": data})
    else:
        connection.execute(update(wakes).where(own).values(data=added(row.data, event)))


def add_digest(connection: Connection, conversation: int, due: datetime, editions: Collection[int]) -> None:
    """Has told with it how these editions stand, at `due` at the latest. Raises IntegrityError where somebody else was
    quicker."""
    own = (wakes.c.conversation == conversation) & (wakes.c.kind == NEWS)
    row = connection.execute(select(wakes.c.data, wakes.c.due).where(own)).one_or_none()
    if row is None:
        values = {"conversation": conversation, "kind": NEWS, "due": due, "data": {DIGEST: sorted(editions)}}
        connection.execute(insert(wakes), values)
    else:
        all_ = sorted({*row.data.get(DIGEST, ()), *editions})
        connection.execute(update(wakes).where(own).values(data={**row.data, DIGEST: all_}, due=min(due, row.due)))
