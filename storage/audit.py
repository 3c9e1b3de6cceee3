"""The books: events in a chain, each holding the hash of the one before; checked, and read within a Scope.

A chain without a key shows that nobody has altered, taken out or put in single lines, as long as its end was written
down elsewhere: who can write to the database can also count the whole chain anew from any line on. So `verify` tells
the number and the hash of the last line, to be kept with the minutes of an office, and finds a hash that was kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Row, func, insert, or_, select, text, update

from bot.doors import Scope
from storage.tables import cases, chain, events, people, units

FORM = 1  # of the text that is hashed
_END = 1  # the id of the chain's one row
_CHUNK = 5000
_BEGIN = text("INSERT INTO chain (id, event, hash, links) VALUES (1, 0, '', 0) ON CONFLICT (id) DO NOTHING")


class Noted(Protocol):
    """A line for the books before it is linked: see `storage.records.EventRow`."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def actor(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def draft(self) -> int: ...
    @property
    def case(self) -> int: ...
    @property
    def unit(self) -> str: ...
    @property
    def params(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a look at the whole chain found. `links`: how many lines fit; `last`: the hash of the last of them.

    `broken`: the place of the first that does not, 0 for none, and `why`: altered | missing | cut | loose.
    `before`: lines from before the chain began. `found`: whether the expected hash is among them; None: none was asked.
    """

    links: int
    last: str
    broken: int = 0
    why: str = ""
    before: int = 0
    found: bool | None = None


class EventSeen(NamedTuple):
    """An event as it is read: `name` and `home` (its unit's path) of the actor, `number` of the case."""

    id: int
    at: datetime
    actor: int
    name: str
    home: str
    erased: bool
    kind: str
    case: int
    number: str
    unit: str
    params: Mapping[str, Any]


def digest(prev: str, link: int, line: Noted) -> str:
    """The hash of a line at its place, in hex."""
    fields = (line.id, _instant(line.at), line.actor, line.kind, line.draft, line.case, line.unit, line.params)
    whole = json.dumps([FORM, prev, link, *fields], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(whole.encode()).hexdigest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def chained(connection: Connection, lines: Sequence[Noted]) -> list[dict[str, Any]]:
    """Rows for these lines, linked to the chain's end, which is theirs from now on.

    Whoever else adds lines waits until this transaction has ended.
    """
    connection.execute(_BEGIN)
    end = connection.execute(select(chain.c.hash, chain.c.links).where(chain.c.id == _END).with_for_update()).one()
    prev, link = end.hash, end.links
    rows: list[dict[str, Any]] = []
    names = ("id", "at", "actor", "kind", "draft", "case", "unit", "params")
    for line in lines:
        link += 1
        own = digest(prev, link, line)
        rows.append({**{name: getattr(line, name) for name in names}, "prev": prev, "hash": own, "link": link})
        prev = own
    own_end = {"event": rows[-1]["id"], "hash": prev, "links": link}
    connection.execute(update(chain).where(chain.c.id == _END).values(**own_end))
    return rows


def add(connection: Connection, lines: Sequence[Noted]) -> None:
    """Adds lines to the books."""
    connection.execute(insert(events), chained(connection, lines))


# ---------------------------------------------------------------- checking


def verify(connection: Connection, expect: str = "") -> Verdict:
    """Looks at the whole chain, line by line, a few thousand in memory at a time."""
    end = connection.execute(select(chain.c.hash, chain.c.links).where(chain.c.id == _END)).one_or_none()
    loose = connection.execute(select(func.count()).select_from(events).where(events.c.link == 0)).scalar_one()
    first = connection.execute(select(events.c.id, events.c.at).where(events.c.link == 1)).one_or_none()
    prev, links, found = "", 0, False
    for row in _lines(connection):
        if row.link != links + 1:
            return _verdict(expect, found, links=links, last=prev, broken=links + 1, why="missing", before=loose)
        if row.prev != prev or row.hash != digest(prev, row.link, row):
            return _verdict(expect, found, links=links, last=prev, broken=row.link, why="altered", before=loose)
        prev, links = row.hash, row.link
        found = found or row.hash == expect
    if end is not None and (end.links, end.hash) != (links, prev):
        return _verdict(expect, found, links=links, last=prev, broken=links + 1, why="cut", before=loose)
    if first is not None:
        later = (events.c.link == 0) & (events.c.at > first.at)
        if connection.execute(select(events.c.id).where(later).limit(1)).first() is not None:
            return _verdict(expect, found, links=links, last=prev, broken=links + 1, why="loose", before=loose)
    return _verdict(expect, found, links=links, last=prev, before=loose)


def _verdict(expect: str, found: bool, **told: Any) -> Verdict:
    return Verdict(found=found if expect else None, **told)


def _lines(connection: Connection) -> Iterator[Row[Any]]:
    after = 0
    while True:
        wanted = select(events).where(events.c.link > after).order_by(events.c.link, events.c.id).limit(_CHUNK)
        rows = connection.execute(wanted).all()
        yield from rows
        if len(rows) < _CHUNK:
            return
        after = rows[-1].link


# ---------------------------------------------------------------- reading


def seen(
    connection: Connection,
    scope: Scope,
    *,
    case: int = 0,
    kind: str = "",
    since: datetime | None = None,
    before: int = 0,
    limit: int = 200,
) -> list[EventSeen]:
    """Events of the scope's units, the newest first; where given of one case, of one kind, since an instant, before the
    one with an id."""
    home = units.alias("home")
    inside = [or_(events.c.unit == path, events.c.unit.startswith(f"{path}/", autoescape=True)) for path in scope.units]
    wanted = (
        select(
            events.c.id,
            events.c.at,
            events.c.actor,
            func.coalesce(people.c.name, ""),
            func.coalesce(home.c.path, ""),
            func.coalesce(people.c.erased, False),
            events.c.kind,
            events.c.case,
            func.coalesce(cases.c.number, ""),
            events.c.unit,
            events.c.params,
        )
        .outerjoin(people, people.c.id == events.c.actor)
        .outerjoin(home, home.c.id == func.coalesce(people.c.unit, people.c.invited))
        .outerjoin(cases, cases.c.id == events.c.case)
        .order_by(events.c.id.desc())
        .limit(limit)
    )
    if "" not in scope.units:
        wanted = wanted.where(or_(*inside) if inside else text("1 = 0"))
    if case:
        wanted = wanted.where(events.c.case == case)
    if kind:
        wanted = wanted.where(events.c.kind == kind)
    if since is not None:
        wanted = wanted.where(events.c.at >= since)
    if before:
        wanted = wanted.where(events.c.id < before)
    return [EventSeen._make(row) for row in connection.execute(wanted)]


def case_numbered(connection: Connection, scope: Scope, number: str) -> list[int]:
    """The cases with a number in the scope's units."""
    wanted = select(cases.c.id, units.c.path).join(units, units.c.id == cases.c.unit).where(cases.c.number == number)
    rows = connection.execute(wanted)
    return [row.id for row in rows if any(_covers(path, row.path) for path in scope.units)]


def _covers(above: str, path: str) -> bool:
    return not above or path == above or path.startswith(f"{above}/")
