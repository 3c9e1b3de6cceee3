"""Editions of calls, and the extensions granted: small tables, read whole for each batch."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, insert, select

from bot.engine.definition import Call, Edition, Extension
from storage.codec import edition_in, edition_out
from storage.tables import editions, extensions

_EDITIONS = select(editions)
_EXTENSIONS = select(extensions.c.edition, extensions.c.level, extensions.c.unit, extensions.c.until)


def load(connection: Connection, calls: Mapping[str, Call]) -> dict[int, Edition]:
    """All editions by id, closed ones included. Raises KeyError for one whose call is not defined."""
    return {row.id: edition_in(row, calls[row.call]) for row in connection.execute(_EDITIONS)}


def granted(connection: Connection) -> tuple[Extension, ...]:
    """All extensions."""
    return tuple(
        Extension(edition=e, level=level, unit=unit, until=until)
        for e, level, unit, until in connection.execute(_EXTENSIONS)
    )


def add(connection: Connection, edition: Edition) -> None:
    """Opens an edition."""
    connection.execute(insert(editions), edition_out(edition))
