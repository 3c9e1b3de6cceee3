"""What has been taken in, once each: a set of (channel, ref), never a high-water mark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from storage.prepared import Read, Write
from storage.tables import updates

_SEEN = Read(
    select(updates.c.ref, updates.c.digest, updates.c.conversation, updates.c.seq_from, updates.c.seq_to).where(
        updates.c.channel == bindparam("channel"), updates.c.ref.in_(bindparam("refs", expanding=True))
    ),
    *("channel", "refs"),
)
_INSERT = Write(insert(updates), "channel", "ref", "digest", "conversation", "seq_from", "seq_to", "at")


class Seen(NamedTuple):
    """An update that was stored: what it was, and the messages it caused (none when the range is empty)."""

    digest: str
    conversation: int
    seq_from: int
    seq_to: int


def seen(connection: Connection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Seen]:
    """Those of the (channel, ref) that were taken before."""
    by_channel: dict[str, list[str]] = defaultdict(list)
    for channel, ref in keys:
        by_channel[channel].append(ref)
    return {
        (channel, row[0]): Seen(*row[1:])
        for channel, refs in by_channel.items()
        for row in _SEEN.rows(connection, channel, refs)
    }


def add(connection: Connection, new: Iterable[tuple[tuple[str, str], Seen, datetime]]) -> None:
    """Keeps what was taken. IntegrityError when another process was quicker."""
    _INSERT.run(connection, [(*key, *s, at) for key, s, at in new])


def forget(connection: Connection, before: datetime) -> int:
    """Drops what no messenger delivers again; returns how many rows."""
    return connection.execute(delete(updates).where(updates.c.at < before)).rowcount
