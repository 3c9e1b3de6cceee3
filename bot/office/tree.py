"""Editions, the tree of units, and the invites into it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.acts import (
    ADMINISTRATOR,
    COORDINATOR,
    ROLES,
    WRITER,
    AddUnits,
    ConfirmUnit,
    MakeInvite,
    MergeUnit,
    OpenEdition,
    RevokeInvite,
)
from bot.config import level_names
from bot.engine.dates import resolve
from bot.engine.definition import Edition
from bot.engine.model import Unit
from bot.office.matter import Matter, Refused
from storage import commands, drafts, people
from storage import editions as edition_rows
from storage import units as unit_rows
from storage.invites import make_link


def open_edition(m: Matter, command: OpenEdition) -> Mapping[str, Any]:
    """Dates are resolved now and kept."""
    m.may(m.root, ADMINISTRATOR)
    setting = m.setting
    call = setting.calls.get(command.call)
    if call is None:
        raise Refused("no_call", id=command.call)
    known = [e for e in edition_rows.load(m.connection, setting.calls).values() if e.call.id == call.id]
    last = max(known, key=lambda e: e.due, default=None)
    if (command.first and known) or (command.next and (last is None or last.closed or m.now < last.due)):
        return {}
    due, dates = resolve(call, m.now)
    last_day = (due - timedelta(microseconds=1)).astimezone(ZoneInfo(call.zone))
    key = "office.edition_title_month" if call.monthly else "office.edition_title"
    title = setting.wording.say(key, year=last_day.year, month=last_day.month, title=call.title)
    id = _round_id(call.id, due) if call.monthly else m.world.new_id()
    if any(e.id == id for e in known):
        raise Refused("round_open", title=title)
    office = setting.settings.office_of(call.id)
    edition = Edition(id=id, call=call, title=title, opened_at=m.now, due=due, dates=dates, office=office)
    edition_rows.add(m.connection, edition)
    m.note("edition.opened", params={"edition": edition.id, "call": call.id})
    if command.next and last is not None:
        longer = {e.unit for e in m.extensions if (e.edition, e.level) == (last.id, "") and e.until > m.now}
        drafts.move_on(m.connection, last.id, edition.id, but=longer)
    return {"edition": edition.id, "title": title, "due": due}


def _round_id(call: str, due: datetime) -> int:
    """The same number in every process, so that two that open a round at once open one."""
    return int.from_bytes(hashlib.sha256(f"{call} {due.isoformat()}".encode()).digest()[:8], "big") >> 2


# ---------------------------------------------------------------- invites


def make_invite(m: Matter, command: MakeInvite) -> Mapping[str, Any]:
    """A link into a unit, which is made where it is missing."""
    path = path_of(m, command.unit)
    if command.role not in ROLES:
        raise Refused("bad_role", role=command.role)
    m.may("/".join(path), *((COORDINATOR, ADMINISTRATOR) if command.role == WRITER else (ADMINISTRATOR,)))
    uses = command.uses
    if command.role != WRITER:
        if uses not in (None, 1):
            raise Refused("not_open")
        uses = 1
    if uses is not None and not 1 <= uses <= 100_000:
        raise Refused("bad_uses")
    if not 1 <= command.days <= 3650:
        raise Refused("bad_days")
    made: list[str] = []
    unit = unit_of(m, path, made)
    return {**add_invite(m, unit, command.role, uses, command.days, command.note), "made": made}


def add_invite(
    m: Matter, unit: Unit, role: str, uses: int | None, days: int, note: str, replaces: int = 0
) -> Mapping[str, Any]:
    """The invite itself. `replaces`: whose role at this unit ends when it is redeemed."""
    id, where = m.world.new_id(), "/".join(unit.path)
    row = commands.InviteRow(
        id=id,
        unit=unit.id,
        role=role,
        uses=uses,
        expires_at=m.now + timedelta(days=days),
        issuer=m.actor.person,
        note=note,
        created_at=m.now,
        replaces=replaces,
    )
    commands.add_invite(m.connection, row)
    m.note("invite.made", unit=where, params={"invite": id, "role": role})
    link = make_link(m.setting.site_key, id, 0)
    return {"invite": id, "link": link, "unit": where, "role": role, "uses": uses, "until": row.expires_at}


def revoke_invite(m: Matter, command: RevokeInvite) -> Mapping[str, Any]:
    """Its links open nothing any more."""
    row = commands.invite(m.connection, command.invite)
    roles = (COORDINATOR, ADMINISTRATOR) if row is not None and row.role == WRITER else (ADMINISTRATOR,)
    if row is None or not m.allowed(row.unit, *roles):
        raise Refused("no_invite")
    commands.revoke(m.connection, command.invite)
    m.note("invite.revoked", unit=row.unit, params={"invite": command.invite})
    return {"invite": command.invite, "unit": row.unit, "role": row.role}


# ---------------------------------------------------------------- units


def add_units(m: Matter, command: AddUnits) -> Mapping[str, Any]:
    """Many at once, in a handful of statements."""
    named = {path_of(m, text): command.kinds.get(text) for text in command.paths}
    for path in named:
        m.may("/".join(path), ADMINISTRATOR)
    known = unit_rows.nodes(m.connection, m.root)
    whole = {path[:depth]: named.get(path[:depth]) for path in named for depth in range(1, len(path) + 1)}
    ids = {path: known[joined].id if (joined := "/".join(path)) in known else 0 for path in whole}
    new = [path for path in sorted(whole, key=len) if not ids[path]]
    ids |= dict(zip(new, m.world.new_ids(len(new)), strict=True))
    levels = levels_here(m)
    unit_rows.add(
        m.connection,
        [(ids[path], ids.get(path[:-1]), path, levels[len(path) - 1], whole[path] or "") for path in new],
    )
    old = {path: known["/".join(path)] for path in named if "/".join(path) in known}
    changed = {
        node.id: kind if (kind := named[path]) is not None else node.kind
        for path, node in old.items()
        if not node.confirmed or named[path] not in (None, node.kind)
    }
    unit_rows.settle(m.connection, changed)
    done = {"made": len(new), "confirmed": sum(not node.confirmed for node in old.values())}
    if new or changed:
        m.note("units.added", params=done)
    return {"units": len(named), **done}


def confirm_unit(m: Matter, command: ConfirmUnit) -> Mapping[str, Any]:
    """What a writer typed is the unit's name."""
    m.may(command.unit, COORDINATOR, ADMINISTRATOR)
    unit_rows.confirm(m.connection, m.unit_id(command.unit))
    m.note("unit.confirmed", unit=command.unit)
    return {"unit": command.unit}


def merge_unit(m: Matter, command: MergeUnit) -> Mapping[str, Any]:
    """What a writer typed is another unit's name, written differently."""
    m.may(command.unit, COORDINATOR, ADMINISTRATOR)
    m.may(command.into, COORDINATOR, ADMINISTRATOR)
    unit, into = m.unit_id(command.unit), m.unit_id(command.into)
    if unit == into or not unit_rows.is_loose(m.connection, unit):
        raise Refused("not_loose", unit=command.unit.rpartition("/")[2])
    unit_rows.merge(m.connection, unit, into)
    m.note("unit.merged", unit=command.into, params={"from": command.unit})
    return {"unit": command.into}


def path_of(m: Matter, text: str) -> tuple[str, ...]:
    """A path as somebody typed it. Refuses one that does not begin with the root, or goes too deep."""
    path = tuple(part.strip() for part in text.split("/")) if text.strip() else (m.root,)
    if path[0] != m.root or not all(path):
        raise Refused("bad_unit", root=m.root)
    if len(path) > len(levels_here(m)):
        raise Refused("too_deep", path=text)
    return path


def levels_here(m: Matter) -> tuple[str, ...]:
    """The levels from the root's down."""
    levels = level_names()
    return levels[levels.index(m.setting.settings.site.root_level) :]


def unit_of(m: Matter, path: tuple[str, ...], made: list[str]) -> Unit:
    """The node of a path; it and those above are made where they are missing, and added to `made`."""
    known = people.unit_at(m.connection, path)
    if known is not None:
        return known
    if len(path) > 1:
        unit_of(m, path[:-1], made)
    level = levels_here(m)[len(path) - 1]
    made.append("/".join(path))
    return people.make_unit(m.connection, m.world.new_id(), path, level, confirmed=True)
