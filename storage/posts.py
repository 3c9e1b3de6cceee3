"""Who holds which post: roles bound to units, read anew at each request."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from bot.doors import Post
from storage.prepared import Read
from storage.tables import addresses, conversations, invites, people, roles, units

OVERSEEING = ("coordinator", "administrator")


class Known(NamedTuple):
    """Somebody as the office sees them."""

    id: int
    name: str
    post: str
    phone: str
    conversation: int


_POSTS = Read(
    select(roles.c.role, units.c.id, units.c.path, units.c.level, roles.c.until, roles.c.instead)
    .join(units, units.c.id == roles.c.unit)
    .where(roles.c.person == bindparam("person"), roles.c.role.in_(bindparam("roles", expanding=True)))
    .order_by(units.c.path, roles.c.role),
    *("person", "roles"),
)


def posts(connection: Connection, person: int, now: datetime) -> tuple[Post, ...]:
    """The overseeing posts somebody holds at this instant, stand-ins' included; by path."""
    rows = _POSTS.rows(connection, person, OVERSEEING)
    return tuple(
        Post(role=role, unit=unit, path=path, level=level, until=until, instead=instead)
        for role, unit, path, level, until, instead in rows
        if until is None or until > now
    )


def widest(connection: Connection) -> int:
    """One of those who oversee most; 0 where nobody oversees anything."""
    most = select(roles.c.person).join(units, units.c.id == roles.c.unit).where(roles.c.role.in_(OVERSEEING))
    return connection.execute(most.order_by(func.length(units.c.path), roles.c.person).limit(1)).scalar() or 0


def is_reached(connection: Connection, person: int) -> bool:
    """Whether somebody has come by any channel and can be told there."""
    wanted = select(addresses.c.person).where(addresses.c.person == person, addresses.c.state == "open")
    return connection.execute(wanted.limit(1)).first() is not None


def holders(connection: Connection, unit: int, now: datetime) -> list[Known]:
    """The people who coordinate or administer exactly this unit now, each once, in the order they came."""
    wanted = (
        select(people.c.id, people.c.name, people.c.post, people.c.phone, conversations.c.id)
        .join(roles, roles.c.person == people.c.id)
        .join(conversations, conversations.c.person == people.c.id)
        .where(
            roles.c.unit == unit,
            roles.c.role.in_(OVERSEEING),
            or_(roles.c.until.is_(None), roles.c.until > now),
            ~people.c.erased,
        )
        .distinct()
        .order_by(people.c.id)
    )
    return [Known(*row) for row in connection.execute(wanted)]


def person(connection: Connection, id: int) -> Known | None:
    """Somebody who is still here."""
    row = connection.execute(
        select(people.c.id, people.c.name, people.c.post, people.c.phone, conversations.c.id)
        .join(conversations, conversations.c.person == people.c.id)
        .where(people.c.id == id, ~people.c.erased)
    ).one_or_none()
    return Known(*row) if row else None


def rename(connection: Connection, id: int, name: str, post: str, phone: str) -> None:
    """What somebody is called, and how they are reached."""
    connection.execute(update(people).where(people.c.id == id).values(name=name, post=post, phone=phone))


def grant_until(connection: Connection, person: int, role: str, unit: int, until: datetime, instead: int) -> None:
    """A stand-in's post; one that is held for good stays as it is."""
    own = (roles.c.person == person) & (roles.c.role == role) & (roles.c.unit == unit)
    held = connection.execute(select(roles.c.until).where(own)).first()
    if held is None:
        row = {"person": person, "role": role, "unit": unit, "until": until, "instead": instead}
        connection.execute(insert(roles), row)
    elif held.until is not None:
        connection.execute(update(roles).where(own).values(until=until, instead=instead))


def dismiss(connection: Connection, person: int, role: str, unit: int) -> bool:
    """Ends a role; False where it is not held."""
    own = (roles.c.person == person) & (roles.c.role == role) & (roles.c.unit == unit)
    return connection.execute(delete(roles).where(own)).rowcount == 1


def roles_at(connection: Connection, person: int, unit: int) -> list[str]:
    """The overseeing roles somebody holds at a unit, for good or for a time."""
    own = (roles.c.person == person) & (roles.c.unit == unit) & roles.c.role.in_(OVERSEEING)
    return list(connection.execute(select(roles.c.role).where(own)).scalars())


def administrators(connection: Connection) -> int:
    """How many people administer anything for good."""
    wanted = select(roles.c.person).where(roles.c.role == "administrator", roles.c.until.is_(None)).distinct()
    return len(connection.execute(wanted).all())


def void_invites(connection: Connection, person: int, role: str, unit: int) -> None:
    """The links by which somebody came to a role open nothing any more: what was dismissed does not come back."""
    own = (invites.c.person == person) & (invites.c.role == role) & (invites.c.unit == unit)
    connection.execute(update(invites).where(own).values(revoked=True, n=invites.c.n + 1))


def paths(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """The paths of units by their ids."""
    rows = connection.execute(select(units.c.id, units.c.path).where(units.c.id.in_(list(ids))))
    return {row.id: row.path for row in rows}


def stands_in(connection: Connection, person: int, role: str, unit: int) -> bool:
    """Whether a role is held for a time only."""
    own = (roles.c.person == person) & (roles.c.role == role) & (roles.c.unit == unit)
    return connection.execute(select(roles.c.person).where(own, roles.c.until.is_not(None))).first() is not None


def whereabouts(connection: Connection, person: int) -> list[str]:
    """The paths of the units somebody belongs to, was invited to, or has a role at."""
    own = (
        select(people.c.unit)
        .where(people.c.id == person)
        .union(
            select(people.c.invited).where(people.c.id == person),
            select(roles.c.unit).where(roles.c.person == person),
        )
    )
    return list(connection.execute(select(units.c.path).where(units.c.id.in_(own))).scalars())


def named(connection: Connection, unit: int, name: str) -> Known | None:
    """The one person of this name who belongs to a unit; None where there is none, or more than one."""
    found = connection.execute(
        select(people.c.id, people.c.name, people.c.post, people.c.phone, conversations.c.id)
        .join(conversations, conversations.c.person == people.c.id)
        .where(people.c.unit == unit, people.c.name == name, ~people.c.erased)
    ).all()
    return Known(*found[0]) if len(found) == 1 else None


def has_link(connection: Connection, person: int) -> bool:
    """Whether somebody has a personal invite that still opens for them."""
    own = (invites.c.person == person) & ~invites.c.revoked
    return connection.execute(select(invites.c.id).where(own).limit(1)).first() is not None
