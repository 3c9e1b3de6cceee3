"""The squares of an overseer's progress map: one a case, draft or idle unit, always within a Scope."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, func, literal, select

from bot.doors import Scope
from storage.console import idle, still_writing
from storage.tables import cases, drafts, people, units
from storage.views import below


class Square(NamedTuple):
    """So many alike of one unit: cases at a level in a state with a holder, drafts (state "writing"), or the unit
    itself, where nothing is yet (state "")."""

    path: str
    state: str
    level: str
    holder: int
    many: int


def squares(connection: Connection, scope: Scope, edition: int, own: Collection[int]) -> list[Square]:
    """All squares of the scope, by the unit's path."""
    of_cases = (
        select(units.c.path, cases.c.state, cases.c.level, cases.c.holder, func.count())
        .select_from(cases)
        .join(units, units.c.id == cases.c.unit)
        .where(cases.c.edition == edition, cases.c.state != "taken_back", below(scope))
        .group_by(units.c.path, cases.c.state, cases.c.level, cases.c.holder)
    )
    of_drafts = (
        select(units.c.path, literal("writing"), literal(""), literal(0), func.count())
        .select_from(drafts)
        .join(people, people.c.id == drafts.c.person)
        .join(units, units.c.id == func.coalesce(people.c.unit, people.c.invited))
        .outerjoin(cases, cases.c.draft == drafts.c.id)
        .where(drafts.c.edition == edition, still_writing(), below(scope))
        .group_by(units.c.path)
    )
    of_units = select(units.c.path, literal(""), literal(""), literal(0), literal(1)).where(
        below(scope), units.c.id.not_in(own or (0,)), idle(edition)
    )
    found = [Square(*row) for wanted in (of_cases, of_drafts, of_units) for row in connection.execute(wanted)]
    return sorted(found, key=lambda square: square.path)
