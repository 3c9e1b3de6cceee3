"""Files that the office lays beside a case: the sealed scan, the paper a case was entered from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.acts import DropEnclosure, Enclose
from bot.office.matter import Matter, Refused
from storage import commands, people
from storage import review as rows

KINDS = ("sealed", "source")
LONGEST_NAME = 200


def enclose(m: Matter, command: Enclose) -> Mapping[str, Any]:
    """By whoever has the case in hand, or had it at a level below."""
    row = m.case(command.case)
    if not any(m.holds("/".join(stop.path)) for stop in m.way(row, m.edition(row.edition))):
        raise Refused("not_yours", number=row.number, unit=row.holder.rpartition("/")[2])
    if command.kind not in KINDS or not command.name.strip():
        raise Refused("bad_file")
    id = m.world.new_id()
    own = {"id": id, "case": row.id, "n": row.n, "actor": m.actor.person, "at": m.now}
    name = command.name.strip()[:LONGEST_NAME]
    rows.enclose(m.connection, {**own, "kind": command.kind, "file": command.file, "name": name})
    people.keep(m.connection, [command.file])
    m.note_case("enclosure.added", row, enclosure=id, what=command.kind)
    return {"enclosure": id}


def drop_enclosure(m: Matter, command: DropEnclosure) -> Mapping[str, Any]:
    """By whoever might have added it."""
    found = rows.enclosure(m.connection, command.enclosure)
    row = commands.case(m.connection, found[0]) if found is not None else None
    if found is None or row is None or not m.sees(row.unit):
        raise Refused("no_comment_there")  # one out of sight like one that never was
    if not any(m.holds("/".join(stop.path)) for stop in m.way(row, m.edition(row.edition))):
        raise Refused("not_yours", number=row.number, unit=row.holder.rpartition("/")[2])
    rows.drop_enclosure(m.connection, command.enclosure)
    people.release(m.connection, [found[1]])
    m.note_case("enclosure.dropped", row, enclosure=command.enclosure)
    return {}
