"""Places: how many cases a unit may hand upward, by key. A place is taken by one conditional UPDATE."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, text, update

from storage.tables import cases, quotas, units


class Places(NamedTuple):
    """How many places there are by a key, and how many are used; `own`: set for the unit by hand."""

    most: int
    used: int
    own: bool


_MAKE = text(
    "INSERT INTO quotas (edition, level, unit, key, most, used) VALUES (:edition, :level, :unit, :key, :most, 0) "
    "ON CONFLICT (edition, level, unit, key) DO NOTHING"
)


def of(connection: Connection, edition: int, level: str, unit: int) -> dict[str, Places]:
    """All keys that limit a unit at a level."""
    own = (quotas.c.edition == edition) & (quotas.c.level == level) & (quotas.c.unit == unit)
    rows = connection.execute(select(quotas.c.key, quotas.c.most, quotas.c.used, quotas.c.own).where(own))
    return {row.key: Places(row.most, row.used, row.own) for row in rows}


def make(connection: Connection, edition: int, level: str, unit: int, most: Mapping[str, int]) -> None:
    """Makes the rows that the call asks for where they are missing."""
    rows = [{"edition": edition, "level": level, "unit": unit, "key": key, "most": n} for key, n in most.items()]
    if rows:
        connection.execute(_MAKE, rows)


def take(connection: Connection, edition: int, level: str, unit: int, keys: Collection[str]) -> bool:
    """Takes a place by each of these keys, or by none of them: False where one is full.

    The caller's transaction must be undone where it is False.
    """
    if not keys:
        return True
    own = (quotas.c.edition == edition) & (quotas.c.level == level) & (quotas.c.unit == unit)
    free = own & quotas.c.key.in_(sorted(keys)) & (quotas.c.used < quotas.c.most)
    return connection.execute(update(quotas).where(free).values(used=quotas.c.used + 1)).rowcount == len(keys)


def give_back(connection: Connection, edition: int, level: str, unit: int, keys: Collection[str]) -> None:
    """A place that was taken is free again."""
    own = (quotas.c.edition == edition) & (quotas.c.level == level) & (quotas.c.unit == unit)
    used = own & quotas.c.key.in_(sorted(keys)) & (quotas.c.used > 0)
    if keys:
        connection.execute(update(quotas).where(used).values(used=quotas.c.used - 1))


def set_most(
    connection: Connection, edition: int, level: str, unit: int, key: str, most: int, *, used: int, own: bool
) -> bool:
    """How many places there are from now on; False where more are used already.

    `used`: how many are, where the key did not limit the unit until now.
    """
    where = (quotas.c.edition == edition) & (quotas.c.level == level) & (quotas.c.unit == unit) & (quotas.c.key == key)
    if connection.execute(select(quotas.c.key).where(where)).first() is None:
        row = {"edition": edition, "level": level, "unit": unit, "key": key, "most": most, "used": used, "own": own}
        connection.execute(insert(quotas), row)
        return used <= most
    changed = update(quotas).where(where, quotas.c.used <= most).values(most=most, own=own)
    return connection.execute(changed).rowcount == 1


def drop(connection: Connection, edition: int, level: str, unit: int, key: str) -> None:
    """The key limits the unit no more."""
    where = (quotas.c.edition == edition) & (quotas.c.level == level) & (quotas.c.unit == unit) & (quotas.c.key == key)
    connection.execute(quotas.delete().where(where))


def passed(connection: Connection, edition: int, unit: int) -> dict[int, int]:
    """The cases a unit has passed and not decided on yet, with their ranks."""
    own = (cases.c.edition == edition) & (cases.c.holder == unit) & (cases.c.state == "passed")
    return {row.id: row.rank for row in connection.execute(select(cases.c.id, cases.c.rank).where(own))}


def kind_of(connection: Connection, unit: int) -> str:
    """The kind of a unit, "" where none was said."""
    return connection.execute(select(units.c.kind).where(units.c.id == unit)).scalar() or ""
