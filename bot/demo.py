"""The demonstration county: made in an empty data folder, so that the first start shows something to try."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.acts import ADMINISTRATOR, COORDINATOR, WRITER, AddUnits, MakeInvite
from bot.config import level_names
from bot.doors import Acted
from storage import commands
from storage.invites import make_link

if TYPE_CHECKING:
    from bot.app import House


class DemoLink(NamedTuple):
    """A demonstration invite: its role, a label for people, and the last part of its link."""

    role: str
    label: str
    link: str


async def open_demo(house: House) -> list[DemoLink]:
    """The demonstration's links, the county made first where nobody and no invite is here yet; [] elsewhere."""
    if await house.readers.run(commands.is_nobody_here):
        await _make(house)
    note = house.wording.say("cli.demo.note")
    found = await house.readers.run(lambda c: commands.invites_noted(c, note))
    return [
        DemoLink(at.role, house.wording.say(f"cli.demo.{at.role}"), make_link(house.site_key, id, at.n))
        for id, at in found
    ]


async def _make(house: House) -> None:
    site, levels = house.settings.site, level_names()
    below = len(levels) - 1 - levels.index(site.root_level)
    paths = [f"{site.root}/{path}" for path in house.wording.say("cli.demo.towns").split()]
    villages = [path for path in paths if below >= path.count("/")]
    await house.act(AddUnits(paths=tuple(villages)))
    note, village = house.wording.say("cli.demo.note"), villages[0] if villages else site.root
    for role, unit in ((WRITER, village), (COORDINATOR, site.root), (ADMINISTRATOR, site.root)):
        made = await house.act(MakeInvite(unit=unit, role=role, days=365, note=note))
        assert isinstance(made, Acted), made
