"""The rows behind the office's commands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from bot.doors import Scope
from bot.engine.cases import MOVES
from storage.tables import cases, conversations, decisions, editions, invites, people, redeems, units
from storage.views import below


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
    replaces: int = 0


class InviteAt(NamedTuple):
    """An invite's role, the path of its unit, and the number that is part of its links."""

    role: str
    unit: str
    n: int


class InviteSeen(NamedTuple):
    """An invite as its issuer sees it: `name` of the person a personal one is bound to, `came` how many came by it."""

    id: int
    unit: str
    role: str
    personal: bool
    uses_left: int | None
    expires_at: datetime | None
    revoked: bool
    n: int
    person: int | None
    name: str | None
    came: int

    def living(self, now: datetime) -> bool:
        """Whether its link opens for anybody: a personal one stays its person's way back after its day."""
        over = self.expires_at is not None and now >= self.expires_at
        if self.personal and self.person is not None:
            return not self.revoked
        return not (self.revoked or over or self.uses_left == 0)


class CaseSeen(NamedTuple):
    """A case as the office's list shows it; `title`, `words` and `submitted_at` are the last submission's."""

    number: str
    unit: str
    title: str
    writer: str
    words: int
    state: str
    level: str
    n: int
    submitted_at: datetime
    call: str
    edition: str


class CaseAt(NamedTuple):
    """Where a case stands; `conversation` is its writer's. `holder` is the path of the unit that has it in hand, ""
    where that unit is gone; `kind` and `unit_level` are its own unit's."""

    id: int
    draft: int
    n: int
    state: str
    number: str
    unit: str
    edition: int
    conversation: int
    person: int
    unit_level: str
    kind: str
    level: str
    holder_id: int
    holder: str
    title: str
    opened_at: datetime | None
    rank: int
    category: str


def add_invite(connection: Connection, row: InviteRow, *, person: int = 0) -> None:
    """A new invite; one that can be used once is personal. `person`: whose it is from the beginning."""
    values = row._asdict()
    uses = values.pop("uses")
    bound = {"person": person, "uses_left": 0} if person else {"uses_left": uses}
    connection.execute(insert(invites), {**values, **bound, "personal": uses == 1})


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


def invites_seen(connection: Connection, scope: Scope) -> list[InviteSeen]:
    """All invites of the scope's units, by unit, oldest first."""
    came = select(func.count(redeems.c.person.distinct())).where(
        redeems.c.invite == invites.c.id, redeems.c.person != 0
    )
    rows = connection.execute(
        select(
            invites.c.id,
            units.c.path,
            invites.c.role,
            invites.c.personal,
            invites.c.uses_left,
            invites.c.expires_at,
            invites.c.revoked,
            invites.c.n,
            invites.c.person,
            people.c.name,
            came.scalar_subquery(),
        )
        .join(units, units.c.id == invites.c.unit)
        .outerjoin(people, people.c.id == invites.c.person)
        .where(below(scope))
        .order_by(units.c.path, invites.c.id)
    )
    return [InviteSeen(*row) for row in rows]


def is_nobody_here(connection: Connection) -> bool:
    """Whether there is neither a person nor an invite."""
    return not any(connection.execute(select(table.c.id).limit(1)).first() for table in (people, invites))


_holder = units.alias("holder_unit")
_CASE = (
    select(
        cases.c.id,
        cases.c.draft,
        cases.c.n,
        cases.c.state,
        cases.c.number,
        units.c.path,
        cases.c.edition,
        conversations.c.id,
        cases.c.person,
        units.c.level,
        units.c.kind,
        cases.c.level,
        cases.c.holder,
        func.coalesce(_holder.c.path, ""),
        cases.c.title,
        cases.c.opened_at,
        cases.c.rank,
        cases.c.category,
    )
    .join(units, units.c.id == cases.c.unit)
    .outerjoin(_holder, _holder.c.id == cases.c.holder)
    .join(conversations, conversations.c.person == cases.c.person)
)


def case(connection: Connection, id: int) -> CaseAt | None:
    """A case by its id."""
    row = connection.execute(_CASE.where(cases.c.id == id)).one_or_none()
    return CaseAt._make(row) if row else None


def undecided(connection: Connection, edition: int, level: str, but: Collection[int], limit: int) -> list[CaseAt]:
    """Cases that a level has in hand and has neither recommended nor refused, but for those of some units."""
    wanted = _CASE.where(
        cases.c.edition == edition,
        cases.c.level == level,
        cases.c.state.in_(MOVES["time_out"].frm),
        cases.c.holder.not_in(but),
    )
    return [CaseAt._make(row) for row in connection.execute(wanted.order_by(cases.c.id).limit(limit))]


def out_of_time(connection: Connection, edition: int, level: str, unit: int) -> list[CaseAt]:
    """What a unit did not decide by the date of its level."""
    own = (cases.c.edition == edition) & (cases.c.holder == unit) & (cases.c.level == level)
    wanted = _CASE.where(own, cases.c.state == MOVES["time_out"].to).order_by(cases.c.id)
    return [CaseAt._make(row) for row in connection.execute(wanted)]


def cases_numbered(connection: Connection, number: str) -> list[CaseAt]:
    """The cases with a number, the last submitted first; several counties may have drawn the same."""
    rows = connection.execute(_CASE.where(cases.c.number == number).order_by(cases.c.submitted_at.desc()))
    return [CaseAt._make(row) for row in rows]


def cases_seen(connection: Connection, scope: Scope, *, call: str = "", state: str = "") -> list[CaseSeen]:
    """The cases of the scope's units, by edition and number; of one call and in one state, where they are given."""
    wanted = (
        select(
            cases.c.number,
            units.c.path,
            cases.c.title,
            people.c.name,
            cases.c.words,
            cases.c.state,
            cases.c.level,
            cases.c.n,
            cases.c.submitted_at,
            editions.c.call,
            editions.c.title,
        )
        .join(units, units.c.id == cases.c.unit)
        .join(people, people.c.id == cases.c.person)
        .join(editions, editions.c.id == cases.c.edition)
        .where(below(scope))
        .order_by(editions.c.opened_at, editions.c.id, cases.c.county, cases.c.number)
    )
    if call:
        wanted = wanted.where(editions.c.call == call)
    if state:
        wanted = wanted.where(cases.c.state == state)
    return [CaseSeen(*row) for row in connection.execute(wanted)]


def recommended(connection: Connection, edition: int, level: str, unit: int, key: str) -> int:
    """How many cases of an edition a unit has recommended at a level and not taken back, by a quota's key."""
    kind, _, id = key.partition(":")
    gone = (cases.c.level == level) & cases.c.state.not_in(("recommended",))
    wanted = (
        select(func.count(cases.c.id.distinct()))
        .join(decisions, decisions.c.case == cases.c.id)
        .join(units, units.c.id == cases.c.unit)
        .where(cases.c.edition == edition, decisions.c.kind == "recommended", ~gone)
        .where(decisions.c.level == level, decisions.c.unit == unit)
    )
    if kind == "category":
        wanted = wanted.where(cases.c.category == id)
    elif kind == "kind":
        wanted = wanted.where(units.c.kind == id)
    return connection.execute(wanted).scalar_one()
