"""Links for those who have none, so that whoever is reminded can go on at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.acts import WRITER, LinkAll
from bot.doors import Scope
from bot.office.matter import Matter, Refused
from storage import commands, console_rows, people, workbench
from storage.console_rows import Choice

MOST = 500  # links in one command
DAYS = 90


def link_all(m: Matter, command: LinkAll) -> Mapping[str, Any]:
    """For writers their own, bound to them; for units where nobody has begun one for whoever comes first."""
    edition = m.edition(command.edition)
    if not m.posts:
        raise Refused("denied")
    scope = Scope(person=m.actor.person, units=tuple(dict.fromkeys(post.path for post in m.posts)))
    known = workbench.links(m.connection, scope, m.now)
    bound = {link.person for link in known if link.person}
    free = {link.unit for link in known if not link.person}
    made = 0
    for one in workbench.writing(m.connection, scope, edition.id, MOST):
        if one.person not in bound and made < MOST:
            add_bound(m, one.person, one.unit)
            made += 1
    choice = Choice(edition=edition.id, queue="todo", own=tuple(post.unit for post in m.posts))
    units, _ = console_rows.unit_page(m.connection, scope, choice, [], MOST)
    for unit in units:
        if unit.path not in free and made < MOST:
            _add(m, unit.id)
            made += 1
    m.note("invites.made", unit=scope.units[0], params={"count": made})
    return {"made": made}


def add_bound(m: Matter, person: int, unit: str) -> None:
    """A personal link that is somebody's already: by it they go on where they stand."""
    node = people.unit_at(m.connection, tuple(unit.split("/")))
    if node is not None:
        _add(m, node.id, person)


def _add(m: Matter, unit: int, person: int = 0) -> None:
    row = commands.InviteRow(
        id=m.world.new_id(),
        unit=unit,
        role=WRITER,
        uses=1,
        expires_at=m.now + timedelta(days=DAYS),
        issuer=m.actor.person,
        note="",
        created_at=m.now,
    )
    commands.add_invite(m.connection, row, person=person)
