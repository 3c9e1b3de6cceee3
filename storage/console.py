"""What an overseer sees at a glance: how many cases, drafts and idle units there are, always within a Scope.

Everything is counted on summary columns; no text of a case is read here. A *town* is a unit one level below the
viewer's own (`own`: the ids of the units that the viewer has a post at).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from bot.doors import Scope
from storage.tables import cases, decisions, drafts, events, people, phrases, units
from storage.views import below

OPEN = ("waiting", "opened")


class PhraseRow(NamedTuple):
    """A comment that a unit uses again and again."""

    id: int
    text: str


def resubmitted() -> ColumnElement[bool]:
    """改后重交: came again after a return; a slip that the office put right is no new text."""
    returned = exists().where(decisions.c.case == cases.c.id, decisions.c.kind == "returned")
    return and_(cases.c.n > 1, returned)


def still_writing() -> ColumnElement[bool]:
    """A draft, joined with its case if there is one, that the office has nothing of: begun, or taken back."""
    return and_(drafts.c.state == "writing", or_(cases.c.id.is_(None), cases.c.state == "taken_back"))


def idle(edition: int) -> ColumnElement[bool]:
    """A leaf of the tree from which nothing has come, and where nobody has begun."""
    child = units.alias("child")
    # One within the other: from a unit to its few people to their few drafts, and never from all drafts.
    own = (drafts.c.person == people.c.id) & (drafts.c.edition == edition) & (drafts.c.state != "closed")
    writes = exists(select(drafts.c.id).where(own).correlate(people))
    here = exists(select(people.c.id).where(people.c.unit == units.c.id, writes).correlate(units))
    came = (people.c.invited == units.c.id) & people.c.unit.is_(None)
    invited = exists(select(people.c.id).where(came, writes).correlate(units))
    return and_(
        units.c.confirmed,
        ~exists().where(child.c.parent == units.c.id),
        ~exists().where(cases.c.unit == units.c.id, cases.c.edition == edition, cases.c.state != "taken_back"),
        ~here,
        ~invited,
    )


def again_count(connection: Connection, scope: Scope, edition: int, own: Collection[int]) -> int:
    """How many of those in hand came again after a return."""
    wanted = (
        select(func.count())
        .select_from(cases)
        .join(units, units.c.id == cases.c.unit)
        .where(cases.c.holder.in_(own or (0,)), cases.c.edition == edition, cases.c.state.in_(OPEN))
        .where(resubmitted(), below(scope))
    )
    return connection.execute(wanted).scalar_one()


def draft_count(connection: Connection, scope: Scope, edition: int) -> int:
    """How many drafts are being written."""
    wanted = (
        select(func.count())
        .select_from(drafts)
        .join(people, people.c.id == drafts.c.person)
        .join(units, units.c.id == func.coalesce(people.c.unit, people.c.invited))
        .outerjoin(cases, cases.c.draft == drafts.c.id)
        .where(drafts.c.edition == edition, still_writing(), below(scope))
    )
    return connection.execute(wanted).scalar_one()


def idle_count(connection: Connection, scope: Scope, edition: int, own: Collection[int]) -> int:
    """In how many units nobody has begun."""
    wanted = select(func.count()).select_from(units).where(below(scope), units.c.id.not_in(own or (0,)), idle(edition))
    return connection.execute(wanted).scalar_one()


def has_any(connection: Connection, scope: Scope, edition: int) -> bool:
    """Whether there is a case or a draft of the edition in the scope."""
    case_there = (
        select(cases.c.id)
        .join(units, units.c.id == cases.c.unit)
        .where(cases.c.edition == edition, below(scope))
        .limit(1)
    )
    draft_there = (
        select(drafts.c.id)
        .join(people, people.c.id == drafts.c.person)
        .join(units, units.c.id == func.coalesce(people.c.unit, people.c.invited))
        .where(drafts.c.edition == edition, below(scope))
        .limit(1)
    )
    return any(connection.execute(wanted).first() for wanted in (case_there, draft_there))


def towns(connection: Connection, own: Collection[int]) -> list[tuple[int, str]]:
    """The ids and paths of the units one level below the viewer's own, by path."""
    wanted = select(units.c.id, units.c.path).where(units.c.parent.in_(own or (0,))).order_by(units.c.path)
    return [(row.id, row.path) for row in connection.execute(wanted)]


def phrases_of(connection: Connection, own: Collection[int]) -> list[PhraseRow]:
    """The phrases of the viewer's units, oldest first."""
    wanted = select(phrases.c.id, phrases.c.text).where(phrases.c.unit.in_(own or (0,))).order_by(phrases.c.id)
    return [PhraseRow(*row) for row in connection.execute(wanted)]


def last_event(connection: Connection) -> int:
    """The greatest event's id: it grows with whatever the books note, wherever that was."""
    return connection.execute(select(func.max(events.c.id))).scalar() or 0
