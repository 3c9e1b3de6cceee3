"""The promise of keep-until: what was written for an edition goes when its day is over."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from bot.engine.content import Content
from storage import drafts as draft_rows
from storage import people as people_rows
from storage.posts import OVERSEEING
from storage.tables import cases, conversations, drafts, editions, enclosures, messages, roles, submissions


def is_kept(connection: Connection, edition: int) -> bool:
    """Whether anything of an edition is still there to be removed."""
    open_ = select(editions.c.id).where(editions.c.id == edition, ~editions.c.closed)
    wanted = (
        open_,
        select(cases.c.id).where(cases.c.edition == edition),
        select(drafts.c.id).where(drafts.c.edition == edition),
    )
    return any(connection.execute(w.limit(1)).first() for w in wanted)


def let_go(connection: Connection, edition: int) -> dict[str, int]:
    """Removes an edition's cases and drafts with all texts, and what its writers said; closes it.

    Who has nothing else here and no office loses the profile as well. Returns how many of each went.
    """
    own = cases.c.edition == edition
    contents = connection.execute(
        select(submissions.c.content).join(cases, cases.c.id == submissions.c.case).where(own)
    ).scalars()
    for content in map(Content.from_json, contents):
        people_rows.release(connection, [p.file for p in content.pictures] + [m.file for m in content.materials])
    laid = select(enclosures.c.file).join(cases, cases.c.id == enclosures.c.case).where(own)
    people_rows.release(connection, list(connection.execute(laid).scalars()))
    gone_cases = connection.execute(delete(cases).where(own)).rowcount
    rows = connection.execute(select(drafts.c.id, drafts.c.person).where(drafts.c.edition == edition)).all()
    people_rows.release(connection, draft_rows.remove(connection, [row.id for row in rows]))
    writers = {row.person for row in rows}
    erased = sum(_let_writer_go(connection, person) for person in sorted(writers))
    connection.execute(update(editions).where(editions.c.id == edition).values(closed=True))
    return {"edition": edition, "cases": gone_cases, "drafts": len(rows), "people": erased}


def _let_writer_go(connection: Connection, person: int) -> bool:
    """Forgets what a writer said before the oldest draft they still have; without one, the person."""
    conversation = connection.execute(select(conversations.c.id).where(conversations.c.person == person)).scalar_one()
    oldest = connection.execute(
        select(func.min(drafts.c.created_at)).where(drafts.c.person == person, drafts.c.edition.is_not(None))
    ).scalar()
    said = messages.c.conversation == conversation
    cleared: dict[str, Any] = {"focus": None, "pending": None, "typing_question": "", "typing_text": "", "undo": ""}
    change = update(conversations).where(conversations.c.id == conversation)
    connection.execute(change.values(version=conversations.c.version + 1, **cleared))
    if oldest is not None:
        connection.execute(delete(messages).where(said, messages.c.at < oldest))
        return False
    connection.execute(delete(messages).where(said))
    if _has_office(connection, person):
        return False
    people_rows.erase(connection, person, conversation)
    connection.execute(change.values(consent=""))
    return True


def _has_office(connection: Connection, person: int) -> bool:
    wanted = (roles.c.person == person) & roles.c.role.in_(OVERSEEING)
    return connection.execute(select(roles.c.person).where(wanted).limit(1)).first() is not None
