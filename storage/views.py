"""The read side: every function takes a Scope and answers None for what lies outside it.

What is outside is not told apart from what never existed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, false, or_, select, true

from bot.channel import Address
from bot.doors import Scope, Shown, Visitor
from bot.engine.content import Content
from storage.codec import message_in
from storage.columns import at_or_below
from storage.posts import posts
from storage.prepared import Read
from storage.tables import (
    addresses,
    attachments,
    cases,
    conversations,
    documents,
    drafts,
    files,
    messages,
    people,
    submissions,
    units,
)


class FileRow(NamedTuple):
    """A file with the name its reader knows it by."""

    hash: str
    kind: str
    mime: str
    name: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A frozen submission and what its file name needs."""

    content: Content
    words: int
    call: str
    number: str
    name: str
    phone: str
    at: datetime


# Asked at every request: composed once, since composing a statement costs more than running it.
_VISITOR = Read(
    select(people.c.id, people.c.name, conversations.c.id)
    .join(addresses, addresses.c.person == people.c.id)
    .join(conversations, conversations.c.person == people.c.id)
    .where(addresses.c.channel == bindparam("channel"), addresses.c.external == bindparam("external")),
    *("channel", "external"),
)
_OWNER = select(conversations.c.person).where(conversations.c.id == bindparam("id"))
_SEQ = select(conversations.c.seq).where(conversations.c.id == bindparam("id"))
_MESSAGES = select(messages).where(messages.c.conversation == bindparam("conversation")).limit(bindparam("most"))
_NEWEST = _MESSAGES.order_by(messages.c.seq.desc())
_NEWER = _MESSAGES.where(messages.c.seq > bindparam("after")).order_by(messages.c.seq)


def visitor(connection: Connection, address: Address, now: datetime) -> Visitor | None:
    """Whom an address belongs to, with the posts they hold at this instant."""
    found = _VISITOR.rows(connection, address.channel, address.external)
    if not found:
        return None
    person, name, conversation = found[0]
    return replace(overseer(connection, person, now), name=name, conversation=conversation)


def overseer(connection: Connection, person: int, now: datetime) -> Visitor:
    """Somebody with the posts they hold at this instant, whichever way they come."""
    held = posts(connection, person, now)
    scope = Scope(person=person, units=tuple(dict.fromkeys(post.path for post in held)))
    return Visitor(person=person, conversation=0, name="", scope=scope, posts=held)


def owns(connection: Connection, scope: Scope, conversation: int) -> bool:
    """Whether the conversation is the scope's own person's."""
    return scope.person != 0 and owner(connection, conversation) == scope.person


def owner(connection: Connection, conversation: int) -> int:
    """Whose a conversation is; 0 when there is none."""
    return connection.execute(_OWNER, {"id": conversation}).scalar() or 0


def seq(connection: Connection, conversation: int) -> int:
    """The conversation's last message; 0 for none."""
    return connection.execute(_SEQ, {"id": conversation}).scalar() or 0


def alive(connection: Connection) -> None:
    """Raises what the database raises when it cannot be read."""
    connection.execute(select(conversations.c.id).limit(1)).first()


def unit_path(connection: Connection, unit: int) -> tuple[str, ...]:
    """The names from the root down to a unit."""
    return tuple(connection.execute(select(units.c.path).where(units.c.id == unit)).scalar_one().split("/"))


def events(connection: Connection, scope: Scope, conversation: int, after: int, limit: int) -> list[Shown]:
    """Messages with seq > after, oldest first; the last `limit` ones where `after` is negative."""
    if not owns(connection, scope, conversation):
        return []
    values = {"conversation": conversation, "most": limit}
    if after < 0:
        rows = list(connection.execute(_NEWEST, values))[::-1]
    else:
        rows = list(connection.execute(_NEWER, {**values, "after": after}))
    return [
        Shown(seq=row.seq, at=row.at, message=message_in(row.body, row.slot, row.author), cause=row.cause)
        for row in rows
    ]


def file(connection: Connection, scope: Scope, hash: str) -> FileRow | None:
    """A file that stands in an own draft, or was made for the person."""
    columns = (files.c.hash, files.c.kind, files.c.mime)
    attached = (
        select(*columns, attachments.c.name, files.c.size)
        .join(attachments, attachments.c.file == files.c.hash)
        .join(drafts, drafts.c.id == attachments.c.draft)
        .where(files.c.hash == hash, drafts.c.person == scope.person)
    )
    made = (
        select(*columns, documents.c.name, files.c.size)
        .join(documents, documents.c.file == files.c.hash)
        .where(files.c.hash == hash, documents.c.person == scope.person)
    )
    for wanted in (made, attached):
        if row := connection.execute(wanted.limit(1)).first():
            return FileRow(*row)
    return None


def draft_owner(connection: Connection, scope: Scope, draft: int) -> bool:
    """Whether a draft is the scope's own person's."""
    wanted = (drafts.c.id == draft) & (drafts.c.person == scope.person)
    return connection.execute(select(drafts.c.id).where(wanted)).first() is not None


def submission(connection: Connection, scope: Scope, draft: int, n: int) -> Submission | None:
    """Submission n of a draft's case: an own one, or one of a unit the scope oversees."""
    row = connection.execute(
        select(
            submissions.c.content, submissions.c.words, submissions.c.at, cases.c.number, people.c.name, people.c.phone
        )
        .join(cases, cases.c.id == submissions.c.case)
        .join(units, units.c.id == cases.c.unit)
        .join(people, people.c.id == cases.c.person)
        .where(cases.c.draft == draft, submissions.c.n == n, _sees(scope))
    ).one_or_none()
    if row is None:
        return None
    content = Content.from_json(row.content)
    return Submission(
        content=content,
        words=row.words,
        call=content.call,
        number=row.number,
        name=row.name,
        phone=row.phone,
        at=row.at,
    )


def _sees(scope: Scope) -> ColumnElement[bool]:
    """Cases of the person, and those at or below the overseen units but what its writer took back."""
    return or_(cases.c.person == scope.person, and_(cases.c.state != "taken_back", below(scope)))


def below(scope: Scope) -> ColumnElement[bool]:
    """What is joined with a unit at or below the overseen ones."""
    if "" in scope.units:
        return true()
    return or_(false(), *(at_or_below(units.c.path, path) for path in scope.units))
