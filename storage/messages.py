"""Everything said, both ways, and what is owed to messengers. Rows are never changed, only added."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from bot.channel import Address, Outgoing
from storage.codec import body_out, message_in
from storage.prepared import Write
from storage.tables import deliveries, messages

_INSERT = Write(insert(messages), "conversation", "seq", "cause", "slot", "author", "body", "at")
_OWE = Write(
    insert(deliveries),
    *("id", "conversation", "seq", "channel", "external", "state", "claimed_until", "slot", "tries", "at"),
)
_RANGE = (
    select(messages.c.seq, messages.c.slot, messages.c.author, messages.c.body)
    .where(
        messages.c.conversation == bindparam("conversation"),
        messages.c.seq >= bindparam("seq_from"),
        messages.c.seq <= bindparam("seq_to"),
    )
    .order_by(messages.c.seq)
)


class Line(NamedTuple):
    """A message to be stored."""

    conversation: int
    seq: int
    cause: str
    message: Outgoing
    at: datetime


class Owed(NamedTuple):
    """A message to be sent to an address; `until`: this process has claimed it till then."""

    id: int
    conversation: int
    seq: int
    to: Address
    slot: str
    at: datetime
    until: datetime | None = None


def add(connection: Connection, lines: Iterable[Line]) -> None:
    """Inserts messages."""
    _INSERT.run(connection, [(to, seq, cause, m.slot, m.author, body_out(m), at) for to, seq, cause, m, at in lines])


def owe(connection: Connection, new: Iterable[Owed]) -> None:
    """Inserts deliveries."""
    _OWE.run(connection, [(*o[:3], o.to.channel, o.to.external, *_claimed(o), o.at) for o in new])


def _claimed(owed: Owed) -> tuple[str, datetime | None, str, int]:
    return ("claimed" if owed.until else "owed", owed.until, owed.slot, 1 if owed.until else 0)


def between(connection: Connection, conversation: int, seq_from: int, seq_to: int) -> list[tuple[int, Outgoing]]:
    """The messages of a conversation from one seq to another, both included."""
    found = connection.execute(_RANGE, {"conversation": conversation, "seq_from": seq_from, "seq_to": seq_to})
    return [(seq, message_in(body, slot, author)) for seq, slot, author, body in found]
