"""Everything said, both ways, and what is owed to messengers. Rows are never changed, only added."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from bot.channel import Address, Outgoing
from storage.codec import body_out, message_in
from storage.tables import deliveries, messages

_INSERT = insert(messages)
_OWE = insert(deliveries)
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
    """A message to be sent to an address."""

    id: int
    conversation: int
    seq: int
    to: Address
    slot: str
    at: datetime


def add(connection: Connection, lines: Iterable[Line]) -> None:
    """Inserts messages."""
    rows: list[dict[str, Any]] = [
        {
            "conversation": line.conversation,
            "seq": line.seq,
            "cause": line.cause,
            "slot": line.message.slot,
            "author": line.message.author,
            "body": body_out(line.message),
            "at": line.at,
        }
        for line in lines
    ]
    if rows:
        connection.execute(_INSERT, rows)


def owe(connection: Connection, new: Iterable[Owed]) -> None:
    """Inserts deliveries."""
    rows: list[dict[str, Any]] = [
        {
            "id": o.id,
            "conversation": o.conversation,
            "seq": o.seq,
            "channel": o.to.channel,
            "external": o.to.external,
            "state": "owed",
            "slot": o.slot,
            "at": o.at,
        }
        for o in new
    ]
    if rows:
        connection.execute(_OWE, rows)


def between(connection: Connection, conversation: int, seq_from: int, seq_to: int) -> list[tuple[int, Outgoing]]:
    """The messages of a conversation from one seq to another, both included."""
    found = connection.execute(_RANGE, {"conversation": conversation, "seq_from": seq_from, "seq_to": seq_to})
    return [(seq, message_in(body, slot, author)) for seq, slot, author, body in found]
