"""The tree of units, many at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from bot.doors import Scope
from storage.prepared import Write
from storage.tables import units
from storage.views import below


class UnitSeen(NamedTuple):
    """A unit as it is listed; `path` is its names from the root down, joined by "/"."""

    path: str
    level: str
    kind: str
    confirmed: bool


class UnitNode(NamedTuple):
    """What is known of a node."""

    id: int
    kind: str
    confirmed: bool


_INSERT = Write(insert(units), "id", "parent", "name", "level", "path", "confirmed", "kind")
_SETTLE = Write(
    update(units).where(units.c.id == bindparam("b_id")).values(confirmed=True, kind=bindparam("b_kind")),
    *("b_kind", "b_id"),
)


def nodes(connection: Connection, root: str) -> dict[str, UnitNode]:
    """All nodes at and below a path, by their paths."""
    under = or_(units.c.path == root, units.c.path.startswith(f"{root}/", autoescape=True))
    rows = connection.execute(select(units.c.path, units.c.id, units.c.kind, units.c.confirmed).where(under))
    return {row[0]: UnitNode(*row[1:]) for row in rows}


def add(connection: Connection, new: Sequence[tuple[int, int | None, tuple[str, ...], str, str]]) -> None:
    """New confirmed nodes as (id, parent's id, path, level, kind), those above before those below."""
    _INSERT.run(
        connection,
        [(id, parent, path[-1], level, "/".join(path), True, kind) for id, parent, path, level, kind in new],
    )


def settle(connection: Connection, kinds: Mapping[int, str]) -> None:
    """Nodes that are there, by their ids: confirmed from now on, and of this kind."""
    _SETTLE.run(connection, [(kind, id) for id, kind in sorted(kinds.items())])


def seen(connection: Connection, scope: Scope) -> list[UnitSeen]:
    """The scope's units, each above those below it."""
    wanted = select(units.c.path, units.c.level, units.c.kind, units.c.confirmed).where(below(scope))
    rows = connection.execute(wanted)
    return sorted((UnitSeen(*row) for row in rows), key=lambda one: one.path.split("/"))
