"""Nobody sees or does anything outside their units: all routes and all commands, from every kind of outsider.

What lies outside answers byte for byte like an id that never was, and no page shows a word of it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from bot.acts import (
    AddComment,
    Dismiss,
    EnterCase,
    Entered,
    Extend,
    KeepPhrase,
    MakeInvite,
    MakeLateKey,
    Place,
    StandIn,
)
from bot.doors import Acted
from bot.engine.ids import b36
from handlers.web.app import make_app
from handlers.web.console_acts import COMMANDS
from storage import cases as case_rows
from storage import review
from tests.city import COUNTY, FAR, TEXT, VILLAGES, City, city
from tests.homes import Clock, officer
from tests.pictures import jpeg
from tests.test_console import Desk, desk

NEVER, NEVER_HASH, NOWHERE = 77, "0" * 64, f"{COUNTY}/没有镇/没有村"
OTHERS = {
    "another county": (FAR.rsplit("/", 2)[0], "coordinator"),
    "its administrator": (FAR.rsplit("/", 2)[0], "administrator"),
    "the town beside": (VILLAGES[3].rsplit("/", 1)[0], "coordinator"),
    "a village": (VILLAGES[1], "administrator"),
    "a writer beside": (VILLAGES[1], "writer"),
}
# What a writer of the village, or anybody else, must not find in any answer.
SECRETS = ("院坝会里的秘密", "李建国", "13900002217", "盖章秘密", "意见秘密")
# Commands about oneself and one's own office: nothing of another's can be named in them.
OWN = {"profile", "pin", "phrase"}


class Secret(NamedTuple):
    """What there is to be found in the county: ids of one case and of all that hangs on it."""

    case: int
    draft: int
    comment: int
    phrase: int
    enclosure: int
    invite: int
    late_key: int
    person: int
    file: str
    block: str
    quote: str


@pytest.fixture
async def town(tmp_path: Path, place: str) -> AsyncIterator[City]:
    """The city on both databases."""
    async with city(tmp_path, Clock(), place=place) as one:
        yield one


async def secret(town: City) -> Secret:
    """A case with a picture, a comment, an enclosure and all else that could be named."""
    inside = await Desk(town).come(await _link(town, COUNTY))
    visitor = town.county.visitor
    sent = await _upload(town, visitor.person, "picture.jpg")
    entered = EnterCase(
        edition=town.edition,
        unit=VILLAGES[0],
        name=SECRETS[1],
        title=SECRETS[0],
        text=TEXT,
        phone=SECRETS[2],
        category="rules",
        files=(sent,),
    )
    case = (await town.act(town.county, entered))["case"]
    content = await town.house.readers.run(lambda c: review.content(c, case, 1))
    assert content is not None
    block = content.sections[0].blocks[0]
    place = Place(block=block.id, start=0, quote=block.text[:4])
    note = AddComment(case=case, n=1, text=SECRETS[4], place=place)
    key = MakeLateKey(edition=town.edition, unit=VILLAGES[0], until=date(2026, 12, 18))
    made = await town.house.act(MakeInvite(unit=COUNTY, role="coordinator"))
    assert isinstance(made, Acted)
    await _put(inside, "sealed12345", f"{SECRETS[3]}.jpg")
    enclosed = await inside.act("enclose", case=b36(case), kind="sealed", upload="sealed12345")
    return Secret(
        case=case,
        draft=(await town.at(case)).draft,
        comment=(await town.act(town.county, note))["comment"],
        phrase=(await town.act(town.county, KeepPhrase(text="请补上")))["phrase"],
        enclosure=int(enclosed.json()["enclosure"], 36),
        invite=made.result["invite"],
        late_key=(await town.act(town.county, key))["key"],
        person=visitor.person,
        file=(content.pictures or content.materials)[0].file,
        block=block.id,
        quote=block.text[:4],
    )


async def _link(town: City, unit: str, role: str = "coordinator") -> str:
    made = await town.house.act(MakeInvite(unit=unit, role=role, uses=1))
    assert isinstance(made, Acted)
    return str(made.result["link"])


async def _upload(town: City, person: int, name: str) -> Entered:
    data = jpeg()
    await town.house.files.begin(person, "upload-of-it", name, len(data))
    await town.house.files.put(person, "upload-of-it", 0, data)
    sent = await town.house.files.finish(person, "upload-of-it")
    return Entered(
        file=sent.file, name=name, mime=sent.mime, kind="picture", size=sent.size, width=sent.width, height=sent.height
    )


async def _put(at: Desk, upload: str, name: str) -> None:
    data = jpeg()
    await at.client.post("/api/uploads", json={"upload": upload, "name": name, "size": len(data)})
    done = await at.client.put(f"/api/uploads/{upload}", params={"offset": 0}, content=data)
    assert done.status_code == 200, done.text


def _same(one: httpx.Response, other: httpx.Response) -> bool:
    left, right = ({k: v for k, v in r.headers.items() if k != "date"} for r in (one, other))
    return (one.status_code, one.content, left) == (other.status_code, other.content, right)


def _routes(town: City) -> list[str]:
    """All paths that can be read, from the routes that there are."""
    app = make_app(town.house.doors, town.house.web_settings(), town.house.wording, town.world)
    return [r.path for r in app.routes if "GET" in (r.methods or ())]  # type: ignore[attr-defined]


@pytest.mark.parametrize("who", OTHERS)
async def test_every_route_is_closed_to_another_office(town: City, who: str) -> None:
    """Each path with an id in it: the same bytes as for an id that never was. Each without: not a word of it."""
    known = await secret(town)
    at = await desk(town, *OTHERS[who])
    named = 0
    for path in _routes(town):
        if path in ("/api/console/live", "/qr/{link}", "/i/{link}", "/static/{hash}/{name}"):
            continue  # a line without an end; what a link opens is its holder's; no data
        there, never = path, path
        for name, real, false in (
            ("case", b36(known.case), b36(NEVER)),
            ("draft", b36(known.draft), b36(NEVER)),
            ("file", known.file, NEVER_HASH),
        ):
            there, never = there.replace(f"{{{name}}}", real), never.replace(f"{{{name}}}", false)
        assert "{" not in there, path
        for query in ({}, {"n": 1, "from": 1, "to": 1, "size": "small"}):
            answer = await at.client.get(there, params=query)
            if there != never:
                named += 1
                assert answer.status_code == 404, (path, answer.text)
                assert _same(answer, await at.client.get(never, params=query)), path
            _tells_nothing(answer, path)
    assert named == 14
    for text in (*SECRETS, "秘密", "李"):
        for queue in ("all", "mine", "writing", "passed", "up", "returned"):
            query = {"q": text, "queue": queue, "town": VILLAGES[0], "edition": b36(town.edition)}
            answer = await at.client.get("/api/console/list", params=query)
            if answer.status_code == 200:
                assert answer.json()["rows"] == []
    for state in ("recommended", "passed", "all"):
        packed = await at.client.get("/api/console/pack", params={"state": state, "edition": b36(town.edition)})
        assert packed.status_code == 404


def _tells_nothing(answer: httpx.Response, path: str) -> None:
    told = answer.content.decode("utf-8", "replace")
    plain = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), told)
    assert not [one for one in SECRETS if one in plain], path


@pytest.mark.parametrize("who", [one for one in OTHERS if one != "a writer beside"])
async def test_every_command_is_closed_to_another_office(town: City, who: str) -> None:
    """What is outside is refused like what never was, and nothing of it is changed."""
    known = await secret(town)
    at = await desk(town, *OTHERS[who])
    await _put(at, "upload-here", "扫描.jpg")
    for name in sorted(COMMANDS.keys() - OWN):
        answers = []
        for real in (True, False):
            fields = _fields(town, name, known, real)
            answer = await at.act(name, **fields)
            told = answer.text
            for unit in (VILLAGES[0], NOWHERE):
                told = told.replace(unit, "UNIT").replace(unit.rpartition("/")[2], "UNIT")
            answers.append((answer.status_code, told))
        if name == "links":  # one's own units alone: see below
            assert answers[0][0] == 200
            continue
        assert answers[0] == answers[1] and answers[0][0] == 409, (name, answers)
    stands = await town.at(known.case)
    assert (stands.state, stands.n) == ("waiting", 1)
    inside = await desk(town)
    shown = await inside.get(f"/case/{b36(known.case)}")
    assert [c["text"] for c in shown["comments"]] == [SECRETS[4]] and len(shown["enclosures"]) == 1
    links = (await inside.get("/people"))["invites"]
    assert all(link["open"] for link in links if "open" in link)


def _fields(town: City, name: str, known: Secret, real: bool) -> dict[str, Any]:
    """A command's fields that name what is there, or what never was."""

    def one(id: int) -> str:
        return b36(id if real else NEVER)

    unit = VILLAGES[0] if real else NOWHERE
    fields: dict[str, Any] = {
        **{"case": one(known.case), "n": 1, "cases": [{"case": one(known.case), "n": 1}]},
        **{"comment": one(known.comment), "phrase": one(known.phrase), "enclosure": one(known.enclosure)},
        **{"invite": one(known.invite), "person": one(known.person), "role": "coordinator", "unit": unit},
        **{"into": unit, "text": "改", "reason": "改", "block": known.block, "quote": known.quote, "start": 0},
        **{"to": "x" if name == "correct" else "writer", "until": "2026-12-24", "edition": b36(town.edition)},
        **{
            "level": "county",
            "most": 1,
            "uses": None if name == "invite" else "1",
            "kind": "sealed",
            "upload": "upload-here",
            "title": "题",
            "name": "人",
        },
    }
    if name == "rank":
        fields["cases"] = [one(known.case)]
    if name == "extend":
        fields["level"] = ""
    if name == "no_late_key":
        fields["key"] = one(known.late_key)
    return fields


async def test_links_are_made_for_ones_own_units_alone(town: City) -> None:
    """The other county's command gives its own village a link, and none to anybody here."""
    await secret(town)
    at = await desk(town, OTHERS["another county"][0])
    assert (await at.act("links", edition=b36(town.edition))).json()["notice"] == "给1个单位和人发了链接。"
    texts = (await at.get("/nudge", edition=b36(town.edition)))["rows"]
    assert len(texts) == 1 and "高坎村" in texts[0]["text"]


async def test_what_was_taken_back_is_its_writers_alone_again(town: City) -> None:
    """No route gives the county its text any more: not the reader, not the paper, not a picture, not the pack."""
    known = await secret(town)
    at = await desk(town)
    shown = {
        **{"/api/console/case/{}": known.case, "/api/console/case/{}/history": known.case},
        **{"/api/console/case/{}/word": known.case, "/api/paper/{}?n=1": known.draft},
    }
    paths = [path.format(b36(id)) for path, id in shown.items()]
    paths.append(f"/api/console/case/{b36(known.case)}/file/{known.file}")
    paths.append("/api/console/pack?state=all")
    assert [(await at.client.get(path)).status_code for path in paths] == [200] * 6
    row = await town.at(known.case)
    await town.house.desk.submit(lambda c: case_rows.move(c, "take_back", known.case, 1, at=row.level))
    for path in paths:
        answer = await at.client.get(path)
        assert answer.status_code == 404, path
        _tells_nothing(answer, path)
    found = await at.get("/list", q=SECRETS[0])
    assert found["rows"] == []


async def test_who_is_dismissed_between_two_requests_has_seen_the_last(town: City) -> None:
    """The page is open, the case in view: the next request of any kind finds nothing there."""
    known = await secret(town)
    made = await officer(town.house, "leaving", COUNTY, name="周")
    at = Desk(town)
    link = await town.house.act(MakeInvite(unit=COUNTY, role="coordinator", uses=1))
    assert isinstance(link, Acted)
    await at.come(link.result["link"])
    person = int((await at.get())["me"]["person"], 36)
    assert (await at.client.get(f"/api/console/case/{b36(known.case)}")).status_code == 200
    await town.act(town.boss, Dismiss(person=person, role="coordinator", unit=COUNTY))
    for path in _routes(town):
        if not path.startswith("/api/console"):
            continue
        there = path.replace("{case}", b36(known.case)).replace("{file}", known.file)
        assert (await at.client.get(there, params={"n": 1, "from": 1, "to": 1})).status_code == 404, path
    for name in COMMANDS:
        assert (await at.act(name, **_fields(town, name, known, True))).status_code == 404, name
    assert (await town.at(known.case)).state == "waiting"
    assert made.visitor.posts


async def test_an_old_link_of_who_was_dismissed_opens_nothing(town: City) -> None:
    """The link by which somebody came to the post is no way back to it."""
    made = await town.house.act(MakeInvite(unit=COUNTY, role="coordinator", uses=1))
    assert isinstance(made, Acted)
    link = made.result["link"]
    at = await Desk(town).come(link)
    person = int((await at.get())["me"]["person"], 36)
    await town.act(town.boss, Dismiss(person=person, role="coordinator", unit=COUNTY))
    again = Desk(town)
    await again.client.get(f"/i/{link}")
    await again.client.post("/api/join", json={"link": link, "intent": "", "cid": "c1234567890"})
    assert (await again.client.get("/api/console")).status_code in (401, 404)


async def test_a_stand_in_sees_until_the_last_day_and_no_longer(town: City) -> None:
    """A township's coordinator acts for the county until the 24th; on the 25th all is closed again."""
    known = await secret(town)
    away = await officer(town.house, "away", f"{COUNTY}/青溪镇", name="郑")
    await town.act(town.county, StandIn(person=away.visitor.person, unit=COUNTY, until=date(2026, 11, 24)))
    sees = await town.house.look.visitor(away.address)
    assert sees is not None and any(post.path == COUNTY for post in sees.posts)
    assert await town.house.doors.console.case(sees, known.case, 0) is not None
    town.world.forward(days=3)
    now = await town.house.look.visitor(away.address)
    assert now is not None and await town.house.doors.console.case(now, known.case, 0) is None
    assert (
        await town.refused(away, Extend(edition=town.edition, unit=VILLAGES[0], until=date(2026, 12, 24))) == "no_unit"
    )
