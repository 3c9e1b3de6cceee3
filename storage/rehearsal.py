"""What a rehearsal reads of its own house, and the one thing it does away with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, or_, select

from storage.tables import cases, conversations, drafts, jobs, messages, units

_TOLD = or_(*(messages.c.cause.like(text) for text in ("wake:%:remind:%", "wake:%:chosen:%", "wake:%:news:%", "job:%")))
_UNASKED = or_(messages.c.cause.like("wake:%"), messages.c.cause.like("job:%"))


def is_wanted(connection: Connection) -> bool:
    """Whether any work waits."""
    return connection.execute(select(jobs.c.id).where(jobs.c.state == "waiting").limit(1)).first() is not None


def drop_papers(connection: Connection) -> None:
    """Word files and prepared pictures that are wanted: nobody reads them."""
    connection.execute(delete(jobs).where(jobs.c.kind.in_(("paper", "picture"))))


def waiting(connection: Connection, edition: int) -> list[tuple[int, int]]:
    """The cases that nobody has decided, with their submission; in the order of their numbers, which a seed repeats."""
    own = (cases.c.edition == edition) & cases.c.state.in_(("waiting", "opened"))
    wanted = select(cases.c.id, cases.c.n).where(own).order_by(cases.c.county, cases.c.number)
    return [(row.id, row.n) for row in connection.execute(wanted)]


def villages(connection: Connection) -> list[str]:
    """The paths of the units that have none below them."""
    child = units.alias("child")
    leaf = ~select(child.c.id).where(child.c.parent == units.c.id).exists()
    return list(connection.execute(select(units.c.path).where(leaf).order_by(units.c.path)).scalars())


def told_since(connection: Connection, since: datetime) -> list[int]:
    """The conversations to which a clock has brought a message since, once for each message."""
    rows = connection.execute(
        select(messages.c.conversation).where(messages.c.author == "bot", messages.c.at >= since, _TOLD)
    )
    return list(rows.scalars())


def counts(connection: Connection, edition: int) -> tuple[int, int, int]:
    """How many people came, how many have begun, how many have handed in."""
    came = select(func.count()).select_from(conversations).where(conversations.c.consent != "").scalar_subquery()
    begun = select(func.count()).select_from(drafts).where(drafts.c.edition == edition, drafts.c.next > 1)
    handed = select(func.count()).select_from(cases).where(cases.c.edition == edition, cases.c.state != "taken_back")
    row = connection.execute(select(came, begun.scalar_subquery(), handed.scalar_subquery())).one()
    return int(row[0]), int(row[1]), int(row[2])


def unasked(connection: Connection, conversation: int) -> list[tuple[datetime, str, tuple[str, ...]]]:
    """All that somebody was sent of itself, the first one first: when, the words, the buttons."""
    rows = connection.execute(
        select(messages.c.at, messages.c.body)
        .where(messages.c.conversation == conversation, messages.c.author == "bot", _UNASKED)
        .order_by(messages.c.seq)
    )
    return [(row.at, row.body["text"], tuple(b[1] for b in row.body.get("buttons", ()))) for row in rows]
