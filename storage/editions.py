"""Editions of calls, and the extensions granted: small tables, read whole for each batch."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, delete, func, insert, literal_column, select, union_all

from bot.engine.definition import Call, Edition, Extension
from storage.codec import edition_in, edition_out
from storage.prepared import Read
from storage.tables import editions, extensions, late_grants, people

_EDITIONS = Read(
    select(
        editions.c.id,
        editions.c.call,
        editions.c.title,
        editions.c.opened_at,
        editions.c.due,
        editions.c.dates,
        editions.c.office,
        editions.c.closed,
    )
)
_NOBODY: ColumnElement[int] = literal_column("0")
# Not a join: SQLite would begin with all people, of whom hardly any has entered a key.
_UNIT = (
    select(func.coalesce(people.c.unit, people.c.invited))
    .where(people.c.id == late_grants.c.person)
    .correlate(late_grants)
    .scalar_subquery()
)
_EXTENSIONS = Read(
    union_all(
        select(
            *(extensions.c.edition, extensions.c.level, extensions.c.unit, extensions.c.until),
            *(_NOBODY.label("person"), _NOBODY.label("key")),
        ),
        select(
            *(late_grants.c.edition, literal_column("''"), _UNIT),
            *(late_grants.c.until, late_grants.c.person, late_grants.c.key),
        ),
    )
)


def load(connection: Connection, calls: Mapping[str, Call]) -> dict[int, Edition]:
    """All editions by id, closed ones included. Raises KeyError for one whose call is not defined."""
    return {row[0]: edition_in(row, calls[row[1]]) for row in _EDITIONS.rows(connection)}


def granted(connection: Connection) -> tuple[Extension, ...]:
    """All extensions, with those that a late key gives to one person."""
    return tuple(
        Extension(edition=e, level=level, unit=unit, until=until, person=person, key=key)
        for e, level, unit, until, person, key in _EXTENSIONS.rows(connection)
    )


def add(connection: Connection, edition: Edition) -> None:
    """Opens an edition."""
    connection.execute(insert(editions), edition_out(edition))


def grant(connection: Connection, extension: Extension, *, taken_back: bool = False) -> None:
    """More time for a unit in the place of what was granted before; or that is taken back."""
    own = (
        (extensions.c.edition == extension.edition)
        & (extensions.c.level == extension.level)
        & (extensions.c.unit == extension.unit)
    )
    connection.execute(delete(extensions).where(own))
    if not taken_back:
        row = {"edition": extension.edition, "level": extension.level, "unit": extension.unit}
        connection.execute(insert(extensions), {**row, "until": extension.until})
