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

import docx
import openpyxl
import pytest

from bot.engine.ids import b36
from storage import audit
from storage.editions import load
from tests.season import CALL, CITY, COUNTY, NAMES, TOWNS, Office, Writer, officer, season
from tests.telegram_house import Talk


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    """The city's house with its page and its Telegram."""
    async with season(tmp_path, CALL, CITY, "市") as talk:
        yield talk


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
    assert back["rank"] == down["rank"] or back["rank"] > 0, "the county's own place for it is kept"
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
