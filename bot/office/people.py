"""Who does what: names, PINs, successors, stand-ins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.acts import ADMINISTRATOR, COORDINATOR, DAYS, Dismiss, HandOver, NameMyself, SetPin, StandIn
from bot.office import tree
from bot.office.matter import Matter, Refused
from storage import people as people_rows
from storage import pins, posts

_PHONE = re.compile(r"[0-9][0-9 -]{4,18}[0-9]")
_PIN = re.compile(r"[0-9]{4,8}")
LONGEST_NAME = 40


def name_myself(m: Matter, command: NameMyself) -> Mapping[str, Any]:
    """As the profile questionnaire would have asked it."""
    if m.is_house or posts.person(m.connection, m.actor.person) is None:
        raise Refused("denied")
    name, post, phone = (" ".join(text.split()) for text in (command.name, command.post, command.phone))
    if not name:
        raise Refused("no_name")
    if len(name) > LONGEST_NAME or len(post) > LONGEST_NAME:
        raise Refused("too_long", most=LONGEST_NAME)
    if phone and not _PHONE.fullmatch(phone):
        raise Refused("bad_phone")
    posts.rename(m.connection, m.actor.person, name, post, phone)
    m.note("person.named")
    return {}


def set_pin(m: Matter, command: SetPin) -> Mapping[str, Any]:
    """Asked beside name and phone when the link is opened on another device."""
    if m.is_house or not m.posts:
        raise Refused("denied")
    if command.pin and not _PIN.fullmatch(command.pin):
        raise Refused("bad_pin")
    pins.set_pin(m.connection, m.actor.person, command.pin)
    m.note("person.pin", params={"set": bool(command.pin)})
    return {"set": bool(command.pin)}


def hand_over(m: Matter, command: HandOver) -> Mapping[str, Any]:
    """A personal link for the successor; by opening it they take the post, and who had it leaves it."""
    unit = m.unit_id(command.unit)
    held = posts.roles_at(m.connection, command.person, unit)
    if not held or (command.person != m.actor.person and not m.allowed(command.unit, ADMINISTRATOR)):
        raise Refused("no_post")
    role = ADMINISTRATOR if ADMINISTRATOR in held else COORDINATOR
    node = people_rows.unit_at(m.connection, tuple(command.unit.split("/")))
    assert node is not None
    made = tree.add_invite(m, node, role, 1, DAYS, "", replaces=command.person)
    m.note("post.handed_over", unit=command.unit, params={"person": command.person, "role": role})
    return made


def stand_in(m: Matter, command: StandIn) -> Mapping[str, Any]:
    """Somebody who is known here acts for a unit until the end of a day."""
    unit = m.unit_id(command.unit)
    m.may(command.unit, COORDINATOR, ADMINISTRATOR)
    known = posts.person(m.connection, command.person)
    if known is None or not (m.is_house or _in_sight(m, command.person)):
        raise Refused("no_post")
    until = m.end_of_day(command.until)
    posts.grant_until(m.connection, command.person, COORDINATOR, unit, until, m.actor.person)
    m.note("post.stand_in", unit=command.unit, params={"person": command.person})
    return {"until": until, "name": known.name}


def _in_sight(m: Matter, person: int) -> bool:
    """Whether somebody belongs to a unit, or holds a post, within the actor's units."""
    return any(m.sees(path) for path in posts.whereabouts(m.connection, person))


def dismiss(m: Matter, command: Dismiss) -> Mapping[str, Any]:
    """A role ends, and the links by which it was come to open nothing any more."""
    unit = m.unit_id(command.unit)
    stands_in = posts.stands_in(m.connection, command.person, command.role, unit)
    m.may(command.unit, *((COORDINATOR, ADMINISTRATOR) if stands_in else (ADMINISTRATOR,)))
    if command.role == ADMINISTRATOR and command.person == m.actor.person:
        raise Refused("not_yourself")
    if not posts.dismiss(m.connection, command.person, command.role, unit):
        raise Refused("no_post")
    posts.void_invites(m.connection, command.person, command.role, unit)
    m.note("post.dismissed", unit=command.unit, params={"person": command.person, "role": command.role})
    return {}
