"""Late keys (补交码): made for a unit, entered by its people; small tables.

The secret is derived from the row's id with the site's own key and never lies in the database, as with links: whoever
may make one can read it out again.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from bot.doors import Scope
from bot.engine.definition import LateKey
from bot.engine.latekeys import LENGTH, LETTERS
from bot.engine.messages import LateUse
from storage.prepared import Read
from storage.tables import late_grants, late_keys, units
from storage.views import below

_ALL = Read(
    select(
        *(late_keys.c.id, late_keys.c.edition, late_keys.c.unit, late_keys.c.left, late_keys.c.until),
        late_keys.c.revoked,
    )
)


class KeySeen(NamedTuple):
    """A key as an office sees it; `unit` is a path."""

    id: int
    unit: str
    uses: int
    left: int
    until: datetime


def code(site_key: bytes, id: int) -> str:
    """What is read out over the telephone."""
    number = int.from_bytes(hmac.new(site_key, f"late:{id}".encode(), hashlib.sha256).digest(), "big")
    out = ""
    for _ in range(LENGTH):
        number, digit = divmod(number, len(LETTERS))
        out += LETTERS[digit]
    return out


def load(connection: Connection, site_key: bytes) -> tuple[LateKey, ...]:
    """All keys."""
    return tuple(
        LateKey(id=id, code=code(site_key, id), edition=edition, unit=unit, left=left, until=until, revoked=bool(off))
        for id, edition, unit, left, until, off in _ALL.rows(connection)
    )


def use(connection: Connection, used: LateUse, person: int) -> bool:
    """Takes one use of a key for a person; False when somebody was quicker, or it was taken back."""
    free = (late_keys.c.id == used.key) & (late_keys.c.left > 0) & ~late_keys.c.revoked
    if connection.execute(update(late_keys).where(free).values(left=late_keys.c.left - 1)).rowcount != 1:
        return False
    own = (late_grants.c.person == person) & (late_grants.c.edition == used.edition)
    connection.execute(delete(late_grants).where(own))
    row = {"person": person, "edition": used.edition, "key": used.key, "until": used.until}
    connection.execute(insert(late_grants), row)
    return True


def add(connection: Connection, key: LateKey, issuer: int, at: datetime) -> None:
    """A new key."""
    row = {"id": key.id, "edition": key.edition, "unit": key.unit, "uses": key.left, "left": key.left}
    connection.execute(insert(late_keys), {**row, "until": key.until, "issuer": issuer, "created_at": at})


def revoke(connection: Connection, id: int) -> None:
    """A key opens nothing any more; who entered it already has the usual date again."""
    connection.execute(update(late_keys).where(late_keys.c.id == id).values(revoked=True))
    connection.execute(delete(late_grants).where(late_grants.c.key == id))


def living(connection: Connection, scope: Scope, edition: int, now: datetime) -> list[KeySeen]:
    """The keys of the scope's units that still count."""
    wanted = (
        select(late_keys.c.id, units.c.path, late_keys.c.uses, late_keys.c.left, late_keys.c.until)
        .join(units, units.c.id == late_keys.c.unit)
        .where(late_keys.c.edition == edition, late_keys.c.until > now, ~late_keys.c.revoked, below(scope))
        .order_by(units.c.path, late_keys.c.id)
    )
    return [KeySeen(*row) for row in connection.execute(wanted)]


def whose(connection: Connection, id: int) -> tuple[str, int] | None:
    """The path of a key's unit and its edition; None for one that is unknown or was taken back."""
    wanted = select(units.c.path, late_keys.c.edition).join(units, units.c.id == late_keys.c.unit)
    row = connection.execute(wanted.where(late_keys.c.id == id, ~late_keys.c.revoked)).one_or_none()
    return (row.path, row.edition) if row else None
