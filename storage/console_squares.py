"""How many cases, drafts and idle units there are in each unit: what queues count and the progress map draws.

A hundred coordinators ask for it again whenever anything has happened, so it is counted once and kept, for each
database that is read from. The books say what happened since: every move of a case adds a link to their chain in the
same transaction, and only the units of those cases are counted again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Select, bindparam, func, literal_column, select

from bot.doors import Scope
from storage.console import resubmitted, said, still_writing
from storage.prepared import Read
from storage.tables import cases, chain, drafts, events, people, units

KEPT = 5.0  # seconds in which drafts are not counted anew while there are as many as before
MANY_DRAFTS = 3_000  # where there are more it is not asked meanwhile whether there are as many
MOST_LINKS = 2_000  # more of them than this since the last look, and all is counted anew
_WIDE = ("unit", "retention")  # what moves units, or cases without naming them
_TOGETHER = 256  # units counted again in one statement
_Key = tuple[str, str, int]  # state, level, holder
AGAIN = "again"  # stands for a state: those that are in hand again after a return, which their own states hold as well
_WRITING: _Key = ("writing", "", 0)
_NOTHING: dict[_Key, int] = {}
_IDLE: dict[_Key, int] = {("", "", 0): 1}


class Square(NamedTuple):
    """So many alike: cases at a level in a state with a holder, drafts (state "writing"), or units where nothing is
    yet (state ""); `town` is the path of the one among the viewer's towns where they are, "" elsewhere."""

    town: str
    state: str
    level: str
    holder: int
    many: int


class Seen(NamedTuple):
    """All squares of a scope, and how many of what the viewer's units have in hand came again after a return."""

    squares: list[Square]
    again: int


def squares(connection: Connection, scope: Scope, edition: int, own: Collection[int], towns: Sequence[str]) -> Seen:
    """What a scope holds. `own`: the ids of the viewer's units, which are never idle; `towns`: paths in the scope to be
    told apart, none below another."""
    kept = _kept(connection)
    with kept.lock:
        one = kept.edition(connection, edition)
        found: Counter[tuple[str, _Key]] = Counter()
        for path in outermost(scope.units, kept.ids):
            for key, many in kept.sum(one, kept.ids[path]).items():
                found["", key] += many
        for town in towns:
            for key, many in kept.sum(one, kept.ids[town]).items() if town in kept.ids else ():
                found[town, key] += many
                found["", key] -= many
        for id in own:
            if id in kept.paths and kept.here(one, id) is _IDLE:
                found[next((town for town in towns if covers(town, kept.paths[id])), ""), ("", "", 0)] -= 1
    again = sum(many for (_, (state, _, holder)), many in found.items() if state == AGAIN and holder in own)
    return Seen([Square(town, *key, many) for (town, key), many in found.items() if many and key[0] != AGAIN], again)


def has_any(connection: Connection, scope: Scope, edition: int) -> bool:
    """Whether there is a case or a draft of the edition in the scope."""
    kept = _kept(connection)
    with kept.lock:
        one = kept.edition(connection, edition)
        return any(kept.sum(one, kept.ids[path]).keys() - _IDLE.keys() for path in outermost(scope.units, kept.ids))


def covers(above: str, path: str) -> bool:
    """Whether a path lies at or below another."""
    return path == above or path.startswith(f"{above}/")


def outermost(paths: Sequence[str], known: Collection[str]) -> list[str]:
    """Those of these paths that lie below none of the others; "" stands for the roots of all that are known."""
    if "" in paths:
        return [path for path in known if "/" not in path]
    return [path for path in set(paths) if path in known and not any(covers(o, path) for o in paths if o != path)]


# ---------------------------------------------------------------- what is asked

_STANDS = Read(
    select(
        func.coalesce(select(chain.c.links).scalar_subquery(), literal_column("0")),
        select(func.count()).select_from(units).scalar_subquery(),
    )
)
_UNITS = Read(select(units.c.id, units.c.path, units.c.parent, units.c.confirmed))
_SINCE = Read(
    select(events.c.kind, events.c.case, cases.c.edition, cases.c.unit)
    .outerjoin(cases, cases.c.id == events.c.case)
    .where(events.c.link > bindparam("after")),
    "after",
)
_many = func.count().label("many")
_there = (cases.c.edition == bindparam("edition")) & cases.c.state.not_in(said("taken_back"))
_again = (cases.c.edition == bindparam("edition")) & resubmitted()
_some = cases.c.unit.in_(bindparam("units", expanding=True))
_CASES: Select[Any] = (
    select(cases.c.unit, cases.c.state, cases.c.level, cases.c.holder, _many)
    .where(_there)
    .group_by(cases.c.unit, cases.c.state, cases.c.level, cases.c.holder)
)
_AGAIN: Select[Any] = (
    select(cases.c.unit, *said(AGAIN, ""), cases.c.holder, _many).where(_again).group_by(cases.c.unit, cases.c.holder)
)
_ALL = (Read(_CASES, "edition"), Read(_AGAIN, "edition"))
_SOME = (Read(_CASES.where(_some), "edition", "units"), Read(_AGAIN.where(_some), "edition", "units"))
_writing = (drafts.c.edition == bindparam("edition")) & still_writing()
_home = func.coalesce(people.c.unit, people.c.invited)
_BY_UNIT: Select[Any] = select(drafts.c.edition, _home, _many).join(people, people.c.id == drafts.c.person)
_DRAFTS = Read(_BY_UNIT.where(_writing).group_by(drafts.c.edition, _home), "edition")
_DRAFT_COUNT = Read(select(_many).select_from(drafts).where(_writing), "edition")


# ---------------------------------------------------------------- what is kept


class _Edition:
    """What there is in each unit, and below it as far as that was asked for."""

    def __init__(self, connection: Connection, id: int) -> None:
        self.id = id
        self.cases: dict[int, dict[_Key, int]] = {}
        self.drafts: dict[int, int] = {}
        self.sums: dict[int, dict[_Key, int]] = {}
        self._many, self._at = -1, 0.0
        for read in _ALL:
            self._put(read.rows(connection, id))

    def _put(self, rows: Sequence[Sequence[Any]]) -> None:
        for unit, state, level, holder, many in rows:
            self.cases.setdefault(unit, {})[state, level, holder] = many

    def count_again(self, connection: Connection, stale: Sequence[int]) -> None:
        """Counts the cases of these units anew."""
        for start in range(0, len(stale), _TOGETHER):
            some = stale[start : start + _TOGETHER]
            found = [read.rows(connection, self.id, some) for read in _SOME]
            for unit in some:
                self.cases.pop(unit, None)
            for rows in found:
                self._put(rows)

    def count_drafts(self, connection: Connection) -> set[int]:
        """The units that have more or fewer drafts than before."""
        if self._many > MANY_DRAFTS and monotonic() - self._at < KEPT:
            return set()
        many = _DRAFT_COUNT.rows(connection, self.id)[0][0]
        if many == self._many and monotonic() - self._at < KEPT:
            return set()
        before, self.drafts = self.drafts, {unit: n for _, unit, n in _DRAFTS.rows(connection, self.id)}
        self._many, self._at = many, monotonic()
        return {unit for unit, _ in before.items() ^ self.drafts.items()}


class _Kept:
    """What was counted on one database; to be used under its lock alone."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._link = -1
        self._editions: dict[int, _Edition] = {}
        self.ids: dict[str, int] = {}
        self.paths: dict[int, str] = {}
        self._parents: dict[int, int | None] = {}
        self._below: dict[int, list[int]] = {}
        self._confirmed: frozenset[int] = frozenset()

    def edition(self, connection: Connection, id: int) -> _Edition:
        """What is known of an edition, after whatever has changed was counted again."""
        self._catch_up(connection)
        one = self._editions.get(id)
        if one is None:
            one = self._editions[id] = _Edition(connection, id)
        self._forget(one, one.count_drafts(connection))
        return one

    def _catch_up(self, connection: Connection) -> None:
        ((link, many),) = _STANDS.rows(connection)
        known = self._link
        stale = self._stale(connection) if 0 <= known <= link <= known + MOST_LINKS and known < link else {}
        if link < known or link > known + MOST_LINKS or known < 0 or stale is None:
            self._editions.clear()
            self.ids.clear()
        else:
            for edition, some in stale.items():
                if edition in self._editions:
                    self._editions[edition].count_again(connection, list(some))
                    self._forget(self._editions[edition], some)
        self._link = link
        if not self.ids or many != len(self.ids):
            self._read_units(connection)

    def _stale(self, connection: Connection) -> dict[int, set[int]] | None:
        """The units, by edition, whose cases have moved; None: nobody knows."""
        stale: dict[int, set[int]] = {}
        for kind, case, edition, unit in _SINCE.rows(connection, self._link):
            if kind.startswith(_WIDE) or (case and unit is None):
                return None
            if case:
                stale.setdefault(edition, set()).add(unit)
        return stale

    def _read_units(self, connection: Connection) -> None:
        rows = _UNITS.rows(connection)
        self.ids = {path: id for id, path, _, _ in rows}
        self.paths = {id: path for path, id in self.ids.items()}
        self._parents = {id: parent for id, _, parent, _ in rows}
        self._confirmed = frozenset(id for id, _, _, confirmed in rows if confirmed)
        self._below = {}
        for id, _, parent, _ in rows:
            if parent is not None:
                self._below.setdefault(parent, []).append(id)
        for one in self._editions.values():
            one.sums.clear()

    def _forget(self, one: _Edition, stale: Collection[int]) -> None:
        """What has changed in a unit has changed in all above it."""
        for unit in stale:
            at: int | None = unit
            while at is not None:
                one.sums.pop(at, None)
                at = self._parents.get(at)

    def here(self, one: _Edition, unit: int) -> dict[_Key, int]:
        """What there is in a unit itself."""
        found, begun = one.cases.get(unit, _NOTHING), one.drafts.get(unit, 0)
        if begun:
            return {**found, _WRITING: begun}
        if not found and unit in self._confirmed and unit not in self._below:
            return _IDLE
        return found

    def sum(self, one: _Edition, unit: int) -> dict[_Key, int]:
        """What there is in a unit and below it."""
        found = one.sums.get(unit)
        if found is None:
            found = dict(self.here(one, unit))
            for part in self._below.get(unit, ()):
                of = self.sum(one, part) if part in self._below else self.here(one, part)
                for key, many in of.items():
                    found[key] = found.get(key, 0) + many
            one.sums[unit] = found
        return found


_known: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()


def _kept(connection: Connection) -> _Kept:
    return _known.setdefault(connection.engine, _Kept())


def forget() -> None:
    """Lets go of all that was counted; it is counted anew when somebody asks."""
    _known.clear()
