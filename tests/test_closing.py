"""What happens at the minute: a level's date passes, more time brings back what it had not decided."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.acts import Extend, MarkOpened, PassCases, Recommend, TimeOut
from bot.app import COMMAND_LINE
from bot.doors import Acted, Actor, Refusal
from bot.office import closing
from storage.tables import editions
from tests.city import COUNTY, FAR, OTHER, VILLAGES, City, city
from tests.homes import Clock

MIDNIGHT = datetime(2026, 12, 20, 16, tzinfo=UTC)  # 24:00 in Shanghai of the county's last day


@pytest.fixture
async def town(tmp_path: Path, place: str) -> AsyncIterator[City]:
    """The city on both databases."""
    async with city(tmp_path, Clock(), place=place) as one:
        yield one


async def close(town: City, limit: int = 10) -> int:
    """What the loop does, once; how many cases it closed."""
    calls, now = town.house.calls, town.world.now()
    if not await town.house.readers.run(lambda c: closing.waits(c, calls, now)):
        return 0
    done = await town.house.doors.act(COMMAND_LINE, TimeOut(limit=limit))
    assert isinstance(done, Acted)
    return int(done.result["closed"])


async def states(town: City, *cases: int) -> list[str]:
    """Where these cases stand."""
    return [(await town.at(case)).state for case in cases]


async def test_what_a_level_has_not_decided_by_its_date_is_out_of_time(town: City) -> None:
    """Waiting, opened and passed alike, at the minute and not before; what went up has the next level's date."""
    waiting, opened, passed, up = [await town.case(VILLAGES[n], title=f"案例{n}") for n in range(4)]
    far = await town.case(FAR)
    for case in (opened, passed, up):
        await town.act(town.county, MarkOpened(case=case))
    await town.act(town.county, PassCases(cases=((passed, 1), (up, 1))))
    await town.act(town.county, Recommend(case=up, n=1))
    town.world.at = MIDNIGHT.replace(hour=15, minute=59)
    assert await close(town) == 0
    town.world.at = MIDNIGHT
    assert await close(town, limit=3) == 3 and await close(town) == 1 and await close(town) == 0
    assert await states(town, waiting, opened, passed, far) == ["out_of_time"] * 4
    assert await states(town, up) == ["waiting"]
    town.world.at = datetime(2026, 12, 25, 16, tzinfo=UTC)
    assert await close(town) == 1 and await states(town, up) == ["out_of_time"]


async def test_writers_hear_of_it_in_the_morning_and_kindly(town: City) -> None:
    """Nobody is woken at midnight; the message says that it was not the text."""
    case = await town.case()
    writer = (await town.at(case)).conversation
    before = len(await town.heard(writer))
    town.world.at = MIDNIGHT
    await close(town)
    assert len(await town.heard(writer)) == before
    town.world.at = datetime(2026, 12, 21, 3, tzinfo=UTC)
    told = (await town.heard(writer))[before:]
    late = "县级的截止时间过了，您的《片长进院坝》没有来得及推荐，这不是稿子的问题。"
    assert told == [f"{late}稿子保留到2027年12月31日，到期前可以拿来接着改。"]


async def test_more_time_before_it_keeps_and_after_it_brings_back(town: City) -> None:
    """As each case was; who had been told hears of it again, who had not is told nothing at all."""
    waiting, opened, passed = [await town.case(VILLAGES[n], title=f"案例{n}") for n in range(3)]
    far = await town.case(FAR)
    for case in (opened, passed):
        await town.act(town.county, MarkOpened(case=case))
    await town.act(town.county, PassCases(cases=((passed, 1),)))
    more = Extend(edition=town.edition, unit=OTHER, level="county", until=date(2026, 12, 22))
    await town.act(town.city, more)
    town.world.at = MIDNIGHT
    assert await close(town) == 3 and await states(town, far) == ["waiting"]
    writer = (await town.at(waiting)).conversation
    before = await town.heard(writer)
    longer = Extend(edition=town.edition, unit=COUNTY, level="county", until=date(2026, 12, 23))
    await town.act(town.city, longer)
    assert await states(town, waiting, opened, passed) == ["waiting", "opened", "passed"]
    assert await close(town) == 0
    town.world.at = datetime(2026, 12, 21, 3, tzinfo=UTC)
    assert await town.heard(writer) == before
    await town.act(town.county, Recommend(case=passed, n=1))
    town.world.at = datetime(2026, 12, 23, 16, tzinfo=UTC)
    assert await close(town) == 3 and await states(town, waiting, opened, far) == ["out_of_time"] * 3
    town.world.at = datetime(2026, 12, 24, 3, tzinfo=UTC)
    assert (await town.heard(writer))[-1].startswith("县级的截止时间过了")
    await town.act(town.city, Extend(edition=town.edition, unit=COUNTY, level="county", until=date(2026, 12, 25)))
    assert (await town.heard(writer))[-1] == "县级的时间延长了，您的《案例0》又在审核了，有结果马上告诉您。"


async def test_nobody_but_the_program_closes_a_level(town: City) -> None:
    """The command is refused to everybody else."""
    await town.case()
    town.world.at = MIDNIGHT
    for who in (town.city, town.boss, town.county):
        done = await town.house.doors.act(Actor(person=who.visitor.person), TimeOut())
        assert isinstance(done, Refusal) and done.key == "office.denied"


async def test_the_loop_does_it_by_itself(town: City) -> None:
    """As it runs behind a server."""
    from asyncio import create_task, timeout

    from bot.loops import close_levels

    cases = [await town.case(VILLAGES[n], title=f"案例{n}") for n in range(6)] + [await town.case(FAR)]
    town.world.at = MIDNIGHT
    house = town.house
    task = create_task(close_levels(house.act, house.readers, house.calls, house.world))
    async with timeout(20):
        while await close_waits(town):
            await town.house.desk.submit(lambda c: None)
    task.cancel()
    assert await states(town, *cases) == ["out_of_time"] * 7


async def close_waits(town: City) -> bool:
    """Whether there is anything left to close."""
    return await town.house.readers.run(lambda c: closing.waits(c, town.house.calls, town.world.now()))


async def test_a_level_with_the_writers_own_date_does_not_close(town: City) -> None:
    """It would have no minute to decide anything: the cases stay, and may be recommended later."""
    case = await town.case()
    await town.act(town.county, MarkOpened(case=case))
    await town.act(town.county, PassCases(cases=((case, 1),)))
    (due,) = await town.house.readers.run(lambda c: c.execute(select(editions.c.due)).one())
    dates = {level: due.isoformat() for level in ("county", "city", "province")}
    await town.house.desk.submit(lambda c: c.execute(update(editions).values(dates=dates)))
    town.world.at = due
    assert await close(town) == 0 and await states(town, case) == ["passed"]
    await town.act(town.county, Recommend(case=case, n=1))
    told = await town.house.doors.console.overview(town.county.visitor, town.edition)
    assert told["level_due"] is None and "截止" not in told["quota"]["text"] and "名额" in told["quota"]["text"]
