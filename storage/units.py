"""The tree of units, many at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from bot.doors import Scope
from storage.columns import at_or_below
from storage.prepared import Write
from storage.tables import cases, extensions, invites, late_keys, people, roles, units
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
    under = at_or_below(units.c.path, root)
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


def confirm(connection: Connection, id: int) -> None:
    """A node that a writer named stands in lists from now on."""
    connection.execute(update(units).where(units.c.id == id).values(confirmed=True))


def is_loose(connection: Connection, id: int) -> bool:
    """Whether a node was named by a writer, not confirmed, and has none below it."""
    loose = connection.execute(select(units.c.id).where(units.c.id == id, ~units.c.confirmed)).first() is not None
    return loose and connection.execute(select(units.c.id).where(units.c.parent == id).limit(1)).first() is None


def merge(connection: Connection, id: int, into: int) -> None:
    """All that belongs to a loose node belongs to another from now on; the node goes."""
    for table, column in (
        (people, "unit"),
        (people, "invited"),
        (cases, "unit"),
        (invites, "unit"),
        (late_keys, "unit"),
    ):
        connection.execute(update(table).where(table.c[column] == id).values({column: into}))
    twin = roles.alias("twin")
    same = select(twin.c.person).where(
        twin.c.person == roles.c.person, twin.c.role == roles.c.role, twin.c.unit == into
    )
    connection.execute(delete(roles).where(roles.c.unit == id, same.exists()))
    connection.execute(update(roles).where(roles.c.unit == id).values(unit=into))
    connection.execute(delete(extensions).where(extensions.c.unit == id))
    connection.execute(delete(units).where(units.c.id == id))
