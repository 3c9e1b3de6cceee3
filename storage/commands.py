"""The rows behind the office's commands."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from storage.tables import cases, invites, people, units


class InviteRow(NamedTuple):
    """A new invite; `uses` None: without a limit."""

    id: int
    unit: int
    role: str
    uses: int | None
    expires_at: datetime
    issuer: int
    note: str
    created_at: datetime


class InviteAt(NamedTuple):
    """An invite's role, the path of its unit, and the number that is part of its links."""

    role: str
    unit: str
    n: int


class CaseAt(NamedTuple):
    """Where a case stands."""

    id: int
    draft: int
    n: int
    state: str
    number: str
    unit: str
    edition: int


def add_invite(connection: Connection, row: InviteRow) -> None:
    """A new invite; one that can be used once is personal."""
    values = row._asdict()
    uses = values.pop("uses")
    connection.execute(insert(invites), {**values, "uses_left": uses, "personal": uses == 1})


def invite(connection: Connection, id: int) -> InviteAt | None:
    """An invite by its id."""
    row = connection.execute(
        select(invites.c.role, units.c.path, invites.c.n)
        .join(units, units.c.id == invites.c.unit)
        .where(invites.c.id == id)
    ).one_or_none()
    return InviteAt(*row) if row else None


def revoke(connection: Connection, id: int) -> None:
    """Voids all links made of an invite so far."""
    connection.execute(update(invites).where(invites.c.id == id).values(revoked=True, n=invites.c.n + 1))


def invites_noted(connection: Connection, note: str) -> list[tuple[int, InviteAt]]:
    """The living invites with a note, oldest first."""
    rows = connection.execute(
        select(invites.c.id, invites.c.role, units.c.path, invites.c.n)
        .join(units, units.c.id == invites.c.unit)
        .where(invites.c.note == note, ~invites.c.revoked)
        .order_by(invites.c.id)
    )
    return [(row[0], InviteAt(*row[1:])) for row in rows]


def is_nobody_here(connection: Connection) -> bool:
    """Whether there is neither a person nor an invite."""
    return not any(connection.execute(select(table.c.id).limit(1)).first() for table in (people, invites))


_CASE = select(cases.c.id, cases.c.draft, cases.c.n, cases.c.state, cases.c.number, units.c.path, cases.c.edition).join(
    units, units.c.id == cases.c.unit
)


def case(connection: Connection, id: int) -> CaseAt | None:
    """A case by its id."""
    row = connection.execute(_CASE.where(cases.c.id == id)).one_or_none()
    return CaseAt(*row) if row else None


def cases_numbered(connection: Connection, number: str) -> list[CaseAt]:
    """The cases with a number, the last submitted first; several counties may have drawn the same."""
    rows = connection.execute(_CASE.where(cases.c.number == number).order_by(cases.c.submitted_at.desc()))
    return [CaseAt(*row) for row in rows]
