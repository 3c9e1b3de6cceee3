"""What an office has seen happen, day by day: when drafts were begun, cases handed in, writers reminded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from bot.doors import Scope
from storage.columns import at_or_below
from storage.tables import cases, drafts, events, people, submissions, units
from storage.views import below

REMINDED = "reminded"  # the kind of the event


class Happened(NamedTuple):
    """Instants, in no order."""

    begun: list[datetime]
    handed_in: list[datetime]
    reminded: list[datetime]


def happened(connection: Connection, scope: Scope, edition: int, since: datetime) -> Happened:
    """What happened in the scope's units: of an edition; who was reminded since an instant, of whatever edition."""
    begun = (
        select(drafts.c.created_at)
        .join(people, people.c.id == drafts.c.person)
        .join(units, units.c.id == func.coalesce(people.c.unit, people.c.invited))
        .where(drafts.c.edition == edition, drafts.c.next > 1, below(scope))
    )
    handed = (
        select(submissions.c.at)
        .join(cases, cases.c.id == submissions.c.case)
        .join(units, units.c.id == cases.c.unit)
        .where(cases.c.edition == edition, cases.c.state != "taken_back", submissions.c.n == 1, below(scope))
    )
    told = [
        connection.execute(
            select(events.c.at).where(at_or_below(events.c.unit, path), events.c.kind == REMINDED, events.c.at >= since)
        ).scalars()
        for path in _outermost(scope.units)
    ]
    return Happened(
        list(connection.execute(begun).scalars()),
        list(connection.execute(handed).scalars()),
        [at for some in told for at in some],
    )


def _outermost(paths: Iterable[str]) -> list[str]:
    """The paths that lie below none of the others, so that nothing is counted twice."""
    known = sorted(set(paths))
    return [path for path in known if not any(path.startswith(f"{other}/") for other in known)]
