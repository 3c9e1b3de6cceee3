"""Pages of an overseer's lists: cases, drafts, units, sixty at a time, always within a Scope.

A page begins after a cursor, the sort values of the row before it: rows that leave a queue meanwhile shift nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select, true

from bot.doors import Scope
from storage.console import OPEN, idle, resubmitted, still_writing
from storage.tables import cases, comments, decisions, drafts, people, units
from storage.types import Instant
from storage.views import below

PAGE = 60
Order = tuple[tuple[ColumnElement[Any], bool], ...]  # what is sorted by, and whether upward


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Which rows: of an edition, by a queue, with what narrows them.

    `own`: ids of the viewer's units; `acts`: whether these hold cases; `above`: the levels above the viewer's.
    `town` is a path, `text` what is searched for in the whole edition, whatever the queue.
    """

    edition: int
    queue: str
    own: tuple[int, ...] = ()
    acts: bool = True
    above: tuple[str, ...] = ()
    town: str = ""
    category: str = ""
    text: str = ""


class CaseRow(NamedTuple):
    """A case as a list shows it; `name` is the writer's, `path` its unit's, `holder` the id of who has it in hand."""

    id: int
    n: int
    title: str
    path: str
    name: str
    state: str
    level: str
    number: str
    rank: int
    submitted_at: datetime
    back_by: datetime | None
    origin: str
    holder: int
    again: bool


class DraftRow(NamedTuple):
    """A draft as far as the office may know it before it is handed in: nothing of its text.

    `case` and `n`: of one that was taken back, else 0.
    """

    id: int
    path: str
    name: str
    words: int
    sections_done: int
    track: str
    seen_at: datetime | None
    case: int
    n: int


class UnitRow(NamedTuple):
    """A unit where nobody has begun."""

    id: int
    path: str


_AGAIN = case((resubmitted(), 0), else_=1)
CASE_SORTS: dict[str, Order] = {
    "changed": ((_AGAIN, True), (cases.c.submitted_at, True), (cases.c.id, True)),
    "waited": ((cases.c.submitted_at, True), (cases.c.id, True)),
    "new": ((cases.c.submitted_at, False), (cases.c.id, False)),
    "unit": ((units.c.path, True), (cases.c.id, True)),
    "rank": ((case((cases.c.rank > 0, cases.c.rank), else_=2**31 - 1), True), (cases.c.id, True)),
}
DRAFT_SORTS: dict[str, Order] = {
    "new": ((func.coalesce(drafts.c.seen_at, drafts.c.created_at), False), (drafts.c.id, False)),
    "waited": ((func.coalesce(drafts.c.seen_at, drafts.c.created_at), True), (drafts.c.id, True)),
    "unit": ((units.c.path, True), (drafts.c.id, True)),
}
UNIT_SORT: Order = ((units.c.path, True), (units.c.id, True))


def case_page(
    connection: Connection, scope: Scope, choice: Choice, sort: str, after: Sequence[Any], limit: int = PAGE
) -> tuple[list[CaseRow], list[Any]]:
    """Cases after a cursor ([]: from the first), and the cursor behind the last one ([]: there are no more).

    Raises ValueError for a cursor that is none.
    """
    order = CASE_SORTS[sort]
    columns = (
        *(cases.c.id, cases.c.n, cases.c.title, units.c.path, people.c.name, cases.c.state, cases.c.level),
        *(cases.c.number, cases.c.rank, cases.c.submitted_at, cases.c.back_by, cases.c.origin, cases.c.holder),
        (_AGAIN == 0).label("again"),
    )
    wanted = (
        select(*columns, *(column for column, _ in order))
        .select_from(cases)
        .join(units, units.c.id == cases.c.unit)
        .join(people, people.c.id == cases.c.person)
        .where(case_filter(scope, choice))
    )
    rows, more = _page(connection, wanted, order, after, limit)
    return [CaseRow(*row[: len(columns)]) for row in rows], more


def count_cases(connection: Connection, scope: Scope, choice: Choice) -> int:
    """How many cases a choice has."""
    wanted = select(func.count()).select_from(cases).join(units, units.c.id == cases.c.unit)
    return connection.execute(wanted.where(case_filter(scope, choice))).scalar_one()


def case_filter(scope: Scope, choice: Choice) -> ColumnElement[bool]:
    """What a choice asks of a case joined with its unit (and, where a text is searched for, its writer)."""
    asked = [cases.c.edition == choice.edition, cases.c.state != "taken_back", _within(scope, choice.town)]
    if choice.category:
        asked.append(cases.c.category == choice.category)
    if choice.text:
        asked.append(
            or_(
                cases.c.title.icontains(choice.text, autoescape=True),
                cases.c.number.icontains(choice.text, autoescape=True),
                units.c.path.icontains(choice.text, autoescape=True),
                people.c.name.icontains(choice.text, autoescape=True),
            )
        )
    else:
        asked.append(_queue(choice))
    return and_(*asked)


def _queue(choice: Choice) -> ColumnElement[bool]:
    mine = cases.c.holder.in_(choice.own or (0,))
    higher = cases.c.level.in_(choice.above or ("",)) if choice.above else cases.c.id < 0
    known: dict[str, ColumnElement[bool]] = {
        "mine": and_(mine, cases.c.state.in_(OPEN)),
        "again": and_(mine, cases.c.state.in_(OPEN), resubmitted()),
        "returned": cases.c.state == "returned",
        "passed": and_(mine, cases.c.state == "passed") if choice.acts else cases.c.state == "passed",
        "up": and_(
            or_(higher, and_(mine, cases.c.state == "recommended") if choice.acts else cases.c.state == "recommended"),
            cases.c.state.not_in(("returned", "not_recommended", "out_of_time")),
        ),
        "not": cases.c.state.in_(("not_recommended", "out_of_time")),
        "all": true(),
    }
    return known[choice.queue]


def draft_page(
    connection: Connection, scope: Scope, choice: Choice, sort: str, after: Sequence[Any], limit: int = PAGE
) -> tuple[list[DraftRow], list[Any]]:
    """Drafts that are being written. Raises ValueError for a cursor that is none."""
    order = DRAFT_SORTS[sort]
    columns = (
        *(drafts.c.id, units.c.path, people.c.name, drafts.c.words, drafts.c.sections_done, drafts.c.track),
        *(drafts.c.seen_at, func.coalesce(cases.c.id, 0), func.coalesce(cases.c.n, 0)),
    )
    wanted = (
        select(*columns, *(column for column, _ in order))
        .select_from(drafts)
        .join(people, people.c.id == drafts.c.person)
        .join(units, units.c.id == func.coalesce(people.c.unit, people.c.invited))
        .outerjoin(cases, cases.c.draft == drafts.c.id)
        .where(drafts.c.edition == choice.edition, still_writing(), _within(scope, choice.town))
    )
    if choice.text:
        like = [column.icontains(choice.text, autoescape=True) for column in (units.c.path, people.c.name)]
        wanted = wanted.where(or_(*like))
    rows, more = _page(connection, wanted, order, after, limit)
    return [DraftRow(*row[: len(columns)]) for row in rows], more


def unit_page(
    connection: Connection, scope: Scope, choice: Choice, after: Sequence[Any], limit: int = PAGE
) -> tuple[list[UnitRow], list[Any]]:
    """Units where nobody has begun, by path. Raises ValueError for a cursor that is none."""
    wanted = select(units.c.id, units.c.path, units.c.path, units.c.id).where(
        _within(scope, choice.town), units.c.id.not_in(choice.own or (0,)), idle(choice.edition)
    )
    if choice.text:
        wanted = wanted.where(units.c.path.icontains(choice.text, autoescape=True))
    rows, more = _page(connection, wanted, UNIT_SORT, after, limit)
    return [UnitRow(*row[:2]) for row in rows], more


def _within(scope: Scope, town: str) -> ColumnElement[bool]:
    return and_(below(scope), below(Scope(person=0, units=(town,)))) if town else below(scope)


# ---------------------------------------------------------------- pages


def _page(
    connection: Connection, wanted: Select[Any], order: Order, after: Sequence[Any], limit: int
) -> tuple[list[Sequence[Any]], list[Any]]:
    if after:
        wanted = wanted.where(_behind(order, _read(order, after)))
    wanted = wanted.order_by(*(column if up else column.desc() for column, up in order)).limit(limit + 1)
    rows: list[Sequence[Any]] = [tuple(row) for row in connection.execute(wanted)]
    more = list(map(_plain, rows[limit - 1][-len(order) :])) if len(rows) > limit else []
    return rows[:limit], more


def _behind(order: Order, values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come after these sort values."""
    found: list[ColumnElement[bool]] = []
    for at, (column, up) in enumerate(order):
        same = [order[before][0] == values[before] for before in range(at)]
        found.append(and_(*same, column > values[at] if up else column < values[at]))
    return or_(*found)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(order: Order, after: Sequence[Any]) -> list[Any]:
    """A cursor's values as the columns take them."""
    if len(after) != len(order):
        raise ValueError("cursor")
    values: list[Any] = []
    for (column, _), value in zip(order, after, strict=True):
        if isinstance(column.type, Instant):
            if not isinstance(value, str):
                raise ValueError("cursor")
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                raise ValueError("cursor")
            values.append(at)
        elif (
            isinstance(value, bool)
            or not isinstance(value, column.type.python_type)
            or (isinstance(value, int) and abs(value) >= 2**63)
        ):
            raise ValueError("cursor")
        else:
            values.append(value)
    return values


# ---------------------------------------------------------------- beside the rows


def noted(connection: Connection, found: Collection[int]) -> dict[int, int]:
    """How many comments lie ready for the writers of these cases and are not sent yet."""
    wanted = (
        select(comments.c.case, func.count())
        .where(comments.c.case.in_(list(found)), comments.c.sent_at.is_(None))
        .group_by(comments.c.case)
    )
    return {id: n for id, n in connection.execute(wanted)} if found else {}


def raised(connection: Connection, found: Collection[int]) -> dict[int, datetime]:
    """When these cases were last recommended."""
    wanted = (
        select(decisions.c.case, func.max(decisions.c.at))
        .where(decisions.c.case.in_(list(found)), decisions.c.kind == "recommended")
        .group_by(decisions.c.case)
    )
    return {id: at for id, at in connection.execute(wanted)} if found else {}
