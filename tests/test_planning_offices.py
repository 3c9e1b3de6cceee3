"""What an office hears in the morning: how things stand, on the days of the call's rules, with the night's news."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.acts import Recommend
from bot.engine.messages import Pressed, Said
from bot.workbench.views import Asked
from storage import jobs, tables
from tests.city import VILLAGES, City, Officer, city
from tests.homes import Clock, tell, writer

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def mornings(town: City, until: datetime) -> None:
    """Lets the days pass: planned soon after midnight, told by the clock."""
    world: Clock = town.world
    while world.at < until:
        await town.house.planning.look()
        morning = (world.at.astimezone(SHANGHAI) + timedelta(days=1)).replace(hour=0, minute=5).astimezone(UTC)
        while (due := await town.house.readers.run(jobs.next_wake)) is not None and due <= min(morning, until):
            world.at = max(due, world.at)
            await town.house.wakes.ring_due()
            await town.house.workers.drain()
        world.at = min(morning, until)


async def silent_writer(town: City) -> None:
    """Somebody who agreed, gave their name, and was not seen again."""
    address, _ = await writer(town.house, "silent", VILLAGES[3])
    at = town.world.now()
    await tell(town.house, address, Pressed(at=at, press="consent:yes"))
    for text in ("李建国", "是的", "村党支部书记", "13900002217", "对"):
        await tell(town.house, address, Said(at=at, text=text))


async def told(town: City, who: Officer) -> list[tuple[str, str]]:
    """What somebody of the office has heard, each with its day and hour."""
    wanted = select(tables.messages).where(
        tables.messages.c.conversation == who.visitor.conversation, tables.messages.c.author == "bot"
    )
    rows = await town.house.readers.run(lambda c: c.execute(wanted.order_by(tables.messages.c.seq)).all())
    return [(f"{r.at.astimezone(SHANGHAI):%m-%d %H:%M}", r.body["text"]) for r in rows]


async def test_an_office_hears_how_things_stand(tmp_path: Path, place: str) -> None:
    """Before the writers' date and before its own: what waits, who has not begun, who does not answer, what is left."""
    world = Clock(datetime(2026, 11, 26, 2, 0, tzinfo=UTC))
    async with city(tmp_path, world, place=place) as town:
        await silent_writer(town)
        before = len(await told(town, town.county))
        await town.case(VILLAGES[0])
        await mornings(town, datetime(2026, 12, 2, 4, 0, tzinfo=UTC))
        (first,) = (await told(town, town.county))[before:]
        assert first[0] == "12-01 09:00"
        lines = first[1].split("\n")
        assert lines[0] == "早上好。" and lines[1].endswith("治理案例")
        assert "· 待您审：1份，最早的等了5天" in lines and "· 还没动笔：4个单位" in lines
        assert any("12月15日24时截止" in line for line in lines) and lines[-1].startswith("请到工作台看")
        (passed,) = await town.passed(VILLAGES[1])
        await town.act(town.county, Recommend(case=passed, n=1))
        await mornings(town, datetime(2026, 12, 26, 4, 0, tzinfo=UTC))
        digests = [(at, text) for at, text in (await told(town, town.county))[before:] if "早上好" in text]
        days = ["12-01", "12-04", "12-08", "12-11", "12-14", "12-15", "12-17", "12-18"]
        assert [at for at, _ in digests] == [f"{day} 09:00" for day in days], "the 19th and 20th are a weekend"
        assert all(text.count("治理案例") == 1 for _, text in digests)
        silent = "· 提醒过两次没有回应：李建国（槐树村）"
        assert [silent in text for _, text in digests] == ["12-08" < day < "12-16" for day in days]
        assert ["作者不能提交" in text for _, text in digests] == [day == "12-15" for day in days]
        assert "· 待您审：1份，最早的等了22天" in digests[-1][1] and "还没动笔" not in digests[-1][1]
        nudges = Asked(
            view="nudges", viewer=town.county.visitor, now=world.at, edition=town.edition, args=("http://desk",)
        )
        rows = (await town.house.aside.ask(nudges))["rows"]
        assert [row["note"] for row in rows if row["note"]] == ["提醒过两次没有回应，最好打个电话"]
        of_city = [at[:5] for at, text in await told(town, town.city) if "早上好" in text]
        assert of_city == ["12-11", "12-18", "12-22", "12-24", "12-25"]


async def test_news_of_the_night_and_the_digest_are_one_message(tmp_path: Path, place: str) -> None:
    """Two plans and a case that came in the evening: still one message at nine."""
    world = Clock(datetime(2026, 11, 30, 10, 0, tzinfo=UTC))  # six in the evening, the fifteenth day before the date
    async with city(tmp_path, world, place=place) as town:
        before = len(await told(town, town.county))
        await town.passed(VILLAGES[0])
        world.at = datetime(2026, 11, 30, 16, 10, tzinfo=UTC)
        dates, _ = await town.house.readers.run(town.house.planning._read)
        assert await town.house.planning.plan_offices(dates, world.at) >= 1
        assert await town.house.planning.plan_offices(dates, world.at) == 0
        await mornings(town, datetime(2026, 12, 1, 4, 0, tzinfo=UTC))
        heard = (await told(town, town.county))[before:]
        assert [at for at, _ in heard] == ["12-01 09:00"] and "已通过、还没推荐：1份" in heard[0][1]
