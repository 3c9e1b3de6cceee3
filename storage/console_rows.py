"""Pages of an overseer's lists: cases, drafts, units, sixty at a time, always within a Scope.

A page begins after a cursor, the sort values of the row before it: rows that leave a queue meanwhile shift nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from bot.doors import Scope
from storage.console import OPEN, Sought, has, idle, resubmitted, still_writing, whole
from storage.prepared import Read
from storage.tables import cases, comments, drafts, people, units
from storage.types import Instant
from storage.views import below

PAGE = 60
_LISTED = 1_000  # ids of units that are written into a statement, at most
Order = tuple[tuple[ColumnElement[Any], bool], ...]  # what is sorted by, and whether upward


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Which rows: of an edition, by a queue, with what narrows them.

    `own`: ids of the viewer's units; `acts`: whether these hold cases; `above`: the levels above the viewer's.
    `town` is a path, `text` what is searched for in the whole edition, whatever the queue, and `sought` where it was
    found (see `console.sought`); None: not looked for, or in many places.
    """

    edition: int
    queue: str
    own: tuple[int, ...] = ()
    acts: bool = True
    above: tuple[str, ...] = ()
    town: str = ""
    category: str = ""
    text: str = ""
    sought: Sought | None = None


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


_IN_HAND = ("mine", "again", "up", "all")  # queues that hold what waits for somebody
CASE_SORTS: dict[str, Order] = {
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
_CASES = Read(
    select(
        *(cases.c.id, cases.c.n, cases.c.title, units.c.path, people.c.name, cases.c.state, cases.c.level),
        *(cases.c.number, cases.c.rank, cases.c.submitted_at, cases.c.back_by, cases.c.origin, cases.c.holder),
        resubmitted().label("again"),
    )
    .join(units, units.c.id == cases.c.unit)
    .join(people, people.c.id == cases.c.person)
    .where(cases.c.id.in_(bindparam("ids", expanding=True))),
    "ids",
)
_NONE = literal_column("0", Integer)
_DRAFTS = Read(
    select(
        *(drafts.c.id, units.c.path, people.c.name, drafts.c.words, drafts.c.sections_done, drafts.c.track),
        *(drafts.c.seen_at, func.coalesce(cases.c.id, _NONE), func.coalesce(cases.c.n, _NONE)),
    )
    .select_from(drafts)
    .join(people, people.c.id == drafts.c.person)
    .join(units, units.c.id == func.coalesce(people.c.unit, people.c.invited))
    .outerjoin(cases, cases.c.draft == drafts.c.id)
    .where(drafts.c.id.in_(bindparam("ids", expanding=True))),
    "ids",
)


def case_page(
    connection: Connection, scope: Scope, choice: Choice, sort: str, after: Sequence[Any], limit: int = PAGE
) -> tuple[list[CaseRow], list[Any]]:
    """Cases after a cursor ([]: from the first), and the cursor behind the last one ([]: there are no more).

    `sort`: of CASE_SORTS, or "changed": those that came again, then the others, each by how long they wait.
    Raises ValueError for a cursor that is none.
    """
    # The page is found on an index alone; only what it shows is then read.
    ids, more = case_ids(connection, scope, choice, sort, after, limit)
    known = {row[0]: CaseRow(*row) for row in _CASES.rows(connection, ids)}
    return [known[id] for id in ids if id in known], more


def case_ids(
    connection: Connection, scope: Scope, choice: Choice, sort: str, after: Sequence[Any] = (), limit: int = PAGE
) -> tuple[list[int], list[Any]]:
    """The same page, by the cases' ids alone."""
    scope = whole(connection, scope)
    if sort == "changed":
        rows, more = _changed(connection, scope, choice, after, limit)
    else:
        rows, more = _page(connection, _wanted(scope, choice, sort), CASE_SORTS[sort], after, limit)
    return [row[0] for row in rows], more


@lru_cache(maxsize=1024)
def _wanted(scope: Scope, choice: Choice, sort: str, again: bool | None = None) -> Select[Any]:
    """The ids of a choice's cases with what they are sorted by; `again`: only those that came again, or the others.

    Kept, since all who sit at a desk ask the same again and again, and composing it costs more than running it.
    """
    wanted = select(cases.c.id, *(column for column, _ in CASE_SORTS[sort])).where(case_filter(scope, choice))
    if sort == "unit":
        wanted = wanted.join(units, units.c.id == cases.c.unit)
    if again is None:
        return wanted
    return wanted.where(resubmitted() if again else not_(resubmitted()))


def _changed(
    connection: Connection, scope: Scope, choice: Choice, after: Sequence[Any], limit: int
) -> tuple[list[Sequence[Any]], list[Any]]:
    """First those that came again, then the others: a statement each, so that the long one goes along an index."""
    if after and (len(after) != 3 or isinstance(after[0], bool) or after[0] not in (0, 1)):
        raise ValueError("cursor")
    order = CASE_SORTS["waited"]
    again, others = (_wanted(scope, choice, "waited", again) for again in (True, False))
    part, rest = (after[0], after[1:]) if after else (0, [])
    found: list[Sequence[Any]] = []
    # A text that stands in many places is not looked for twice.
    few = choice.sought is not None and not choice.sought.common
    if part == 0 and (few if choice.text else choice.queue in _IN_HAND):
        found, more = _page(connection, again, order, rest, limit)
        if more:
            return found, [0, *more]
        rest = []
    if choice.queue == "again" and not choice.text:
        return found, []
    if len(found) == limit:
        behind, _ = _page(connection, others, order, [], 1)
        return found, [0, *map(_plain, found[-1][1:])] if behind else []
    rows, more = _page(connection, others, order, rest, limit - len(found))
    return found + rows, [1, *more] if more else []


def count_cases(connection: Connection, scope: Scope, choice: Choice) -> int:
    """How many cases a choice has."""
    wanted = select(func.count()).select_from(cases).where(case_filter(whole(connection, scope), choice))
    return connection.execute(wanted).scalar_one()


def case_filter(scope: Scope, choice: Choice) -> ColumnElement[bool]:
    """What a choice asks of a case."""
    asked = [cases.c.edition == choice.edition, cases.c.state != "taken_back", *_within(cases.c.unit, scope, choice)]
    if choice.category:
        asked.append(cases.c.category == choice.category)
    asked.append(_found(choice) if choice.text else _queue(choice))
    return and_(*asked)


def _found(choice: Choice) -> ColumnElement[bool]:
    text, where = choice.text, choice.sought
    if where is not None and not where.common:
        return cases.c.id.in_(where.cases)
    own = (has(cases.c.title, text), has(cases.c.number, text))
    if where is not None:  # asked of each row alone, as far as rows are looked at
        path = select(units.c.path).where(units.c.id == cases.c.unit).scalar_subquery()
        name = select(people.c.name).where(people.c.id == cases.c.person).scalar_subquery()
        return or_(*own, has(path, text), has(name, text))
    homes = select(units.c.id).where(has(units.c.path, text))
    named = select(people.c.id).where(has(people.c.name, text))
    return or_(*own, cases.c.unit.in_(homes), cases.c.person.in_(named))


def _queue(choice: Choice) -> ColumnElement[bool]:
    mine = cases.c.holder.in_(choice.own or (0,))
    higher = cases.c.level.in_(choice.above or ("",)) if choice.above else cases.c.id < 0
    known: dict[str, ColumnElement[bool]] = {
        "mine": and_(mine, cases.c.state.in_(OPEN)),
        "again": and_(mine, cases.c.state.in_(OPEN), resubmitted()),
        "returned": cases.c.state == "returned",
        "passed": and_(mine, cases.c.state == "passed") if choice.acts else cases.c.state == "passed",
        "up": and_(
            or_(higher, cases.c.state == "recommended"),
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
    order, scope = DRAFT_SORTS[sort], whole(connection, scope)
    home = func.coalesce(people.c.unit, people.c.invited)
    asked: list[ColumnElement[bool]] = []
    for part in _limits(scope, choice):
        inside = select(units.c.id).where(below(part))
        ids = list(connection.execute(inside.limit(_LISTED + 1)).scalars())
        # Of a list PostgreSQL knows how long it is; of a query it thinks too little, and begins with all people.
        asked.append(home.in_(ids if len(ids) <= _LISTED else inside))
    if choice.sought is not None and not choice.sought.common:
        asked.append(drafts.c.person.in_(choice.sought.people))
    elif choice.text:
        path = select(units.c.path).where(units.c.id == home).scalar_subquery()
        asked.append(or_(has(people.c.name, choice.text), has(path, choice.text)))
    wanted = select(drafts.c.id, *(column for column, _ in order)).where(
        drafts.c.edition == choice.edition, still_writing(), *asked
    )
    if asked or sort == "unit":
        wanted = wanted.join(people, people.c.id == drafts.c.person)
    if sort == "unit":
        wanted = wanted.join(units, units.c.id == home)
    rows, more = _page(connection, wanted, order, after, limit)
    known = {row[0]: DraftRow(*row) for row in _DRAFTS.rows(connection, [row[0] for row in rows])}
    return [known[row[0]] for row in rows if row[0] in known], more


def unit_page(
    connection: Connection, scope: Scope, choice: Choice, after: Sequence[Any], limit: int = PAGE
) -> tuple[list[UnitRow], list[Any]]:
    """Units where nobody has begun, by path. Raises ValueError for a cursor that is none."""
    inside = [below(whole(connection, scope)), *([below(_town(choice))] if choice.town else [])]
    wanted = select(units.c.id, units.c.path, units.c.path, units.c.id).where(
        *inside, units.c.id.not_in(choice.own or (0,)), idle(choice.edition)
    )
    if choice.sought is not None and not choice.sought.common:
        wanted = wanted.where(units.c.id.in_(choice.sought.units))
    elif choice.text:
        wanted = wanted.where(has(units.c.path, choice.text))
    rows, more = _page(connection, wanted, UNIT_SORT, after, limit)
    return [UnitRow(*row[:2]) for row in rows], more


def _within(unit: ColumnElement[int], scope: Scope, choice: Choice) -> list[ColumnElement[bool]]:
    """That a unit lies in the scope, and in the town that is looked at; nothing where that is so for all."""
    # The sum keeps a database from gathering the rows unit by unit: they are looked at in the order of the list, and
    # there are enough of them soon.
    at = unit + literal_column("0", BigInteger)
    return [at.in_(select(units.c.id).where(below(limit))) for limit in _limits(scope, choice)]


def _limits(scope: Scope, choice: Choice) -> list[Scope]:
    return [*([] if "" in scope.units else [scope]), *([_town(choice)] if choice.town else [])]


def _town(choice: Choice) -> Scope:
    return Scope(person=0, units=(choice.town,))


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
    column, up = order[0]
    # Said once more in the way that an index is entered by.
    return and_(column >= values[0] if up else column <= values[0], or_(*found))


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


_NOTED = Read(
    select(comments.c.case, func.count())
    .where(comments.c.case.in_(bindparam("ids", expanding=True)), comments.c.sent_at.is_(None))
    .group_by(comments.c.case),
    "ids",
)


def noted(connection: Connection, found: Collection[int]) -> dict[int, int]:
    """How many comments lie ready for the writers of these cases and are not sent yet."""
    return {id: n for id, n in _NOTED.rows(connection, found)}
