"""The workbench over HTTP: what is shown, what is done, and for whom it is not there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.acts import AddComment, Dismiss, DropComment, Extend, MakeInvite, PassCases, Recommend, ReturnCase
from bot.doors import Acted, Scope
from bot.engine.ids import b36
from handlers.web.app import make_app
from storage import console_squares, people
from tests.city import CITY, COUNTY, FAR, VILLAGES, City, city
from tests.homes import Clock, officer

HEADERS = {"X-Anlitong": "1"}


class Desk:
    """Somebody's browser."""

    def __init__(self, town: City) -> None:
        app = make_app(town.house.doors, town.house.web_settings(), town.house.wording, town.world)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk", headers=HEADERS)

    async def come(self, link: str) -> Desk:
        """By a link, as a page does it."""
        await self.client.get(f"/i/{link}")
        joined = await self.client.post("/api/join", json={"link": link, "intent": "", "cid": "c1234567890"})
        assert joined.json()["ok"], joined.text
        return self

    async def get(self, path: str = "", **params: Any) -> Any:
        """What a view shows."""
        answer = await self.client.get(f"/api/console{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def act(self, name: str, /, **fields: Any) -> httpx.Response:
        """A command."""
        return await self.client.post("/api/console/act", json={"do": name, **fields})


@pytest.fixture
async def town(tmp_path: Path, place: str) -> AsyncIterator[City]:
    """The city on both databases."""
    async with city(tmp_path, Clock(), place=place) as one:
        yield one


async def desk(town: City, unit: str = COUNTY, role: str = "coordinator") -> Desk:
    """A browser of a new officer."""
    made = await town.house.act(MakeInvite(unit=unit, role=role, uses=1))
    assert isinstance(made, Acted)
    return await Desk(town).come(made.result["link"])


async def test_queues_squares_and_list(town: City) -> None:
    """One waiting, one returned, one passed: each where it belongs, and everything in all."""
    waiting, returned, passed = [await town.case(unit, title=f"第{n}篇") for n, unit in enumerate(VILLAGES[:3])]
    await town.act(town.county, ReturnCase(case=returned, n=1, reason="改"))
    await town.act(town.county, PassCases(cases=((passed, 1),)))
    at = await desk(town)
    told = await at.get()
    counts = {q["id"]: q["count"] for q in told["queues"]}
    assert counts == {
        **{"mine": 1, "again": 0, "returned": 1, "writing": 0, "todo": 3, "passed": 1, "up": 0, "not": 0, "all": 6}
    }
    squares = {t["name"]: "".join(s["s"] for s in t["squares"]) for t in told["towns"]}
    assert squares == {"石桥镇": "pwr", "青溪镇": "nnn"}
    assert told["quota"]["text"] == "已用0个，共2个，还剩2个名额，移风易俗已用0个，共1个，1份待定，还有28天截止"
    for queue, ids in {"mine": [waiting], "returned": [returned], "passed": [passed]}.items():
        page = await at.get("/list", queue=queue)
        assert [row["case"] for row in page["rows"]] == [b36(id) for id in ids], queue
    every = await at.get("/list", queue="all")
    assert [row["kind"] for row in every["rows"]] == ["case"] * 3 + ["unit"] * 3
    found = await at.get("/list", q="第1篇")
    assert [row["case"] for row in found["rows"]] == [b36(returned)] and "第1篇" in found["title"]


async def test_a_case_is_read_commented_and_returned(town: City) -> None:
    """The paper, a comment tied to a sentence, the return; then it is in the other queue, and the history tells it."""
    case = await town.case()
    at = await desk(town)
    shown = await at.get(f"/case/{b36(case)}")
    assert shown["can"]["open"] and shown["can"]["pass"] and not shown["can"]["recommend"]
    assert [s["heading"] for s in shown["paper"]["sections"]] == ["一、案例背景", "二、主要做法"]
    assert "2217" not in shown["head"] and shown["phone"] == "13900002217"
    block = shown["paper"]["sections"][0]["blocks"][0]
    start = block["text"].index("57起")
    about = {"section": "before", "question": "", "block": block["id"], "start": start, "quote": "57起"}
    made = await at.act("comment", case=b36(case), n=1, text="请核对", change="58起", **about)
    assert made.status_code == 200 and made.json()["notice"]
    shown = await at.get(f"/case/{b36(case)}")
    (comment,) = shown["comments"]
    assert (comment["quote"], comment["change"], comment["sent"], comment["i"]) == ("57起", "58起", False, 1)
    route = shown["return"]["routes"][0]["id"]
    done = await at.act(
        "return", case=b36(case), n=1, to="writer", route=route, until=shown["return"]["until"], reason=""
    )
    assert done.json()["ok"]
    assert (await at.get("/list", queue="mine"))["rows"] == []
    told = await at.get(f"/case/{b36(case)}/history")
    assert [row["what"] for row in told["rows"]] == ["退回修改", "写意见", "代录"]
    again = await at.act("return", case=b36(case), n=1, reason="再改")
    assert again.status_code == 409 and again.json()["error"].endswith("。")


async def test_the_difference_and_what_is_new(town: City) -> None:
    """A slip put right is the one change, marked in the paper and shown between the two."""
    case = await town.case()
    at = await desk(town)
    shown = await at.get(f"/case/{b36(case)}")
    block = shown["paper"]["sections"][0]["blocks"][0]
    start = block["text"].index("57起")
    fixed = {"block": block["id"], "start": start, "quote": "57起", "to": "共158起"}
    assert (await at.act("correct", case=b36(case), n=1, **fixed)).json()["n"] == 2
    shown = await at.get(f"/case/{b36(case)}")
    (mark,) = shown["marks"]
    text = shown["paper"]["sections"][0]["blocks"][0]["text"]
    assert text[mark["start"] : mark["end"]] == "共158起"
    compared = await at.get(f"/case/{b36(case)}/compare", **{"from": 1, "to": 2})
    row = compared["sections"][0]["rows"][0]
    assert "".join(t for k, t in row["ops"] if k != "+") == block["text"]
    assert "".join(t for k, t in row["ops"] if k != "-") == text and "1处" in compared["summary"]


async def test_places_run_out_and_are_swapped(town: City) -> None:
    """Recommended until full; the refusal names the numbers; with a swap and a reason it goes."""
    a, b, c = await town.passed(*VILLAGES[:3])
    at = await desk(town)
    for case in (a, b):
        assert (await at.act("recommend", case=b36(case), n=1, swap="", reason="")).json()["ok"]
    full = await at.act("recommend", case=b36(c), n=1, swap="", reason="")
    assert full.status_code == 409 and "已用2个，共2个" in full.json()["error"]
    assert (await at.act("recommend", case=b36(c), n=1, swap=b36(a), reason="更典型")).json()["ok"]
    assert [row["case"] for row in (await at.get("/list", queue="passed"))["rows"]] == [b36(a)]
    assert {row["case"] for row in (await at.get("/list", queue="up"))["rows"]} == {b36(b), b36(c)}
    lines = (await at.get(f"/case/{b36(a)}/history"))["rows"]
    assert lines[0] | {"what": "换下推荐", "reason": "更典型"} == lines[0]


async def test_the_pack_the_word_file_and_the_texts(town: City) -> None:
    """One button each: a zip, a Word file, texts to copy; nothing to pack is one sentence."""
    at = await desk(town)
    none = await at.client.get("/api/console/pack")
    assert none.status_code == 404 and none.json()["error"].endswith("。")
    (case,) = await town.passed(VILLAGES[0])
    await town.act(town.county, Recommend(case=case, n=1))
    packed = await at.client.get("/api/console/pack", params={"state": "recommended"})
    assert packed.content[:2] == b"PK" and "zip" in packed.headers["content-type"]
    word = await at.client.get(f"/api/console/case/{b36(case)}/word")
    assert word.content[:2] == b"PK" and "filename*=UTF-8''" in word.headers["content-disposition"]
    texts = await at.get("/nudge")
    assert len(texts["rows"]) == 5 and all("12月15日" in row["text"] for row in texts["rows"])
    assert not any(row["link"] for row in texts["rows"])
    made = await at.act("links", edition=b36(town.edition))
    assert made.json()["notice"] == "给5个单位和人发了链接。"
    texts = await at.get("/nudge")
    links = [row["text"].partition("http://desk/i/")[2].partition("。")[0] for row in texts["rows"]]
    assert len(set(links)) == 5 and (await town.house.look.invite(links[0])).trouble == ""
    assert (await at.act("links", edition=b36(town.edition))).json()["notice"].startswith("给0个")


async def test_who_oversees_nothing_finds_nothing(town: City) -> None:
    """A writer, and whoever was dismissed a moment ago."""
    case = await town.case()
    plain = await desk(town, VILLAGES[0], "writer")
    for path in ("", "/list", f"/case/{b36(case)}", "/people", "/live", "/nudge"):
        assert (await plain.client.get(f"/api/console{path}")).status_code == 404
    assert (await plain.act("pass", cases=[{"case": b36(case), "n": 1}])).status_code == 404
    made = await officer(town.house, "x", COUNTY, name="周")
    await town.act(town.boss, Dismiss(person=made.visitor.person, role="coordinator", unit=COUNTY))
    now = await town.house.look.visitor(made.address)
    assert now is not None and now.posts == ()


async def test_a_form_that_does_not_fit_is_refused(town: City) -> None:
    """Unknown commands, wrong types, ids that are none, lists too long: 400 and one sentence."""
    at = await desk(town)
    for fields in (
        {"do": "nothing"},
        {"do": "open", "case": 7},
        {"do": "open", "case": "../x"},
        {"do": "pass", "cases": "x"},
        {"do": "pass", "cases": [{"case": "1", "n": 1}] * 501},
        {"do": "return", "case": "1", "n": "x"},
        {"do": "return", "case": "1", "n": 1, "until": "soon"},
        {"do": "comment", "case": "1", "n": 1, "text": ["x"]},
    ):
        answer = await at.client.post("/api/console/act", json=fields)
        assert answer.status_code == 400 and answer.json()["error"].endswith("。"), fields
    for query in ({"queue": "none"}, {"sort": "none"}, {"after": "%%%"}, {"after": "W10"}):
        assert (await at.client.get("/api/console/list", params=query)).status_code == 400


async def test_the_link_to_a_post_is_shown_to_administrators_alone(town: City) -> None:
    """A coordinator sees that there is an invite, and not the link by which they would become an administrator."""
    made = await town.house.act(MakeInvite(unit=COUNTY, role="administrator"))
    assert isinstance(made, Acted)
    coordinator, administrator = await desk(town), await desk(town, COUNTY, "administrator")
    shown = [invite["link"] for invite in (await coordinator.get("/people"))["invites"]]
    assert made.result["link"] not in shown
    assert made.result["link"] in [invite["link"] for invite in (await administrator.get("/people"))["invites"]]


async def test_a_text_to_be_copied_names_the_day_that_counts_for_its_reader(town: City) -> None:
    """Who was given more time is not told the others' date."""
    more = Extend(edition=town.edition, unit=VILLAGES[0], until=date(2026, 12, 18))
    await town.act(town.county, more)
    rows = (await (await desk(town)).get("/nudge"))["rows"]
    days = {row["unit"]: re.search(r"12月\d\d日", row["text"]) for row in rows}
    assert {unit: day[0] for unit, day in days.items() if day} == {
        unit: ("12月18日" if unit == "石桥镇槐树村" else "12月15日") for unit in days
    }


async def test_the_books_of_ones_units_page_by_page(town: City) -> None:
    """The newest first, a hundred at a time, every line once, with who and what in words."""
    case = await town.case()
    for n in range(55):
        note = (await town.act(town.county, AddComment(case=case, n=1, text=f"第{n}条")))["comment"]
        await town.act(town.county, DropComment(comment=note))
    await town.case(FAR)
    at = await desk(town)
    first = await at.get("/books")
    second = await at.get("/books", before=first["more"])
    assert len(first["rows"]) == 100 and second["more"] == ""
    rows = [*first["rows"], *second["rows"]]
    notes = [row for row in rows if row["what"] in ("写意见", "删意见")]
    assert len(notes) == 110 and {row["who"] for row in notes} == {"周敏"}
    assert rows[0]["what"] == "发邀请" and "代录" in {row["what"] for row in rows}
    assert not any("高坎" in row["unit"] for row in rows)


async def test_a_unit_that_a_writer_typed_is_confirmed_or_merged(town: City) -> None:
    """Two ways: it is one, and stands in the list; or it is another, and its people and cases go there."""
    paths = [f"{COUNTY}/石桥镇/{name}" for name in ("新槐村", "老槐树村")]
    for id, path in enumerate(paths, 900):
        names = tuple(path.split("/"))

        def make(connection: Any, id: int = id, names: tuple[str, ...] = names) -> None:
            people.make_unit(connection, id, names, "村", confirmed=False)

        await town.house.desk.submit(make)
    at = await desk(town)
    assert [u["path"] for u in (await at.get("/people"))["loose"]] == sorted(paths)
    assert (await at.act("confirm_unit", unit=paths[0])).status_code == 200
    case = await town.case(paths[1])
    assert (await at.act("merge_unit", unit=paths[1], into=VILLAGES[0])).status_code == 200
    assert (await at.get("/people"))["loose"] == []
    assert (await town.at(case)).unit == VILLAGES[0]
    assert (await at.act("merge_unit", unit=paths[0], into=VILLAGES[0])).status_code == 409


async def test_at_the_first_level_there_is_one_way_back_and_none_upward_after_the_date(town: City) -> None:
    """Two routes that would mean the same are not offered; nor is a recommendation that would be refused."""
    (case,) = await town.passed(VILLAGES[0])
    at = await desk(town)
    shown = await at.get(f"/case/{b36(case)}")
    assert [route["id"] for route in shown["return"]["routes"]] == ["direct"] and shown["can"]["recommend"]
    await town.act(town.county, Recommend(case=case, n=1))
    city = await desk(town, CITY)
    shown = await city.get(f"/case/{b36(case)}")
    assert [route["id"] for route in shown["return"]["routes"]] == ["direct", "again"]
    await town.act(town.city, PassCases(cases=((case, 1),)))
    assert (await city.get(f"/case/{b36(case)}"))["can"]["recommend"]
    town.world.forward(days=40)
    shown = await (await desk(town, CITY)).get(f"/case/{b36(case)}")
    assert not shown["can"]["recommend"] and shown["can"]["not_recommend"]


async def test_the_office_below_may_still_lay_the_sealed_scan_beside_a_case(town: City) -> None:
    """What the office allows the workbench offers: a county whose case went up, and nobody beside it."""
    (case,) = await town.passed(VILLAGES[0])
    await town.act(town.county, Recommend(case=case, n=1))
    below, city = await desk(town), await desk(town, CITY)
    assert (await below.get(f"/case/{b36(case)}"))["can"]["enclose"]
    assert (await city.get(f"/case/{b36(case)}"))["can"]["enclose"]
    assert not (await (await desk(town, f"{COUNTY}/石桥镇")).get(f"/case/{b36(case)}"))["can"]["enclose"]


async def test_a_number_that_is_somebodys_is_found_with_its_place(town: City) -> None:
    """The phone in the text, and no other number: the check leads to it."""
    case = await town.case()
    shown = await (await desk(town)).get(f"/case/{b36(case)}")
    (found,) = [check for check in shown["checks"] if not check["ok"]]
    blocks = {b["id"]: b["text"] for section in shown["paper"]["sections"] for b in section["blocks"]}
    assert blocks[found["block"]][found["start"] : found["end"]] == "13800006041" and "第2节" in found["text"]


async def test_the_list_narrowed_by_category_and_how_long_a_case_has_waited_above(town: City) -> None:
    """Only the category that is asked for; at the city the days count from when it came there."""
    plain, manners = await town.case(VILLAGES[0]), await town.case(VILLAGES[1], category="manners")
    at = await desk(town)
    assert [c["id"] for c in (await at.get())["categories"]] == ["rules", "manners"]
    page = await at.get("/list", queue="mine", category="manners")
    assert [row["case"] for row in page["rows"]] == [b36(manners)] and page["title"] == "待我审 1份"
    town.world.forward(days=5)
    (row,) = [r for r in (await at.get("/list", queue="mine"))["rows"] if r["case"] == b36(plain)]
    assert row["late"] and "5天" in row["note"]
    await town.act(town.county, PassCases(cases=((plain, 1),)))
    await town.act(town.county, Recommend(case=plain, n=1))
    above = await desk(town, CITY)
    (row,) = (await above.get("/list", queue="mine"))["rows"]
    assert not row["late"] and row["note"].startswith("今天")
    await town.act(town.city, PassCases(cases=((plain, 1),)))
    (row,) = (await at.get("/list", queue="up"))["rows"]
    assert [tag["text"] for tag in row["tags"]] == ["市级已通过", "代录"]


async def test_a_line_that_waits_ends_when_the_server_is_about_to_stop(town: City) -> None:
    """Nobody has to be cut off: the line ends by itself, at once, and a new one does not begin."""
    scope = Scope(person=0, units=(COUNTY,))
    changes = town.house.doors.console.changes(scope)
    assert await anext(changes) >= 0
    waiting = asyncio.ensure_future(_next(changes))
    await asyncio.sleep(0)
    town.house.look.end_waits()
    assert await asyncio.wait_for(waiting, 1) is None
    assert [seq async for seq in town.house.doors.console.changes(scope)] == []


async def test_a_line_tells_of_ones_own_units_alone(town: City) -> None:
    """What the county beside does wakes nobody here; what is done here, and below, does."""
    here, beside = [
        town.house.doors.console.changes(Scope(person=0, units=(unit,))) for unit in (COUNTY, FAR.rsplit("/", 2)[0])
    ]
    first = await anext(here)
    await anext(beside)
    waiting = [asyncio.ensure_future(_next(one)) for one in (here, beside)]
    await asyncio.sleep(0)
    while town.house.doors.console._seen < first:  # type: ignore[attr-defined]
        await asyncio.sleep(0.01)
    await town.case(VILLAGES[0])
    seq = await asyncio.wait_for(waiting[0], 10)
    assert seq is not None and seq > first and not waiting[1].done()
    await town.case(FAR)
    assert (await asyncio.wait_for(waiting[1], 10) or 0) > seq
    town.house.look.end_waits()


async def _next(changes: AsyncIterator[int]) -> int | None:
    return await anext(changes, None)


async def test_what_is_kept_counted_is_what_is_there(town: City) -> None:
    """After every act the overview says what counting all anew says: cases, drafts, units where nobody has begun."""
    at, above = await desk(town), await desk(town, CITY)

    async def same() -> dict[str, int]:
        kept = [await one.get() for one in (at, above)]
        console_squares.forget()
        anew = [await one.get() for one in (at, above)]
        for a, b in zip(kept, anew, strict=True):
            assert a["queues"] == b["queues"] and a["towns"] == b["towns"]
        return {q["id"]: q["count"] for q in kept[0]["queues"]}

    assert (await same())["todo"] == 6
    one, two = [await town.case(unit, title=f"第{n}篇") for n, unit in enumerate((VILLAGES[0], VILLAGES[3]))]
    assert (await same())["mine"] == 2
    await town.act(town.county, ReturnCase(case=one, n=1, reason="改"))
    assert (await same())["returned"] == 1
    await town.act(town.county, PassCases(cases=((two, 1),)))
    assert (await same())["passed"] == 1
    await town.act(town.county, Recommend(case=two, n=1))
    assert (await same())["up"] == 1
    await town.case(FAR)
    counts = await same()
    assert counts["all"] == 6 and counts["todo"] == 4


async def test_the_dates_go_into_a_calendar(town: City) -> None:
    """Read back by a calendar's own reader: one entry a date, with the county's own more time and three alarms each."""
    from icalendar import Calendar

    at = await desk(town)
    for more in (None, Extend(edition=town.edition, unit=COUNTY, level="county", until=date(2026, 12, 22))):
        if more is not None:
            await town.act(town.city, more)
        answer = await at.client.get("/api/console/calendar", params={"edition": b36(town.edition)})
        assert answer.headers["content-type"].startswith("text/calendar")
        events = Calendar.from_ical(answer.content).walk("VEVENT")
        told = {str(e["summary"]).partition("：")[0]: e["dtstart"].dt for e in events}
        county = date(2026, 12, 22) if more else date(2026, 12, 20)
        assert told == {
            "写稿截止": date(2026, 12, 15),
            "县级截止": county,
            "市级截止": date(2026, 12, 25),
            "省级截止": date(2026, 12, 31),
        }
        assert all("24时截止。" in str(e["description"]) and len(e.walk("VALARM")) == 3 for e in events)
        assert len({str(e["uid"]) for e in events}) == 4
