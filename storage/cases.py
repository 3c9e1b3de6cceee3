"""Cases: every move is one conditional UPDATE, by the table in `bot.engine.cases`; numbers are drawn here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, insert, select, text, update

from bot.engine.cases import MOVES, case_number, category_id
from bot.engine.definition import Edition
from bot.engine.messages import Submitted
from bot.engine.model import CaseView, Unit
from bot.errors import Stale
from storage.tables import cases, submissions

_LOAD = select(
    cases.c.id,
    cases.c.draft,
    cases.c.number,
    cases.c.n,
    cases.c.level,
    cases.c.state,
    cases.c.opened_at,
    cases.c.edition,
    cases.c.back_by,
    cases.c.route_back,
).where(cases.c.draft.in_(bindparam("ids", expanding=True)))
# The same words on both databases; the counter's row is locked until the transaction ends.
_DRAW = text(
    "INSERT INTO counters (edition, county, last) VALUES (:edition, :county, 1) "
    "ON CONFLICT (edition, county) DO UPDATE SET last = counters.last + 1 RETURNING last"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Handed:
    """A submission on its way in: whose it is, where it belongs, and what was handed in.

    `holder`: the unit that has a new case in hand first, and `level` where that stands in the route; a case that was
    returned goes back to whoever is to see it.
    """

    new_id: int
    person: int
    unit: Unit
    county: str
    level: str
    holder: int
    edition: Edition
    submitted: Submitted
    at: datetime
    origin: str = ""


def load(connection: Connection, drafts: Collection[int], editions: Mapping[int, Edition]) -> dict[int, CaseView]:
    """The cases of these drafts, by the draft's id."""
    if not drafts:
        return {}
    found: dict[int, CaseView] = {}
    rows = connection.execute(_LOAD, {"ids": list(drafts)})
    for id, draft, number, n, level, state, opened_at, edition, back_by, route_back in rows:
        found[draft] = CaseView(
            id=id,
            draft=draft,
            number=number,
            n=n,
            level=level,
            state=state,
            first=level == _first_level(editions.get(edition)),
            opened=opened_at is not None,
            back_by=back_by,
            route_back=route_back,
        )
    return found


def _first_level(edition: Edition | None) -> str:
    return edition.call.levels[0].id if edition and edition.call.levels else ""


def move(connection: Connection, name: str, case: int, n: int, *, at: str | None = None, **columns: Any) -> None:
    """Carries out a move of MOVES on a case the mover saw at submission n, with further columns to set.

    `at`: the level the mover saw it at. Raises Stale when the case is not (or no longer) where the move starts.
    """
    rule = MOVES[name]
    statement = update(cases).where(cases.c.id == case, cases.c.n == n, cases.c.state.in_(rule.frm))
    if at is not None:
        statement = statement.where(cases.c.level == at)
    if rule.unopened:
        statement = statement.where(cases.c.opened_at.is_(None))
    changed = {"state": rule.to, **({"n": n + 1} if rule.ups else {}), **columns}
    if connection.execute(statement.values(**changed)).rowcount != 1:
        raise Stale(f"case {case} cannot {name} any more")


def holder(connection: Connection, case: int) -> int:
    """The unit that has a case in hand."""
    return int(connection.execute(select(cases.c.holder).where(cases.c.id == case)).scalar_one())


def submit(connection: Connection, handed: Handed, known: CaseView | None) -> CaseView:
    """Freezes the content and makes the case, or moves the known one. Raises Stale when a move is lost."""
    s, edition = handed.submitted, handed.edition
    words = s.content.words()
    summary: dict[str, Any] = {
        "title": s.content.title,
        "words": words,
        "submitted_at": handed.at,
        "opened_at": None,
        "category": category_id(edition.call, s.content),
        "back_by": None,
        "route_back": "",
        "rank": 0,
        "late": s.late,
    }
    if known is not None:
        if not s.late:
            del summary["late"]  # how it first came stays, however often it is returned
        move(connection, "resubmit", known.id, s.n - 1, **summary)
        case, number, level = known.id, known.number, known.level
    else:
        case, level = handed.new_id, handed.level
        number = _draw(connection, edition, handed.county, handed.at)
        connection.execute(
            insert(cases),
            {
                **summary,
                "id": case,
                "draft": s.draft,
                "edition": edition.id,
                "person": handed.person,
                "unit": handed.unit.id,
                "county": handed.county,
                "number": number,
                "state": "waiting",
                "level": level,
                "holder": handed.holder,
                "origin": handed.origin,
                "n": s.n,
            },
        )
    frozen = {"case": case, "n": s.n, "content": s.content.to_json(), "hash": s.content.hash()}
    connection.execute(insert(submissions), {**frozen, "words": words, "at": handed.at})
    first = level == _first_level(edition)
    return CaseView(
        id=case, draft=s.draft, number=number, n=s.n, level=level, state="waiting", first=first, opened=False
    )


def _draw(connection: Connection, edition: Edition, county: str, at: datetime) -> str:
    last = connection.execute(_DRAW, {"edition": edition.id, "county": county}).scalar_one()
    year = at.astimezone(ZoneInfo(edition.call.zone)).year
    return case_number(edition.call.names.number, county.rsplit("/", 1)[-1], year, last)
