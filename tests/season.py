"""A season's people over HTTP and Telegram: officers at their workbench, cadres who write, return and mend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from bot.acts import MakeInvite
from bot.doors import Acted
from tests.pictures import jpeg
from tests.telegram_house import Steady, Talk, talking
from tests.walkers import OnTelegram, OnThePage

CITY, COUNTY = "青川市", "青川市/云溪县"
TOWNS = ("石桥镇", "青溪镇", "白沙镇", "大坪乡", "龙门镇", "马家乡")
NAMES = ("槐树村", "龙井村", "白果村", "高坎村", "桂花村")
PEOPLE = [a + b for a in "赵钱孙李周" for b in ("建国", "秀英", "明华", "玉兰", "大山", "春梅")]
CALL = """
id = "season"
title = "基层治理典型案例"
due = "08-15"
zone = "Asia/Shanghai"
layout = "gbt9704"

[limit]
max = 2500

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
ask = "属于哪一类？"
required = true
options = [{ id = "rules", label = "乡村治理" }, { id = "manners", label = "移风易俗" }]

[[section]]
id = "background"
heading = "案例背景"
[[section.question]]
id = "why"
ask = "以前最头疼的是什么？"
required = true

[[section]]
id = "practice"
heading = "主要做法"
[[section.question]]
id = "what"
ask = "具体怎么做的？"
required = true

[[section]]
id = "result"
heading = "工作成效"
[[section.question]]
id = "figures"
ask = "做了以后变了多少？"
required = true

[pictures]
ask = "请发一两张现场照片。"
min = 1
max = 5

[[declaration]]
id = "true"
ask = "我写的都是真的。"

[[level]]
id = "county"
title = "县级"
due = "08-30"
quota = { total = 10 }

[[level]]
id = "city"
title = "市级"
due = "09-15"
quota = { total = 4 }

[[level]]
id = "province"
title = "省级"
due = "09-30"

[names]
file = "{单位}-{标题}"
folder = "{序号}-{单位}-{标题}"
number = "{县}{年}-{号}"
"""
BACKGROUND = (
    "{village}有6个村民小组，412户1586人，外出务工620人。{year}年全村邻里纠纷{n}起，排水、地界、养狗的事占了一大半，"
    "老人多，遇事找不到人说。村民王某某的电话13800006041贴在墙上，半夜也有人打。"
)
PRACTICE = (
    "一是分片定人。全村划为6个片，每片选1名常年在家的片长。\n二是按月议事。每月5日晚上开院坝会，一户来一个人，"
    "先摆烦心事，再逐件商量，2025年共议{n}件，当场定下19件。\n三是结果上墙。办没办成、谁来办、哪天办完，都写在院坝的黑板上。"
)
RESULT = "2025年全村纠纷降到{n}起，19起当场说开。入户问了120户，满意的117户。群众都说好。"


class Office:
    """A coordinator's browser."""

    def __init__(self, page: str) -> None:
        self.client = httpx.AsyncClient(base_url=page, headers={"X-Anlitong": "1"}, trust_env=False, timeout=60)

    async def come(self, link: str, name: str) -> Office:
        """By the link, and tells who it is."""
        await self.client.get(f"/i/{link}")
        joined = await self.client.post("/api/join", json={"link": link, "intent": "", "cid": "c1234567890"})
        assert joined.json()["to"] == "/console", joined.text
        await self.act("profile", name=name)
        return self

    async def get(self, path: str = "", **params: Any) -> Any:
        """What a view shows."""
        answer = await self.client.get(f"/api/console{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def act(self, command: str, /, **fields: Any) -> Any:
        """What is done, and its notice."""
        answer = await self.client.post("/api/console/act", json={"do": command, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, command: str, /, **fields: Any) -> str:
        """The sentence with which it is refused."""
        answer = await self.client.post("/api/console/act", json={"do": command, **fields})
        assert answer.status_code == 409, answer.text
        return str(answer.json()["error"])

    async def rows(self, queue: str) -> list[Any]:
        """All rows of a queue, page by page."""
        found, after = [], ""
        while True:
            page = await self.get("/list", queue=queue, after=after)
            found += page["rows"]
            after = page["more"]
            if not after:
                return found

    async def counts(self) -> dict[str, int]:
        """How many there are in each queue."""
        return {queue["id"]: queue["count"] for queue in (await self.get())["queues"]}

    async def comment(self, case: str, section: int, quote: str, text: str, change: str | None = None) -> None:
        """A comment on a sentence of the last submission."""
        shown = await self.get(f"/case/{case}")
        one = shown["paper"]["sections"][section]
        block = next(b for b in one["blocks"] if quote in b["text"])
        start = block["text"].index(quote)
        about = {"section": one["id"], "block": block["id"], "start": start, "quote": quote}
        await self.act("comment", case=case, n=shown["n"], text=text, change=change, **about)


class Writer:
    """A cadre of a village, on the page or on Telegram."""

    def __init__(self, talk: Talk, n: int) -> None:
        self.n, self.village = n, NAMES[n % 5]
        self.title = f"{self.village}的院坝会"
        self.walker: Any = OnTelegram(talk, 2001 + n, PEOPLE[n]) if n % 5 == 4 else OnThePage(talk)

    async def write(self, link: str) -> None:
        """From the link to the number."""
        walker = self.walker
        await walker.join(link)
        for label, text in (("同意，开始", ""), ("", PEOPLE[self.n]), ("是的", ""), ("村党支部书记", ""), ("跳过", "")):
            await (walker.press(label) if label else walker.say(text))
        await walker.press("对")
        await walker.say(self.title)
        await walker.press("就用这个")
        await walker.press("移风易俗" if self.n % 3 == 2 else "乡村治理")
        await walker.press("从第1节开始")
        for text in (BACKGROUND, PRACTICE, RESULT):
            await walker.say(text.format(village=self.village, year=2024, n=40 + self.n))
            if "写完了" in walker.buttons:
                await walker.press("写完了")
        await walker.send(jpeg(1200 + self.n, 900), caption=f"{self.village}院坝会现场")
        if "都没有" in walker.buttons:
            await walker.press("都没有")
        if "发完了" in walker.buttons:
            await walker.press("发完了")
        await self.hand_in()

    async def hand_in(self) -> None:
        """提交, with the declaration."""
        walker = self.walker
        told = await walker.press("提交案例")
        assert "我写的都是真的" in told, told
        await walker.press("确认")
        told = await walker.press("提交")
        assert "已提交，编号" in told, told

    async def mend(self, *ways: str) -> None:
        """Through all comments: a button's label, or a text for [我自己写]; then again to the office."""
        walker = self.walker
        await walker.come_back()
        for n, way in enumerate(ways, 1):
            if n == 1:
                await walker.press("改第1处")
            if way in walker.buttons:
                await walker.press(way)
            else:
                await walker.press("我自己写")
                await walker.say(way)
        told = await walker.press("重新提交")
        assert "稿已提交" in told, told


async def officer(talk: Talk, unit: str, name: str, role: str = "coordinator") -> Office:
    """Somebody of the office, by a link of the command line's."""
    made = await talk.house.act(MakeInvite(unit=unit, role=role))
    assert isinstance(made, Acted)
    return await Office(talk.page).come(made.result["link"], name)


@asynccontextmanager
async def season(folder: Path, call: str, root: str, level: str, place: str = "") -> AsyncIterator[Talk]:
    """The house of a tree with this root, with its page and its Telegram and one open edition of a call."""
    calls = folder / "calls"
    calls.mkdir()
    (calls / "season.toml").write_text(call, "utf-8")
    more = {
        "ANLITONG_CALLS__FOLDER": str(calls),
        "ANLITONG_SITE__ROOT": root,
        "ANLITONG_SITE__ROOT_LEVEL": level,
        **({"ANLITONG_DATABASE__URL": place} if "://" in place else {}),
    }
    async with talking(folder, "ptb", calls=("season",), world=Steady(), page=True, more=more) as talk:
        yield talk
        assert talk.violations == [] and await talk.quarantined() == []
