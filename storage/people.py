"""People, their units, roles, addresses and 接续码."""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from bot.channel import Address
from bot.engine.model import Person, Unit
from storage import drafts as draft_rows
from storage.conversations import unit_of
from storage.prepared import Read, Write
from storage.tables import (
    addresses,
    cases,
    codes,
    conversations,
    deliveries,
    documents,
    drafts,
    files,
    jobs,
    late_grants,
    messages,
    people,
    quarantine,
    reminders,
    roles,
    units,
    updates,
    wakes,
)


class Known(NamedTuple):
    """An address that belongs to somebody."""

    person: int
    state: str
    last_used: datetime
    stands: str = ""


_FIND = Read(
    select(
        *(addresses.c.external, addresses.c.person, addresses.c.state, addresses.c.last_used, addresses.c.stands)
    ).where(
        addresses.c.channel == bindparam("channel"), addresses.c.external.in_(bindparam("externals", expanding=True))
    ),
    *("channel", "externals"),
)
_OF_PEOPLE = Read(
    select(addresses.c.person, addresses.c.channel, addresses.c.external, addresses.c.stands)
    .where(addresses.c.person.in_(bindparam("ids", expanding=True)), addresses.c.state == bindparam("state"))
    .order_by(addresses.c.last_used),
    *("ids", "state"),
)
_TOUCH = Write(
    update(addresses)
    .where(addresses.c.channel == bindparam("b_channel"), addresses.c.external == bindparam("b_external"))
    .values(last_used=bindparam("at"), state=bindparam("state")),
    *("at", "state", "b_channel", "b_external"),
)
_SAVE = Write(
    update(people)
    .where(people.c.id == bindparam("b_id"))
    .values(name=bindparam("name"), post=bindparam("post"), phone=bindparam("phone"), unit=bindparam("unit")),
    *("name", "post", "phone", "unit", "b_id"),
)
_parent = units.alias("parent_unit")
_CHILDREN = (
    select(units.c.name)
    .join(_parent, _parent.c.id == units.c.parent)
    .where(_parent.c.path == bindparam("path"), units.c.confirmed)
    .order_by(units.c.name)
)


# ---------------------------------------------------------------- addresses


def find(connection: Connection, wanted: Iterable[Address]) -> dict[Address, Known]:
    """Those of the addresses that belong to somebody."""
    by_channel: dict[str, list[str]] = defaultdict(list)
    for address in wanted:
        by_channel[address.channel].append(address.external)
    return {
        Address(channel=channel, external=row[0]): Known(*row[1:])
        for channel, externals in by_channel.items()
        for row in _FIND.rows(connection, channel, externals)
    }


def open_addresses(connection: Connection, persons: Collection[int]) -> dict[int, dict[Address, str]]:
    """The open addresses of these people and what stands at each, the last used one last."""
    found: dict[int, dict[Address, str]] = defaultdict(dict)
    for person, channel, external, stands in _OF_PEOPLE.rows(connection, persons, "open"):
        found[person][Address(channel=channel, external=external)] = stands
    return found


def touch(connection: Connection, used: Iterable[tuple[Address, datetime]]) -> None:
    """Notes that somebody spoke from these addresses; a blocked one is open again."""
    ordered = sorted(used, key=lambda pair: (pair[0].channel, pair[0].external))
    _TOUCH.run(connection, [(at, "open", a.channel, a.external) for a, at in ordered])


def give_address(connection: Connection, address: Address, person: int, at: datetime) -> None:
    """The address is this person's from now on, whoever had it before."""
    key = (addresses.c.channel == address.channel) & (addresses.c.external == address.external)
    moved = connection.execute(update(addresses).where(key).values(person=person, state="open", last_used=at))
    if not moved.rowcount:
        connection.execute(
            insert(addresses),
            {
                "channel": address.channel,
                "external": address.external,
                "person": person,
                "state": "open",
                "created_at": at,
                "last_used": at,
            },
        )


def drop_addresses(connection: Connection, person: int) -> None:
    """The person can be reached nowhere and from nowhere until they knock again."""
    connection.execute(delete(addresses).where(addresses.c.person == person))


# ---------------------------------------------------------------- people


def create(connection: Connection, *, person: int, conversation: int, unit: int, at: datetime) -> None:
    """A new person without a name, and their one conversation."""
    connection.execute(insert(people), {"id": person, "invited": unit, "created_at": at})
    connection.execute(insert(conversations), {"id": conversation, "person": person})


def grant(connection: Connection, person: int, role: str, unit: int) -> None:
    """Gives a role at a unit; having it already is fine."""
    held = select(roles.c.person).where(roles.c.person == person, roles.c.role == role, roles.c.unit == unit)
    if connection.execute(held).first() is None:
        connection.execute(insert(roles), {"person": person, "role": role, "unit": unit})


def save(connection: Connection, changed: Iterable[Person]) -> None:
    """Writes name, post, phone and unit."""
    ordered = sorted(changed, key=lambda p: p.id)
    _SAVE.run(connection, [(p.name, p.post, p.phone, p.unit.id if p.unit else None, p.id) for p in ordered])


def erase(connection: Connection, person: int, conversation: int) -> None:
    """Drafts, profile and all that was said go at once; submitted cases stay with the office.

    Updates and events stay: they hold no text. What is still owed to a messenger is not sent any more.
    """
    ids = [r[0] for r in connection.execute(select(drafts.c.id).where(drafts.c.person == person))]
    release(connection, draft_rows.remove(connection, ids))
    release(
        connection, [r[0] for r in connection.execute(select(documents.c.file).where(documents.c.person == person))]
    )
    for table in (documents, codes, reminders, late_grants):
        connection.execute(delete(table).where(table.c.person == person))
    for table in (messages, deliveries, wakes, quarantine, jobs):
        connection.execute(delete(table).where(table.c.conversation == conversation))
    connection.execute(update(updates).where(updates.c.conversation == conversation).values(seq_from=0, seq_to=0))
    connection.execute(
        update(people).where(people.c.id == person).values(name="", post="", phone="", unit=None, erased=True)
    )


# ---------------------------------------------------------------- files are kept while something names them


def keep(connection: Connection, hashes: Iterable[str]) -> None:
    """One more reference to each of these files, once for each time it is given."""
    _refer(connection, hashes, 1)


def release(connection: Connection, hashes: Iterable[str]) -> None:
    """One reference less. Who sweeps the folder takes what has none."""
    _refer(connection, hashes, -1)


_REFER = Write(
    update(files).where(files.c.hash == bindparam("b_hash")).values(refs=files.c.refs + bindparam("by")),
    *("b_hash", "by"),
)


def _refer(connection: Connection, hashes: Iterable[str], by: int) -> None:
    _REFER.run(connection, [(h, by) for h in sorted(hashes)])


# ---------------------------------------------------------------- the tree


def unit_at(connection: Connection, path: tuple[str, ...]) -> Unit | None:
    """The node with this path."""
    row = connection.execute(
        select(units.c.id, units.c.path, units.c.level, units.c.confirmed).where(units.c.path == "/".join(path))
    ).first()
    return None if row is None else unit_of(row[1], row[0], row[2], row[3])


def units_ending(connection: Connection, text: str, limit: int) -> list[str]:
    """The paths that end in these names, at most `limit`."""
    wanted = select(units.c.path).where(units.c.path.endswith(f"/{text}", autoescape=True)).limit(limit)
    return list(connection.execute(wanted).scalars())


def make_unit(
    connection: Connection, id: int, path: tuple[str, ...], level: str, *, confirmed: bool, kind: str = ""
) -> Unit:
    """A new node; the node above it must be there. Raises IntegrityError when the path is taken."""
    parent = unit_at(connection, path[:-1]) if len(path) > 1 else None
    connection.execute(
        insert(units),
        {
            "id": id,
            "parent": parent.id if parent else None,
            "name": path[-1],
            "level": level,
            "path": "/".join(path),
            "confirmed": confirmed,
            "kind": kind,
        },
    )
    return Unit(id=id, path=path, level=level, confirmed=confirmed)


def names_below(connection: Connection, path: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the nodes right below this path, in order; what a writer typed only once it is confirmed."""
    return tuple(row[0] for row in connection.execute(_CHILDREN, {"path": "/".join(path)}))


# ---------------------------------------------------------------- 接续码


def code_hash(site_key: bytes, digits: str) -> str:
    """How six digits are kept: keyed, since a million of them are soon tried."""
    return hmac.new(site_key, f"code:{digits}".encode(), hashlib.sha256).hexdigest()


def make_code(connection: Connection, *, id: int, person: int, hashed: str, expires_at: datetime) -> None:
    """A new code; the person's earlier unused ones are void."""
    connection.execute(delete(codes).where(codes.c.person == person, codes.c.used_at.is_(None)))
    connection.execute(insert(codes), {"id": id, "person": person, "hash": hashed, "expires_at": expires_at})


def code_owner(connection: Connection, hashed: str, now: datetime) -> int:
    """Whose living, unused code this is; 0 for nobody's (or, by chance, for two people's)."""
    owners = connection.execute(
        select(codes.c.person).where(codes.c.hash == hashed, codes.c.used_at.is_(None), codes.c.expires_at > now)
    ).all()
    return int(owners[0][0]) if len(owners) == 1 else 0


def use_code(connection: Connection, hashed: str, now: datetime, other: int) -> bool:
    """Uses the code up; False when somebody was quicker. `other`: whose device it was used on, 0 for nobody's."""
    used = connection.execute(
        update(codes)
        .where(codes.c.hash == hashed, codes.c.used_at.is_(None), codes.c.expires_at > now)
        .values(used_at=now, other=other)
    )
    return used.rowcount == 1


def bring_along(connection: Connection, person: int, since: datetime) -> tuple[int, int]:
    """Moves the drafts of whoever had this device before to `person`; returns whose and how many. Profiles stay."""
    row = connection.execute(
        select(codes.c.id, codes.c.other)
        .where(codes.c.person == person, codes.c.other != 0, codes.c.used_at >= since)
        .order_by(codes.c.id.desc())
    ).first()
    if row is None:
        return 0, 0
    connection.execute(update(codes).where(codes.c.id == row[0]).values(other=0))
    own = (drafts.c.person == row[1]) & drafts.c.edition.is_not(None)
    moved = [r[0] for r in connection.execute(select(drafts.c.id).where(own))]
    connection.execute(update(drafts).where(drafts.c.id.in_(moved)).values(person=person))
    connection.execute(update(cases).where(cases.c.draft.in_(moved)).values(person=person))
    return int(row[1]), len(moved)


def drafts_of(connection: Connection, person: int) -> int:
    """How many drafts, besides the profile, a person has."""
    own = (drafts.c.person == person) & drafts.c.edition.is_not(None)
    return connection.execute(select(func.count()).select_from(drafts).where(own)).scalar_one()


def named(connection: Connection, person: int) -> bool:
    """Whether the person has given a name."""
    return bool(connection.execute(select(people.c.name).where(people.c.id == person)).scalar())
