"""Late keys (补交码): made for a unit whose people may still hand in, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.acts import ADMINISTRATOR, COORDINATOR, MakeLateKey, RevokeLateKey
from bot.engine.definition import LateKey, deadline
from bot.engine.latekeys import shown
from bot.office.closing import before_it_closes
from bot.office.matter import Matter, Refused
from storage import latekeys

MOST_USES = 50


def make_late_key(m: Matter, command: MakeLateKey) -> Mapping[str, Any]:
    """By whoever may grant the unit more time; the key ends after its date does, and before its cases are closed."""
    edition, path = m.edition(command.edition), m.unit_meant(command.unit)
    unit = m.unit_id(path)
    m.may(path, COORDINATOR, ADMINISTRATOR)
    if not 1 <= command.uses <= MOST_USES:
        raise Refused("bad_late_uses", most=MOST_USES)
    until, due = m.end_of(command.until, edition), deadline(edition, "", unit, m.extensions)
    if until <= due:
        raise Refused("no_longer", until=m.moment(due, edition))
    before_it_closes(m, edition, path, until)
    id = m.world.new_id()
    code = latekeys.code(m.setting.site_key, id)
    key = LateKey(id=id, code=code, edition=edition.id, unit=unit, left=command.uses, until=until)
    latekeys.add(m.connection, key, m.actor.person, m.now)
    m.note("late_key.made", unit=path, params={"edition": edition.id, "uses": command.uses})
    name = path.rpartition("/")[2]
    return {"key": id, "code": shown(code), "unit": name, "title": edition.title, "until": until}


def revoke_late_key(m: Matter, command: RevokeLateKey) -> Mapping[str, Any]:
    """By whoever may make one."""
    known = latekeys.whose(m.connection, command.key)
    if known is None or not m.sees(known[0]):
        raise Refused("no_late_key")
    path, edition = known
    m.may(path, COORDINATOR, ADMINISTRATOR)
    latekeys.revoke(m.connection, command.key)
    m.note("late_key.taken_back", unit=path, params={"edition": edition})
    return {"unit": path.rpartition("/")[2]}
