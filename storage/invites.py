"""Invites, their links, and who tried them.

A link is the invite's id in base 62 and a signature; it can be made again at any time and never lies in
the database. Revoking raises n, and with it all links made so far are void.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from bot.channel import Address
from bot.engine.joining import Invite, digits, last_four, same_name
from storage.pins import is_pin
from storage.tables import editions, invites, people, redeems, roles

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SIGNATURE = 22


def _sign(site_key: bytes, invite: int, n: int) -> str:
    digest = hmac.new(site_key, f"{invite}:{n}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()[:_SIGNATURE]


def make_link(site_key: bytes, invite: int, n: int) -> str:
    """The last part of an invite's address: id in base 62, then 22 characters of signature."""
    out = ""
    rest = invite
    while rest:
        rest, digit = divmod(rest, 62)
        out = _DIGITS[digit] + out
    return out + _sign(site_key, invite, n)


def read_link(link: str) -> tuple[int, str]:
    """The id and the signature that a link claims; (0, "") for what is no link."""
    head, signature = link[:-_SIGNATURE], link[-_SIGNATURE:]
    if not 1 <= len(head) <= 11 or any(c not in _DIGITS for c in head) or not signature.isascii():
        return 0, ""
    number = 0
    for c in head:
        number = number * 62 + _DIGITS.index(c)
    return (number, signature) if number < 2**63 else (0, "")


class Found(NamedTuple):
    """An invite with a good link: the rules' part, and whom to ask by its edition ({} where it names none)."""

    invite: Invite
    office: dict[str, Any]


def find(connection: Connection, site_key: bytes, link: str) -> Found | None:
    """The invite this link opens; None for an invented, changed or revoked link."""
    id, signature = read_link(link)
    if not id:
        return None
    row = connection.execute(
        select(invites, people.c.name, people.c.pin, editions.c.office)
        .outerjoin(people, people.c.id == invites.c.person)
        .outerjoin(editions, editions.c.id == invites.c.edition)
        .where(invites.c.id == id)
    ).first()
    # An unknown id costs the same comparison as a known one.
    if not hmac.compare_digest(_sign(site_key, id, row.n if row else 0), signature) or row is None:
        return None
    invite = Invite(
        id=row.id,
        unit=row.unit,
        role=row.role,
        personal=row.personal,
        uses_left=row.uses_left,
        expires_at=row.expires_at,
        revoked=row.revoked,
        person=row.person or 0,
        person_named=bool(row.name or row.pin),
    )
    return Found(invite, row.office or {})


def use(connection: Connection, invite: Invite, person: int) -> bool:
    """Takes one use and binds a personal invite, in one statement; False when somebody was quicker.

    Whoever is replaced by it leaves their post now.
    """
    free = or_(invites.c.uses_left.is_(None), invites.c.uses_left > 0)
    change = update(invites).where(invites.c.id == invite.id, free, ~invites.c.revoked)
    if invite.personal:
        change = change.where(invites.c.person.is_(None)).values(person=person)
    if connection.execute(change.values(uses_left=invites.c.uses_left - 1)).rowcount != 1:
        return False
    replaced = connection.execute(select(invites.c.replaces).where(invites.c.id == invite.id)).scalar() or 0
    if replaced and replaced != person:
        own = (roles.c.person == replaced) & (roles.c.unit == invite.unit) & (roles.c.role == invite.role)
        connection.execute(delete(roles).where(own))
    return True


def note(
    connection: Connection, *, id: int, invite: int, address: Address, person: int, outcome: str, at: datetime
) -> None:
    """Writes down a redeem or a wrong guess ("new", "resume", "takeover", "refused")."""
    connection.execute(
        insert(redeems),
        {
            "id": id,
            "invite": invite,
            "channel": address.channel,
            "external": address.external,
            "person": person,
            "outcome": outcome,
            "at": at,
        },
    )


def wrong_guesses(connection: Connection, invite: int, since: datetime, address: Address | None = None) -> int:
    """Wrong guesses at an invite (0: at 接续码) since an instant; from one address, if one is given."""
    wanted = select(func.count()).where(
        redeems.c.invite == invite, redeems.c.outcome == "refused", redeems.c.at > since
    )
    if address is not None:
        wanted = wanted.where(redeems.c.channel == address.channel, redeems.c.external == address.external)
    return connection.execute(wanted.select_from(redeems)).scalar_one()


def matches(connection: Connection, invite: Invite, name: str, last4: str) -> tuple[int, ...]:
    """The people who came by this invite and are called so, with a phone that ends so; who has set a PIN, with that."""
    came = select(redeems.c.person).where(redeems.c.invite == invite.id, redeems.c.person != 0)
    wanted = people.c.id == invite.person if invite.personal else people.c.id.in_(came)
    rows = connection.execute(select(people.c.id, people.c.name, people.c.phone, people.c.pin).where(wanted))
    called = [(id, phone, pin) for id, own, phone, pin in rows if same_name(own, name)]
    return tuple(
        id
        for id, phone, pin in called
        if (is_pin(pin, digits(last4)) if pin else last_four(phone) == last_four(last4) != "")
    )
