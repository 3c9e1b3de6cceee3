"""What an overseer sees at a glance: how many cases, drafts and idle units there are, always within a Scope.

Everything is counted on summary columns; no text of a case is read here. A *town* is a unit one level below the
viewer's own (`own`: the ids of the units that the viewer has a post at).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, func, literal_column, or_, select

from bot.doors import Scope
from storage.prepared import Read
from storage.tables import cases, decisions, drafts, events, people, phrases, units

MOST_HAPPENED = 500  # events that are looked at one by one
OPEN = ("waiting", "opened")


_FEW, _MANY = 2_000, 20_000  # places of a kind where a text is found: so many are listed, from so many on it is common


class PhraseRow(NamedTuple):
    """A comment that a unit uses again and again."""

    id: int
    text: str


class Sought(NamedTuple):
    """Where a text was found: ids of cases, of people who write, of units; nothing of these where it is `common`."""

    cases: frozenset[int]
    people: frozenset[int]
    units: frozenset[int]
    common: bool = False


_NONE: frozenset[int] = frozenset()
_ROOTS = Read(select(units.c.path).where(units.c.parent.is_(None)))
_TOWNS = Read(
    select(units.c.path).where(units.c.parent.in_(bindparam("own", expanding=True))).order_by(units.c.path), "own"
)
_PHRASES = Read(
    select(phrases.c.id, phrases.c.text)
    .where(phrases.c.unit.in_(bindparam("own", expanding=True)))
    .order_by(phrases.c.id),
    "own",
)


def said(*words: str) -> list[ColumnElement[str]]:
    """Fixed words as they stand in a statement: not as its parameters, so that it may be composed once."""
    return [literal_column(f"'{word}'") for word in words]


def resubmitted() -> ColumnElement[bool]:
    """改后重交: in hand again after a return, with a text that its holder has not decided yet but knew before.

    A slip that the office put right is no new text, and what the level above sent down has nobody changed.
    """
    about = decisions.c.case == cases.c.id
    returned = exists().where(about, decisions.c.kind.in_(said("returned")))
    own = (decisions.c.unit == cases.c.holder) & decisions.c.kind.not_in(said("out_of_time"))
    decided = select(func.max(decisions.c.n)).where(about, own).scalar_subquery()
    first: ColumnElement[int] = literal_column("1")
    return and_(
        cases.c.state.in_(said(*OPEN)), cases.c.n > first, returned, func.coalesce(decided, cases.c.n) < cases.c.n
    )


def still_writing() -> ColumnElement[bool]:
    """A draft that the office has nothing of: begun, or taken back."""
    return drafts.c.state.in_(said("writing"))


def idle(edition: int) -> ColumnElement[bool]:
    """A leaf of the tree from which nothing has come, and where nobody has begun."""
    child = units.alias("child")
    # One within the other: from a unit to its few people to their few drafts, and never from all drafts.
    own = (drafts.c.person == people.c.id) & (drafts.c.edition == edition) & still_writing()
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


def whole(connection: Connection, scope: Scope) -> Scope:
    """The same scope, without a limit where everything lies in it: what holds for each row need not be asked of it."""
    if "" in scope.units or not scope.units:
        return scope
    roots = {path for (path,) in _ROOTS.rows(connection)}
    return Scope(person=scope.person, units=("",)) if roots <= set(scope.units) else scope


def has(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether a text stands in a column; only where it has letters that come in two sizes is it made small first."""
    plain = text.lower() == text.upper()
    return column.contains(text, autoescape=True) if plain else column.icontains(text, autoescape=True)


def sought(connection: Connection, edition: int, text: str) -> Sought | None:
    """The places where a text is found, if these are few: then nothing else need be read.

    Where it is common, whoever goes through the rows in their order soon has a page full. None: it is neither.
    """
    here = cases.c.edition == edition

    def few(column: ColumnElement[int], *wanted: ColumnElement[bool]) -> frozenset[int] | None:
        found = frozenset(connection.execute(select(column).where(*wanted).limit(_FEW + 1)).scalars())
        return found if len(found) <= _FEW else None

    def common(column: ColumnElement[int], *wanted: ColumnElement[bool]) -> Sought | None:
        found = select(column).where(*wanted).limit(_MANY).subquery()
        many = connection.execute(select(func.count()).select_from(found)).scalar_one()
        return Sought(_NONE, _NONE, _NONE, common=True) if many == _MANY else None

    if (homes := few(units.c.id, has(units.c.path, text))) is None:
        return common(cases.c.id, here, cases.c.unit.in_(select(units.c.id).where(has(units.c.path, text))))
    if (named := few(people.c.id, has(people.c.name, text))) is None:
        return common(people.c.id, has(people.c.name, text))
    own = or_(has(cases.c.title, text), has(cases.c.number, text))
    if (titled := few(cases.c.id, here, own)) is None:
        return common(cases.c.id, here, own)
    placed = few(cases.c.id, here, cases.c.unit.in_(homes)) if homes else _NONE
    written = few(cases.c.id, here, cases.c.person.in_(named)) if named else _NONE
    at_home = few(people.c.id, people.c.unit.in_(homes)) if homes else _NONE
    invited = few(people.c.id, people.c.unit.is_(None), people.c.invited.in_(homes)) if homes else _NONE
    if placed is None or written is None or at_home is None or invited is None:
        return None
    return Sought(titled | placed | written, named | at_home | invited, homes)


def towns(connection: Connection, own: Collection[int]) -> list[str]:
    """The paths of the units one level below the viewer's own."""
    return [path for (path,) in _TOWNS.rows(connection, own)]


def phrases_of(connection: Connection, own: Collection[int]) -> list[PhraseRow]:
    """The phrases of the viewer's units, oldest first."""
    return [PhraseRow(*row) for row in _PHRASES.rows(connection, own)]


def happened(connection: Connection, after: int) -> tuple[int, tuple[str, ...] | None]:
    """The last link of the books' chain, and the units that something was noted of behind a link; None: too many."""
    wanted = select(events.c.link, events.c.unit).where(events.c.link > after).order_by(events.c.link)
    rows = connection.execute(wanted.limit(MOST_HAPPENED + 1)).all() if after >= 0 else []
    if 0 < len(rows) <= MOST_HAPPENED:
        return rows[-1].link, tuple({row.unit for row in rows})
    last = connection.execute(select(func.max(events.c.link))).scalar() or 0
    return last, None if rows or after < 0 else ()
