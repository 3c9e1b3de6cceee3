"""Units and people at the workbench: what is offered is allowed, and what is typed is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.engine.definition import Limit
from bot.workbench import checking
from tests.city import CITY, COUNTY, City, city
from tests.homes import Clock
from tests.person import WORDING
from tests.test_console import desk


@pytest.fixture
async def town(tmp_path: Path, place: str) -> AsyncIterator[City]:
    """The city on both databases."""
    async with city(tmp_path, Clock(), place=place) as one:
        yield one


async def test_places_are_a_number_or_left_to_the_rules(town: City) -> None:
    """What is no number is refused in a sentence, and never taken for none; a number in any width is one."""
    at, chief = await desk(town), await desk(town, CITY)
    what = {"edition": (await at.get())["edition"], "level": "county", "unit": COUNTY, "key": ""}

    async def most() -> int:
        return int((await at.get())["quota"]["most"])

    rules = await most()
    assert (await chief.act("quota", **what, most="５")).status_code == 200 and await most() == 5
    for bad in ("3个", "两个", "-1", "3.5"):
        refused = await chief.act("quota", **what, most=bad)
        assert refused.status_code == 422 and "只填数字" in refused.json()["error"], refused.text
    assert (await chief.act("quota", **what, most=None)).status_code == 400
    assert await most() == 5
    assert (await chief.act("quota", **what, most="")).status_code == 200 and await most() == rules


async def test_what_is_offered_among_units_and_people_is_allowed(town: City) -> None:
    """A county's coordinator sets no places for the own county, and sends nobody away; the city's does the first."""
    at, chief, boss = await desk(town), await desk(town, CITY), await desk(town, CITY, "administrator")
    told = await at.get("/people")
    own = {u["path"]: u["set"] for u in told["units"]}[COUNTY]
    assert own == ""
    assert {u["path"]: u["set"] for u in (await chief.get("/people"))["units"]}[COUNTY] == "county"
    me = (await at.get())["me"]["person"]
    for post in told["people"]:
        assert post["can"] == {"hand_over": post["id"] == me, "stand_in": True, "dismiss": False}
    posts = {(p["role"], p["id"]): p["can"] for p in (await boss.get("/people"))["people"]}
    myself = (await boss.get())["me"]["person"]
    assert posts["coordinator", me]["dismiss"] and not posts["administrator", myself]["dismiss"]
    edition = (await at.get())["edition"]
    longer = {"edition": edition, "unit": COUNTY, "until": "2027-01-31", "reason": ""}
    refused = await chief.act("extend", **longer, level="")
    assert refused.status_code == 409 and "请先给县级延期" in refused.json()["error"]
    for level in ("county", ""):
        assert (await chief.act("extend", **longer, level=level)).status_code == 200
    assert {x["level"]: x["can"] for x in (await at.get("/people"))["extensions"]} == {"": True, "county": False}
    refused = await at.act("quota", edition=edition, level="county", unit=COUNTY, key="", most="9")
    assert refused.status_code == 409


@pytest.mark.parametrize(("words", "well"), [(105, False), (1000, False), (1200, True), (2200, True), (3400, False)])
def test_a_text_far_from_the_length_asked_for_is_not_marked_as_well(
    words: int, well: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred characters of two thousand are told as that, where the call names no least length, too."""
    call: Any = SimpleNamespace(limit=Limit(about=2200), sections=())
    call.in_track = lambda track: call
    monkeypatch.setattr(checking, "track_id", lambda *of: "")
    content: Any = SimpleNamespace(words=lambda: words, sections=(), pictures=())
    sight: Any = SimpleNamespace(say=lambda key, **params: WORDING.say(f"console.{key}", **params))
    told = checking.checks(sight, SimpleNamespace(call=call), content)[0]  # type: ignore[arg-type]
    assert told["ok"] is well and told["text"] == (f"{words}字" if well else f"{words}字，要求是2200字左右")
