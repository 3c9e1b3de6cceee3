"""A confirmation that was on its way at the date counts within the minutes a call grants, and is marked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.engine.messages import Pressed, Said
from bot.workbench.views import Asked
from tests import city as cities
from tests.city import VILLAGES, City, city
from tests.homes import Clock, tell, writer

DUE = datetime(2026, 12, 15, 16, 0, tzinfo=UTC)  # 24:00 in Shanghai
SAID = (
    *("李建国", "是的", "村党支部书记", "13900002217", "对", "片长进院坝", "就用这个", "乡村治理"),
    *(
        "村里有412户，2023年纠纷57起，老人多，遇事找不到人。",
        "写完了",
        "一是分片定人，二是按月议事，话说在院坝。",
        "写完了",
    ),
)


async def handed_in(town: City, asked: timedelta, confirmed: timedelta) -> tuple[list[str], list[dict[str, object]]]:
    """A writer is asked to confirm, and confirms, so long after the date; what they hear, and what the office sees."""
    world: Clock = town.world
    address, visitor = await writer(town.house, "late", VILLAGES[0])

    async def say(text: str) -> None:
        await tell(town.house, address, Said(at=world.now(), text=text))

    await tell(town.house, address, Pressed(at=world.now(), press="consent:yes"))
    for text in SAID:
        await say(text)
    world.at = DUE + asked
    await say("提交")
    world.at = DUE + confirmed
    await say("提交")
    look = Asked(
        view="listing", viewer=town.county.visitor, now=world.at, edition=town.edition, args=({"queue": "all"},)
    )
    rows = [row for row in (await town.house.aside.ask(look))["rows"] if row["kind"] == "case"]
    return await town.heard(visitor.conversation), rows


@pytest.fixture
def granted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The city's call grants ten minutes."""
    monkeypatch.setattr(cities, "CALL", cities.CALL.replace('due = "12-15"\n', 'due = "12-15"\ngrace = 10\n'))


@pytest.mark.usefixtures("granted")
async def test_what_was_on_its_way_counts_and_is_marked(tmp_path: Path, place: str) -> None:
    """Asked at 23:58, confirmed at 0:04."""
    async with city(tmp_path, Clock(DUE - timedelta(days=3)), place=place) as town:
        heard, rows = await handed_in(town, timedelta(minutes=-2), timedelta(minutes=4))
        assert "已提交" in heard[-1]
        assert [tag["text"] for tag in rows[0]["tags"]] == ["过点几分钟内交的"]


@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize(("asked", "confirmed"), [(-2, 11), (1, 2)])
async def test_what_was_not_on_its_way_or_came_too_late(tmp_path: Path, place: str, asked: int, confirmed: int) -> None:
    """After the minutes of grace; or begun only after the date."""
    async with city(tmp_path, Clock(DUE - timedelta(days=3)), place=place) as town:
        heard, rows = await handed_in(town, timedelta(minutes=asked), timedelta(minutes=confirmed))
        assert rows == [] and "截止" in heard[-1]


async def test_without_a_grant_the_date_is_the_date(tmp_path: Path, place: str) -> None:
    """A second after it."""
    async with city(tmp_path, Clock(DUE - timedelta(days=3)), place=place) as town:
        heard, rows = await handed_in(town, timedelta(minutes=-2), timedelta(seconds=1))
        assert rows == [] and "截止" in heard[-1]
        assert not any("已提交" in text for text in heard)
