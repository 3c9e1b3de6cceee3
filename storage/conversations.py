"""Conversations with their people, loaded and saved a batch at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, exists, literal_column, select, update

from bot.engine.model import Conversation, Person, Unit
from bot.errors import Stale
from storage.codec import (
    arriving_in,
    arriving_out,
    focus_in,
    focus_out,
    pending_in,
    pending_out,
    undo_in,
    undo_out,
)
from storage.prepared import Read, Write
from storage.tables import conversations, people, roles, units

_invited = units.alias("invited_unit")
_own = units.alias("own_unit")
_LOAD = (
    select(
        people.c.id,
        people.c.name,
        people.c.post,
        people.c.phone,
        _invited.c.id,
        _invited.c.path,
        _invited.c.level,
        _invited.c.confirmed,
        _own.c.id,
        _own.c.path,
        _own.c.level,
        _own.c.confirmed,
        conversations.c.id,
        conversations.c.version,
        conversations.c.seq,
        conversations.c.focus,
        conversations.c.pending,
        conversations.c.typing_question,
        conversations.c.typing_text,
        conversations.c.undo,
        conversations.c.consent,
        conversations.c.declined,
        conversations.c.seen_at,
        conversations.c.arriving,
        conversations.c.spoke,
        conversations.c.pressed,
        exists().where(roles.c.person == people.c.id, roles.c.role != literal_column("'writer'")),
    )
    .join(conversations, conversations.c.person == people.c.id)
    .join(_invited, _invited.c.id == people.c.invited)
    .outerjoin(_own, _own.c.id == people.c.unit)
)
_BY_PERSON = Read(_LOAD.where(people.c.id.in_(bindparam("ids", expanding=True))), "ids")
_BY_ID = Read(_LOAD.where(conversations.c.id.in_(bindparam("ids", expanding=True))), "ids")
_SEQS = Read(
    select(conversations.c.id, conversations.c.seq).where(conversations.c.id.in_(bindparam("ids", expanding=True))),
    "ids",
)
_SAVE = Write(
    update(conversations)
    .where(conversations.c.id == bindparam("b_id"), conversations.c.version == bindparam("b_version"))
    .values(
        version=bindparam("version"),
        seq=bindparam("seq"),
        focus=bindparam("focus"),
        pending=bindparam("pending"),
        typing_question=bindparam("typing_question"),
        typing_text=bindparam("typing_text"),
        undo=bindparam("undo"),
        consent=bindparam("consent"),
        declined=bindparam("declined"),
        seen_at=bindparam("seen_at"),
        arriving=bindparam("arriving"),
        spoke=bindparam("spoke"),
        pressed=bindparam("pressed"),
    ),
    *("version", "seq", "focus", "pending", "typing_question", "typing_text"),
    *("undo", "consent", "declined", "seen_at", "arriving", "spoke", "pressed", "b_id", "b_version"),
)
_SAVE_TYPING = Write(
    update(conversations)
    .where(conversations.c.id == bindparam("b_id"))
    .values(typing_question=bindparam("typing_question"), typing_text=bindparam("typing_text")),
    *("typing_question", "typing_text", "b_id"),
)


@lru_cache(maxsize=4096)
def unit_of(path: str, id: int, level: str, confirmed: bool) -> Unit:
    """A node from its columns."""
    return Unit(id=id, path=tuple(path.split("/")), level=level, confirmed=confirmed)


def _pair(row: Any) -> tuple[Person, Conversation]:
    person = Person(
        id=row[0],
        invited=unit_of(row[5], row[4], row[6], row[7]),
        unit=None if row[8] is None else unit_of(row[9], row[8], row[10], row[11]),
        name=row[1],
        post=row[2],
        phone=row[3],
        oversees=bool(row[26]),
    )
    conversation = Conversation(
        id=row[12],
        person=row[0],
        version=row[13],
        seq=row[14],
        focus=focus_in(row[15]),
        pending=pending_in(row[16]),
        typing=(row[17], row[18]),
        undo=undo_in(row[19]),
        consent=row[20],
        declined=row[21],
        seen_at=row[22],
        arriving=arriving_in(row[23]),
        spoke=row[24],
        pressed=row[25],
    )
    return person, conversation


def load(
    connection: Connection, *, persons: Collection[int] = (), ids: Collection[int] = ()
) -> list[tuple[Person, Conversation]]:
    """The people with these ids, and those whose conversations have these ids."""
    return [_pair(row) for row in (*_BY_PERSON.rows(connection, persons), *_BY_ID.rows(connection, ids))]


def seqs(connection: Connection, ids: Collection[int]) -> dict[int, int]:
    """The last message's seq of each of these conversations."""
    return {row[0]: row[1] for row in _SEQS.rows(connection, ids)}


def save(connection: Connection, changed: Iterable[tuple[Conversation, int]]) -> None:
    """Writes conversations, each with the version it was loaded at. Raises Stale if one moved on.

    In the order of ids, so that two processes seldom wait for each other crosswise; if they do, one begins anew.
    """
    rows = [
        (
            c.version,
            c.seq,
            focus_out(c.focus),
            pending_out(c.pending),
            *c.typing,
            undo_out(c.undo),
            c.consent,
            c.declined,
            c.seen_at,
            arriving_out(c.arriving),
            c.spoke,
            c.pressed,
            c.id,
            loaded,
        )
        for c, loaded in sorted(changed, key=lambda pair: pair[0].id)
    ]
    if _SAVE.run(connection, rows) != len(rows):
        raise Stale("a conversation was changed by somebody else")


def save_typing(connection: Connection, changed: Iterable[Conversation]) -> None:
    """Writes the half-typed text alone; the version stays, a lost race loses nothing that was sent."""
    _SAVE_TYPING.run(connection, [(*c.typing, c.id) for c in sorted(changed, key=lambda c: c.id)])
