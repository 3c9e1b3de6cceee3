"""One county's season, from the sheet with its villages to the city's pack: by page, workbench and Telegram.

Six townships and thirty villages; writers on phones and on Telegram, two rounds of return, ranks and places.
"""

from __future__ import annotations

import asyncio
import csv
import io
import os
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import docx
import httpx
import openpyxl
import pytest

from bot.acts import MakeInvite
from bot.doors import Acted
from bot.engine.ids import b36
from storage import audit
from storage.editions import load
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


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    """The city's house with its page and its Telegram."""
    calls = tmp_path / "calls"
    calls.mkdir()
    (calls / "season.toml").write_text(CALL, "utf-8")
    more = {
        "ANLITONG_CALLS__FOLDER": str(calls),
        "ANLITONG_SITE__ROOT": CITY,
        "ANLITONG_SITE__ROOT_LEVEL": "市",
    }
    async with talking(tmp_path, "ptb", calls=("season",), world=Steady(), page=True, more=more) as talk:
        yield talk
        assert talk.violations == [] and await talk.quarantined() == []


async def officer(talk: Talk, unit: str, name: str, role: str = "coordinator") -> Office:
    """Somebody of the office, by a link of the command line's."""
    made = await talk.house.act(MakeInvite(unit=unit, role=role))
    assert isinstance(made, Acted)
    return await Office(talk.page).come(made.result["link"], name)


async def import_sheet(talk: Talk, folder: Path) -> None:
    """The county's sheet, as the command takes it, into the house's folder."""
    file = folder / "云溪县单位.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        rows = [("云溪县", town, village) for town in TOWNS for village in NAMES]
        csv.writer(out).writerows([("县（市、区）", "乡镇（街道）", "村（社区）"), *rows])
    environ = {
        **os.environ,
        "ANLITONG_CALLS__FOLDER": str(folder / "calls"),
        "ANLITONG_SITE__ROOT": CITY,
        "ANLITONG_SITE__ROOT_LEVEL": "市",
    }
    command = (sys.executable, "-m", "bot", "units", "import", str(file), "--data", str(folder / "data"))
    run = await asyncio.create_subprocess_exec(*command, env=environ, stdout=-1, stderr=-1)
    out_, err = await run.communicate()
    assert run.returncode == 0, err.decode()
    assert "30" in out_.decode() or "37" in out_.decode(), out_.decode()


async def test_a_season(talk: Talk, tmp_path: Path) -> None:
    """Every step by the way a person would take it; the numbers at each step; the pack at the end."""
    await import_sheet(talk, tmp_path)
    county, city = await officer(talk, COUNTY, "周敏"), await officer(talk, CITY, "何川")
    assert (await county.counts())["todo"] == 30
    edition = next(iter(await talk.house.readers.run(lambda c: load(c, talk.house.calls))))
    assert (await county.act("links", edition=b36(edition)))["notice"] == "给30个单位和人发了链接。"
    texts = (await county.get("/nudge"))["rows"]
    links = {row["unit"]: row["text"].partition("/i/")[2].partition("。")[0] for row in texts}
    writers = [Writer(talk, n) for n in range(30)]
    for n, writer in enumerate(writers):
        await writer.write(links[f"{TOWNS[n // 5]}{NAMES[n % 5]}"])
    assert (await county.counts()) | {"mine": 30, "todo": 0, "all": 30} == await county.counts()
    await two_returns(talk, county, writers)
    await choose(county)
    await above(talk, county, city)
    await look_into(city, writers)
    for writer in writers:
        writer.walker.close()
    for office in (county, city):
        await office.client.aclose()
    verdict = await talk.house.readers.run(audit.verify)
    assert verdict.broken == 0 and verdict.links > 200


async def two_returns(talk: Talk, county: Office, writers: list[Writer]) -> None:
    """Ten come back with two comments each, three of those once more; each time they are the first of the queue."""
    cases = {row["unit"]: row["case"] for row in await county.rows("mine")}
    assert len(cases) == 30
    for n in range(10):
        case = cases[f"{TOWNS[n // 5]}{NAMES[n % 5]}"]
        await county.act("open", case=case)
        await county.comment(case, 0, "13800006041", "个人电话请去掉", "由村里公布")
        await county.comment(case, 2, "群众都说好。", "这句太空，请写一件事")
        await county.act("return", case=case, n=1, to="writer", route="direct", until="2026-06-20")
    assert (await county.counts())["returned"] == 10
    await talk.quiet()
    for n in range(10):
        await writers[n].mend("就这么改", "三组的老陈说，院坝会上讲开了，比上法院强。")
    assert (await county.counts())["again"] == 10
    first = (await county.rows("mine"))[:10]
    assert all("改后重交" in [tag["text"] for tag in row["tags"]] for row in first)
    for n in range(3):
        case = cases[f"{TOWNS[n // 5]}{NAMES[n % 5]}"]
        shown = await county.get(f"/case/{case}")
        assert shown["n"] == 2 and shown["marks"]
        assert {c["answer"] for c in shown["comments"]} == {"changed"}
        await county.comment(case, 1, "2025年共议", "是不是只算到11月？")
        await county.act("return", case=case, n=2, to="writer", route="direct", until="2026-06-25")
    await talk.quiet()
    for n in range(3):
        await writers[n].mend("到11月为止，2025年共议")
    assert (await county.counts()) | {"mine": 30, "returned": 0, "again": 10} == await county.counts()


async def choose(county: Office) -> None:
    """All are passed together, ranked, ten recommended; the eleventh finds no place; the others hear why."""
    rows = await county.rows("mine")
    done = await county.act("pass", cases=[{"case": row["case"], "n": row["n"]} for row in rows])
    assert len(done["done"]) == 30 and done["lost"] == []
    passed = await county.rows("passed")
    edition = (await county.get())["edition"]
    await county.act("rank", edition=edition, cases=[row["case"] for row in passed])
    ranked = await county.rows("passed")
    assert [row["rank"] for row in ranked] == list(range(1, 31))
    for row in ranked[:10]:
        done = await county.act("recommend", case=row["case"], n=row["n"], swap="", reason="")
    assert done["left"] == 0 and "名额" in done["notice"]
    sentence = await county.refused("recommend", case=ranked[10]["case"], n=ranked[10]["n"], swap="", reason="")
    assert "已用10个，共10个" in sentence
    swapped = {"swap": ranked[9]["case"], "reason": "数字更扎实"}
    await county.act("recommend", case=ranked[10]["case"], n=ranked[10]["n"], **swapped)
    for row in await county.rows("passed"):
        await county.act("not_recommend", case=row["case"], n=row["n"], reason="今年名额少，写得扎实，明年请再报")
    assert (await county.counts()) | {"passed": 0, "up": 10, "not": 20} == await county.counts()


async def above(talk: Talk, county: Office, city: Office) -> None:
    """The city passes, sends one down and gets it again, and recommends four."""
    rows = await city.rows("mine")
    assert len(rows) == 10
    down = rows[0]
    await city.act("open", case=down["case"])
    await city.act("return", case=down["case"], n=down["n"], to="below", reason="请县里核实入户数字")
    await talk.quiet()
    (back,) = await county.rows("mine")
    await county.act("pass", cases=[{"case": back["case"], "n": back["n"]}])
    await county.act("recommend", case=back["case"], n=back["n"], swap="", reason="")
    rows = await city.rows("mine")
    assert len(rows) == 10
    await city.act("pass", cases=[{"case": row["case"], "n": row["n"]} for row in rows])
    passed = await city.rows("passed")
    for row in passed[:4]:
        done = await city.act("recommend", case=row["case"], n=row["n"], swap="", reason="")
    assert done["left"] == 0
    assert "已用4个，共4个" in (await city.get())["quota"]["text"]
    await talk.quiet()


async def look_into(city: Office, writers: list[Writer]) -> None:
    """The pack: four Word files that say what was handed in last, the pictures, and the sheets."""
    packed = await city.client.get("/api/console/pack", params={"state": "own"})
    inside = zipfile.ZipFile(io.BytesIO(packed.content))
    assert inside.testzip() is None
    words = [name for name in inside.namelist() if name.endswith(".docx")]
    assert len(words) == 4
    for name in words:
        text = "\n".join(p.text for p in docx.Document(io.BytesIO(inside.read(name))).paragraphs)
        assert "一、案例背景" in text and "院坝会现场" in text
        writer = next(w for w in writers if w.title in text and w.village in name)
        assert writer.title in text
    assert len([name for name in inside.namelist() if name.endswith(".jpg")]) == 4
    sheet = next(name for name in inside.namelist() if "汇总表" in name)
    book = openpyxl.load_workbook(io.BytesIO(inside.read(sheet)))
    cells = [[cell.value for cell in row] for row in book.active.iter_rows()]  # type: ignore[union-attr]
    told = "\n".join(str(value) for row in cells for value in row if value is not None)
    assert all(name in told for name in ("石桥镇", "字数", "云溪26-"))
