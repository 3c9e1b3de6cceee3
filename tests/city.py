"""A city with two counties, its officers, and cases in any state: the world that the office's tests walk in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.acts import AddUnits, EnterCase, MarkOpened, OpenEdition, PassCases
from bot.app import House
from bot.config import load
from bot.doors import Acted, Refusal
from bot.world import World
from storage import commands
from tests.homes import Officer, officer

CITY, COUNTY, OTHER = "青川市", "青川市/云溪县", "青川市/白沙县"
VILLAGES = tuple(
    f"{COUNTY}/{town}/{village}" for town in ("石桥镇", "青溪镇") for village in ("槐树村", "龙井村", "白果村")
)
FAR = f"{OTHER}/大坪镇/高坎村"
CALL = """
id = "route"
title = "治理案例"
due = "12-15"
zone = "Asia/Shanghai"

[limit]
max = 3000

[[head]]
id = "title"
kind = "line"
label = "标题"
ask = "您想写哪件事？"
required = true

[[head]]
id = "category"
kind = "choice"
label = "类别"
ask = "哪一类？"
options = [{ id = "rules", label = "乡村治理" }, { id = "manners", label = "移风易俗" }]

[[section]]
id = "before"
heading = "案例背景"
[[section.question]]
id = "why"
ask = "为什么要做？"
required = true

[[section]]
id = "done"
heading = "主要做法"
[[section.question]]
id = "what"
ask = "做了什么？"
required = true

[[level]]
id = "county"
title = "县级"
due = "12-20"
quota = { total = 2, by_category = { manners = 1 } }

[[level]]
id = "city"
title = "市级"
due = "12-25"
quota = { total = 1 }

[[level]]
id = "province"
title = "省级"
due = "12-31"
"""
TEXT = """案例背景
村里有412户1586人，2023年纠纷57起。老人多，遇事找不到人。
主要做法
一是分片定人，全村划为6个片。片长王某某，电话13800006041。
二是按月议事，每月5日晚开院坝会。"""


class City:
    """The house with its officers: the city's, two counties', a township's, and one of the other county."""

    def __init__(self, house: House, edition: int) -> None:
        self.house = house
        self.edition = edition
        self.world: Any = house.world

    async def hire(self) -> None:
        """The officers, by their links."""
        self.city = await officer(self.house, "city", CITY, name="何川")
        self.boss = await officer(self.house, "boss", CITY, role="administrator", name="丁一")
        self.county = await officer(self.house, "county", COUNTY, name="周敏")
        self.town = await officer(self.house, "town", f"{COUNTY}/石桥镇", name="孙丽")
        self.other = await officer(self.house, "other", OTHER, name="吴江")

    async def act(self, who: Officer, command: object) -> dict[str, Any]:
        """A command that is carried out."""
        done = await self.house.doors.act(who.actor, command)
        assert isinstance(done, Acted), done
        return dict(done.result)

    async def refused(self, who: Officer, command: object) -> str:
        """A command that is refused: its sentence, which is one."""
        done = await self.house.doors.act(who.actor, command)
        assert isinstance(done, Refusal), done
        sentence = self.house.wording.say(done.key, **done.params)
        assert sentence.endswith(("。", "？")) and "{" not in sentence
        return done.key.removeprefix("office.")

    async def case(
        self, unit: str = VILLAGES[0], *, title: str = "片长进院坝", category: str = "rules", who: Officer | None = None
    ) -> int:
        """A case that came on paper."""
        command = EnterCase(
            edition=self.edition,
            unit=unit,
            name="李建国",
            title=title,
            text=TEXT,
            category=category,
            phone="13900002217",
        )
        entered = await self.act(who or (self.other if unit.startswith(OTHER) else self.county), command)
        return int(entered["case"])

    async def passed(self, *units: str, category: str = "rules") -> list[int]:
        """Cases that the county has read and found fit."""
        made = [await self.case(unit, title=f"案例{n}", category=category) for n, unit in enumerate(units)]
        for case in made:
            await self.act(self.county, MarkOpened(case=case))
        await self.act(self.county, PassCases(cases=tuple((case, 1) for case in made)))
        return made

    async def at(self, case: int) -> commands.CaseAt:
        """Where a case stands."""
        found = await self.house.readers.run(lambda c: commands.case(c, case))
        assert found is not None
        return found

    async def heard(self, conversation: int) -> list[str]:
        """What somebody has been told by now, oldest first."""
        while await self.house.wakes.ring_due():
            pass
        from storage.tables import messages

        rows = await self.house.readers.run(
            lambda c: c.execute(
                messages.select()
                .where(messages.c.conversation == conversation, messages.c.author == "bot")
                .order_by(messages.c.seq)
            ).all()
        )
        return [row.body["text"] for row in rows]


@asynccontextmanager
async def city(folder: Path, world: World, *, place: str = "") -> AsyncIterator[City]:
    """The city in a house of its own, with an open edition, its tree and its officers."""
    calls = folder / "calls"
    calls.mkdir(exist_ok=True)
    (calls / "route.toml").write_text(CALL, "utf-8")
    environ = {
        "ANLITONG_CALLS__FOLDER": str(calls),
        "ANLITONG_CALLS__OPEN": "[]",
        "ANLITONG_SITE__ROOT": CITY,
        "ANLITONG_SITE__ROOT_LEVEL": "市",
        **({"ANLITONG_DATABASE__URL": place} if "://" in place else {}),
    }
    async with House(load(data=str(folder / "data"), environ=environ), world=world, busy=False) as house:
        opened = await house.act(OpenEdition(call="route", first=True))
        assert isinstance(opened, Acted)
        if not opened.result:
            raise AssertionError("the city is there already")
        await house.act(AddUnits(paths=(*VILLAGES, FAR)))
        one = City(house, int(opened.result["edition"]))
        await one.hire()
        yield one
