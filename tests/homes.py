"""Whole houses in temporary folders, for the tests of everything around the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bot.acts import MakeInvite, NameMyself
from bot.app import House
from bot.channel import Address, Update
from bot.config import load
from bot.doors import Acted, Actor, Visitor
from bot.engine.messages import Incoming, Knock
from bot.world import World

VILLAGE = "云溪县/石桥镇/槐树村"
SHORT_CALL = """
id = "short"
title = "短案例"
due = "12-15"
zone = "Asia/Shanghai"

[limit]
max = 500

[[head]]
id = "title"
kind = "line"
label = "标题"
ask = "您想写哪件事？"
required = true

[[section]]
id = "done"
heading = "主要做法"
[[section.question]]
id = "what"
ask = "做了什么？"
required = true

[pictures]
ask = "请发现场照片。"
min = 1
max = 3

[[declaration]]
id = "true"
ask = "我写的都是真的。"
"""


class Clock(World):
    """A clock that a test moves."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)) -> None:
        self.at = now

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.at

    def forward(self, **by: float) -> None:
        """Moves it, as timedelta counts."""
        self.at += timedelta(**by)


def environment(folder: Path) -> Mapping[str, str]:
    """Settings for a house with the short call alone."""
    calls = folder / "calls"
    calls.mkdir(exist_ok=True)
    (calls / "short.toml").write_text(SHORT_CALL, "utf-8")
    return {"ANLITONG_CALLS__FOLDER": str(calls), "ANLITONG_CALLS__OPEN": '["short"]'}


@asynccontextmanager
async def home(folder: Path, *, world: World | None = None, busy: bool = True, place: str = "") -> AsyncIterator[House]:
    """An open house whose data lie in `folder`/data; `place`: its PostgreSQL database, if it has one."""
    database = {"ANLITONG_DATABASE__URL": place} if "://" in place else {}
    settings = load(data=str(folder / "data"), environ={**environment(folder), **database})
    async with House(settings, world=world, busy=busy) as house:
        yield house


async def tell(house: House, address: Address, incoming: Incoming, ref: str = "") -> None:
    """One thing said, under a fresh ref unless one is given."""
    ref = ref or str(World().new_id())
    await house.take([Update(address=address, ref=ref, incoming=incoming, digest=ref)])


async def writer(house: House, external: str, unit: str = VILLAGE) -> tuple[Address, Visitor]:
    """Somebody who came by an open invite."""
    made = await house.act(MakeInvite(unit=unit))
    assert isinstance(made, Acted)
    address = Address(channel="terminal", external=external)
    await tell(house, address, Knock(at=house.world.now(), link=made.result["link"], intent="new"))
    visitor = await house.look.visitor(address)
    assert visitor is not None
    return address, visitor


class Officer(NamedTuple):
    """Somebody who oversees a unit: their address, who they are, and how they command."""

    address: Address
    visitor: Visitor
    actor: Actor


async def officer(house: House, external: str, unit: str, *, role: str = "coordinator", name: str = "") -> Officer:
    """Somebody who came by a personal invite of the office."""
    made = await house.act(MakeInvite(unit=unit, role=role))
    assert isinstance(made, Acted)
    address = Address(channel="page", external=external)
    await tell(house, address, Knock(at=house.world.now(), link=made.result["link"], intent="new"))
    visitor = await house.look.visitor(address)
    assert visitor is not None
    actor = Actor(person=visitor.person)
    if name:
        assert isinstance(await house.doors.act(actor, NameMyself(name=name)), Acted)
    return Officer(address, visitor, actor)
