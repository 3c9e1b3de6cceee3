"""Two cases on their way through four levels: returned, sent down, sent back to the start, extended, swapped.

The tree is a province's; what it recommends leaves the house for the ministry as a pack.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.acts import MakeInvite
from bot.doors import Acted
from storage import audit
from tests.season import CALL, Office, Writer, officer, season
from tests.telegram_house import Talk

PROVINCE, CITY = "川南省", "川南省/青川市"
COUNTY, BESIDE = f"{CITY}/云溪县", f"{CITY}/白沙县"
LEVELS = """
[[level]]
id = "county"
title = "县级"
due = "06-15"
quota = { total = 1 }

[[level]]
id = "city"
title = "市级"
due = "06-20"
quota = { total = 2 }

[[level]]
id = "province"
title = "省级"
due = "06-30"
quota = { total = 1 }

[[level]]
id = "ministry"
title = "部级"
due = "07-31"

[names]
"""


@pytest.fixture
async def talk(tmp_path: Path, place: str) -> AsyncIterator[Talk]:
    """The province's house, on both databases."""
    head, _, tail = CALL.partition("[[level]]")
    call = head.replace('due = "08-15"', 'due = "06-10"') + LEVELS.lstrip() + tail.partition("[names]\n")[2]
    async with season(tmp_path, call, PROVINCE, "省", place) as talk:
        yield talk


async def wrote(talk: Talk, n: int, unit: str) -> Writer:
    """A cadre of a village of a county, who has handed in."""
    writer = Writer(talk, n)
    made = await talk.house.act(MakeInvite(unit=f"{unit}/石桥镇/{writer.village}", uses=1))
    assert isinstance(made, Acted)
    await writer.write(made.result["link"])
    return writer


async def the(office: Office, queue: str) -> dict[str, Any]:
    """The one case in a queue."""
    (row,) = await office.rows(queue)
    return dict(row)


async def up(talk: Talk, office: Office) -> str:
    """Passes and recommends the one case that waits; what the writer hears comes with it."""
    row = await the(office, "mine")
    await office.act("pass", cases=[{"case": row["case"], "n": row["n"]}])
    done = await office.act("recommend", case=row["case"], n=row["n"], swap="", reason="")
    await talk.quiet()
    return str(done["notice"])


def used(overview: dict[str, Any]) -> tuple[int, int]:
    """How many places are used, of how many."""
    return overview["quota"]["used"], overview["quota"]["most"]


async def test_two_cases_through_four_levels(talk: Talk) -> None:
    """Each level sees what is its own to do, and no more; each move is told; the books hold."""
    mine, other = await wrote(talk, 0, COUNTY), await wrote(talk, 1, BESIDE)
    county, beside = await officer(talk, COUNTY, "周敏"), await officer(talk, BESIDE, "吴江")
    city, province = await officer(talk, CITY, "何川"), await officer(talk, PROVINCE, "秦岚")
    await returned_by_the_county(talk, county, mine)
    assert "市级" in await up(talk, county)
    assert "推荐到市级" in await mine.walker.read()
    assert used(await county.get()) == (1, 1)
    await sent_down(talk, county, city, mine)
    city = await handed_over(talk, city)
    await from_the_start(talk, county, city, mine)
    await up(talk, beside)
    await after_the_date(talk, city, province)
    await one_place(talk, province, mine, other)
    verdict = await talk.house.readers.run(audit.verify)
    assert verdict.broken == 0
    for office in (county, beside, city, province):
        await office.client.aclose()
    for writer in (mine, other):
        writer.walker.close()


async def returned_by_the_county(talk: Talk, county: Office, writer: Writer) -> None:
    """With a comment; the writer takes the proposal, and the case is back at the county's desk."""
    row = await the(county, "mine")
    await county.comment(row["case"], 0, "13800006041", "个人电话请去掉", "由村里公布")
    await county.act("return", case=row["case"], n=1, to="writer", route="direct", until="2026-06-08")
    await talk.quiet()
    assert "周敏同志看了您的《槐树村的院坝会》，有1处请您改，6月8日24时前交回" in await writer.walker.read()
    await writer.mend("就这么改")
    assert (await the(county, "again"))["n"] == 2


async def sent_down(talk: Talk, county: Office, city: Office, writer: Writer) -> None:
    """The city asks the county to look again: the place is free, the writer hears nothing, the county has it."""
    row = await the(city, "mine")
    sentence = await county.refused("pass", cases=[{"case": row["case"], "n": 2}])
    assert "青川市" in sentence
    assert "原因" in await city.refused("return", case=row["case"], n=2, to="below")
    await city.act("return", case=row["case"], n=2, to="below", reason="入户数字请核实")
    await talk.quiet()
    assert await city.rows("mine") == [] and used(await county.get()) == (0, 1)
    assert await writer.walker.read() == ""
    history = await county.get(f"/case/{row['case']}/history")
    told = {"who": "何川", "what": "退回下一级", "reason": "入户数字请核实"}
    assert history["rows"][0] | told == history["rows"][0]
    below = await county.get(f"/case/{row['case']}")
    assert below["sent_down"]["text"] == "入户数字请核实" and "青川市何川退回给本级" in below["sent_down"]["title"]
    assert await county.rows("again") == [], "nobody has changed it"
    await up(talk, county)
    assert (await city.get(f"/case/{row['case']}"))["sent_down"] is None
    assert used(await county.get()) == (1, 1)
    await writer.walker.read()


async def handed_over(talk: Talk, city: Office) -> Office:
    """何川 leaves; 江雪 opens the link, and from that moment 何川's browser finds nothing."""
    row = await the(city, "mine")
    me = (await city.get())["me"]["person"]
    made = await city.act("hand_over", person=me, unit=CITY)
    next_ = await Office(talk.page).come(made["link"], "江雪")
    gone = await city.client.get(f"/api/console/case/{row['case']}")
    assert gone.status_code == 404
    await city.client.aclose()
    assert (await the(next_, "mine"))["case"] == row["case"]
    return next_


async def from_the_start(talk: Talk, county: Office, city: Office, writer: Writer) -> None:
    """退回重审 by the city: after the writer has mended, the county decides first, and its place was free meanwhile."""
    row = await the(city, "mine")
    await city.comment(row["case"], 1, "每月5日晚上", "是每月都开吗？", "每月5日晚上，一次不落地")
    await city.act("return", case=row["case"], n=2, to="writer", route="again", until="2026-06-12")
    await talk.quiet()
    assert "江雪同志看了您的" in await writer.walker.read()
    assert used(await county.get()) == (0, 1)
    await writer.mend("就这么改")
    assert await city.rows("mine") == []
    back = await the(county, "again")
    assert back["n"] == 3
    shown = await county.get(f"/case/{back['case']}")
    assert [c["answer"] for c in shown["comments"]] == ["changed"]
    await up(talk, county)
    assert (await the(city, "mine"))["n"] == 3


async def after_the_date(talk: Talk, city: Office, province: Office) -> None:
    """The city's date passes; nothing goes up until the province gives it more time, and then both go."""
    rows = await city.rows("mine")
    assert len(rows) == 2
    await city.act("pass", cases=[{"case": row["case"], "n": row["n"]} for row in rows])
    talk.world.at = datetime(2026, 6, 21, 2, 0, tzinfo=UTC)  # type: ignore[union-attr]
    first, second = await city.rows("passed")
    again = {"swap": "", "reason": ""}
    assert "已截止" in await city.refused("recommend", case=first["case"], n=first["n"], **again)
    assert not (await city.get(f"/case/{first['case']}"))["can"]["recommend"]
    edition = (await province.get())["edition"]
    more = {"edition": edition, "level": "city", "unit": CITY, "until": "2026-06-25"}
    assert (await city.client.post("/api/console/act", json={"do": "extend", **more})).status_code == 409
    await province.act("extend", **more)
    assert "6月25日" in (await city.get())["level_due"]["text"]
    await city.act("recommend", case=first["case"], n=first["n"], **again)
    done = await city.act("recommend", case=second["case"], n=second["n"], **again)
    assert done["left"] == 0
    await talk.quiet()


async def one_place(talk: Talk, province: Office, mine: Writer, other: Writer) -> None:
    """Two for one place: the second is refused, then takes the first's with a reason; the pack has it alone."""
    rows = await province.rows("mine")
    await province.act("pass", cases=[{"case": row["case"], "n": row["n"]} for row in rows])
    edition = (await province.get())["edition"]
    order = sorted(rows, key=lambda row: row["title"] != other.title)
    await province.act("rank", edition=edition, cases=[row["case"] for row in order])
    best, second = await province.rows("passed")
    assert (best["title"], best["rank"], second["rank"]) == (other.title, 1, 2)
    await province.act("recommend", case=best["case"], n=best["n"], swap="", reason="")
    full = {"case": second["case"], "n": second["n"]}
    assert "已用1个，共1个" in await province.refused("recommend", **full, swap="", reason="")
    assert "原因" in await province.refused("recommend", **full, swap=best["case"], reason="")
    await province.act("recommend", **full, swap=best["case"], reason="更有代表性")
    await province.act("not_recommend", case=best["case"], n=best["n"], reason="名额只有一个，明年请再报")
    await talk.quiet()
    assert used(await province.get()) == (1, 1)
    assert "推荐到部级" in await mine.walker.read()
    assert "没有列入推荐名单，原因：名额只有一个，明年请再报" in await other.walker.read()
    packed = await province.client.get("/api/console/pack", params={"state": "own"})
    names = zipfile.ZipFile(io.BytesIO(packed.content)).namelist()
    assert [name for name in names if name.endswith(".docx")] == [
        "省级推荐/乡村治理/01-川南省青川市云溪县石桥镇槐树村-槐树村的院坝会/川南省青川市云溪县石桥镇槐树村-槐树村的院坝会.docx"
    ]
