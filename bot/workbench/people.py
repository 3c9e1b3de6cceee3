"""Links, posts, dates and places of an office; and whom to remind, in words to be copied."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.acts import ADMINISTRATOR, COORDINATOR, WRITER
from bot.engine.definition import deadline
from bot.engine.ids import b36
from bot.engine.latekeys import shown
from bot.engine.messages import Moment
from bot.engine.route import stops
from bot.workbench.base import Sight
from bot.workbench.overview import label
from storage import commands, console_rows, latekeys, offices, workbench
from storage.console_rows import Choice
from storage.invites import make_link
from storage.workbench import LinkAt

MOST_UNITS = 5000
MOST_NUDGES = 500


def people(s: Sight) -> Mapping[str, Any]:
    """All that the screen of units and people shows."""
    call = s.edition.call if s.edition else None
    question = next((q for q in call.head if q.id == "category"), None) if call else None
    options = [{"id": o.id, "label": o.label} for o in question.options] if question else []
    keys = [{"id": f"category:{o['id']}", "label": o["label"]} for o in options]
    return {
        "units": [{"path": p, "set": _set(s, p)} for p in workbench.paths(s.connection, s.scope, MOST_UNITS)],
        "categories": options,
        "levels": [{"id": level.id, "label": level.title} for level in (call.levels if call else ())],
        "keys": [{"id": "", "label": s.say("quota.total")}, *keys],
        "invites": _invites(s),
        "people": _posts(s),
        "loose": _loose(s),
        **_grants(s),
    }


def _set(s: Sight, path: str) -> str:
    """The level at which a unit recommends, where the viewer may set its places and its date; "" elsewhere."""
    if s.edition is None or not s.from_above(path):
        return ""
    own = tuple(path.split("/"))
    way = stops(s.edition.call, own, s.tools.root, s.tools.levels)
    return next((stop.level for stop in way if stop.path == own), "")


def _invites(s: Sight) -> list[Mapping[str, Any]]:
    key = s.tools.site_key
    return [
        {
            "id": b36(i.id),
            "unit": s.short(i.unit),
            "role_text": s.say(f"role.{i.role}"),
            "state": _state(s, i),
            "link": make_link(key, i.id, i.n) if i.living(s.now) and _hands_out(s, i) else "",
        }
        for i in commands.invites_seen(s.connection, s.scope)
        if not i.revoked
    ]


def _hands_out(s: Sight, invite: commands.InviteSeen) -> bool:
    """Whether the viewer might have made the invite: the link to a post is for administrators alone."""
    return s.allowed(invite.unit, ADMINISTRATOR) or invite.role == WRITER


def _loose(s: Sight) -> list[Mapping[str, Any]]:
    """Units that a writer typed: each is confirmed, or is another one written differently."""
    found = workbench.loose(s.connection, s.scope)
    return [{"path": path, "unit": s.short(path), "names": list(names)} for path, names in found.items()]


def _posts(s: Sight) -> list[Mapping[str, Any]]:
    return [
        {
            "id": b36(person),
            "name": name or s.say("people.unnamed"),
            "unit": path.rpartition("/")[2],
            "path": path,
            "role": role,
            "roles": [s.say(f"role.{role}")],
            "until": s.say("people.until", until=s.moment(until)) if until else "",
            "can": _can(s, person, path, role, until is not None),
        }
        for person, name, path, role, until in workbench.officers(s.connection, s.scope, s.now)
    ]


def _can(s: Sight, person: int, path: str, role: str, stands_in: bool) -> Mapping[str, bool]:
    """What the viewer may do about somebody's post: nothing is offered that the office refuses."""
    administers, own = s.allowed(path, ADMINISTRATOR), person == s.visitor.person
    holds = s.allowed(path, COORDINATOR, ADMINISTRATOR)
    return {
        "hand_over": administers or own,
        "stand_in": holds and role == COORDINATOR and not stands_in,
        "dismiss": (administers or (stands_in and holds)) and not (own and role == ADMINISTRATOR),
    }


def _grants(s: Sight) -> Mapping[str, Any]:
    more, own = workbench.grants(s.connection, s.scope, s.edition.id) if s.edition else ([], [])
    extensions = []
    for path, level, until in more:
        title = s.level_title(level) if level else s.say("due.writer")
        text = s.say("people.extended", level=title, until=s.moment(until))
        can = s.from_above(path) if level else s.allowed(path, COORDINATOR, ADMINISTRATOR)
        unit = path.rpartition("/")[2]
        extensions.append({"path": path, "unit": unit, "level": level, "text": text, "can": can})
    quotas = []
    for path, level, which, most, used in own:
        what = label(s, which) or s.say("quota.total")
        text = s.say("people.quota", level=s.level_title(level), what=what, used=used, most=most)
        quotas.append({"unit": path.rpartition("/")[2], "text": text})
    return {"extensions": extensions, "quotas": quotas, "late_keys": _late_keys(s)}


def _late_keys(s: Sight) -> list[Mapping[str, Any]]:
    """The late keys that still count; the secret itself only for who might have made it."""
    rows: list[Mapping[str, Any]] = []
    if s.edition is None:
        return rows
    for key in latekeys.living(s.connection, s.scope, s.edition.id, s.now):
        can, unit, until = s.allowed(key.unit, COORDINATOR, ADMINISTRATOR), s.short(key.unit), s.moment(key.until)
        code = shown(latekeys.code(s.tools.site_key, key.id)) if can else ""
        text = s.say("late_key.state", left=key.left, uses=key.uses, until=until)
        words = s.say("late_key.words", title=s.edition.title, unit=unit, until=until, code=code) if can else ""
        rows.append({"id": b36(key.id), "unit": unit, "code": code, "text": text, "words": words})
    return rows


def _state(s: Sight, invite: commands.InviteSeen) -> str:
    if invite.personal:
        if not invite.person:
            return s.say("invite.fresh")
        return s.say("invite.used" if invite.came else "invite.bound", name=invite.name or "")
    return s.say("invite.open", came=invite.came)


# ---------------------------------------------------------------- 催交


def nudges(s: Sight, base: str) -> Mapping[str, Any]:
    """A text for each who has not handed in, with the link that is theirs; `base`: what links begin with."""
    edition = s.edition
    rows: list[Mapping[str, Any]] = []
    if edition is not None:
        links = workbench.links(s.connection, s.scope, s.now)
        personal = {link.person: link for link in links if link.person}
        contact = s.visitor.name or edition.office.contact

        def due(unit: int, back_by: datetime | None = None, person: int = 0) -> Moment:
            return s.moment(deadline(edition, "", unit, s.extensions, back_by=back_by, person=person))

        silent = {one.person for one in offices.silent(s.connection, s.scope, edition.id, MOST_NUDGES)}
        lost = {one.person for one in offices.unreached(s.connection, s.scope, edition.id, s.now, MOST_NUDGES)}
        for one in workbench.writing(s.connection, s.scope, edition.id, MOST_NUDGES):
            call = edition.call.in_track(one.track)
            link = personal.get(one.person) or _open(links, one.unit)
            left = max(0, len(call.sections) - one.done)
            key = "returned" if one.state == "returned" else ("left" if left else "ready")
            until = due(one.unit_id, one.back_by if one.state == "returned" else None, one.person)
            row = _row(s, key, base, one.unit, one.name, link, due=until, left=left, contact=contact)
            note = "lost" if one.person in lost else ("silent" if one.person in silent else "")
            rows.append({**row, "note": s.say(f"nudge.{note}") if note else ""})
        choice = Choice(edition=edition.id, queue="todo", own=s.own)
        units, _ = console_rows.unit_page(s.connection, s.scope, choice, [], MOST_NUDGES)
        for unit in units:
            rows.append(
                _row(s, "todo", base, unit.path, "", _open(links, unit.path), due=due(unit.id), contact=contact)
            )
    return {
        "title": s.say("nudge.label", count=len(rows)),
        "rows": rows,
        "all": "\n\n".join(str(row["text"]) for row in rows),
    }


def _open(links: list[LinkAt], unit: str) -> LinkAt | None:
    """An unused link of a unit, or the open one of it or of the nearest unit above it."""
    own = next((link for link in links if not link.person and not link.open and link.unit == unit), None)
    if own is not None:
        return own
    around = [link for link in links if link.open and (unit == link.unit or unit.startswith(f"{link.unit}/"))]
    return max(around, key=lambda link: len(link.unit), default=None)


def _row(s: Sight, key: str, base: str, unit: str, name: str, link: LinkAt | None, **params: Any) -> Mapping[str, Any]:
    where = s.short(unit)
    site_key = s.tools.site_key
    address = f"{base}/i/{make_link(site_key, link.id, link.n)}" if link else ""
    ending = s.say("nudge.link", link=address) if address else s.say("nudge.no_link")
    who = s.say("nudge.person", name=name) if name else s.say("nudge.unit", unit=where)
    assert s.edition is not None
    text = s.say(f"nudge.{key}", who=who, title=s.edition.title, ending=ending, **params)
    return {"unit": where, "name": name, "text": text, "link": bool(address), "note": ""}
