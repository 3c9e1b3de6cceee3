"""Who is reminded, on the real house: planned by the day, told by the clock, in time that is moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.acts import Extend, OpenEdition
from bot.app import House
from bot.channel import Address
from bot.engine.ids import b36
from bot.engine.messages import Pressed, Said, Woke
from storage import jobs, reminding, tables
from tests import homes
from tests.homes import VILLAGE, Clock, home, tell, writer

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # the short call ends with 12-15


class Season:
    """A house with some writers, whose days are gone through one after the other."""

    def __init__(self, house: House, world: Clock) -> None:
        self.house, self.world = house, world
        self.people: dict[str, tuple[Address, int]] = {}

    async def join(self, name: str, *texts: str) -> None:
        """Somebody comes by the link, agrees, and says who they are; then they write."""
        address, visitor = await writer(self.house, name)
        self.people[name] = (address, visitor.conversation)
        await self.press(name, "consent:yes")
        for text in ("李建国", "是的", "村党支部书记", "13900002217", "对", *texts):
            await self.say(name, text)

    async def say(self, name: str, text: str, *, done: bool = False) -> None:
        """Somebody writes."""
        await tell(self.house, self.people[name][0], Said(at=self.world.now(), text=text, done=done))

    async def press(self, name: str, press: str) -> None:
        """Somebody taps."""
        await tell(self.house, self.people[name][0], Pressed(at=self.world.now(), press=press))

    async def until(self, day: str, hour: int = 12) -> list[str]:
        """Lets the days pass until an hour of a day; what everybody was told, with the time."""
        end = datetime.combine(date.fromisoformat(f"2026-{day}"), datetime.min.time(), SHANGHAI) + timedelta(hours=hour)
        heard: list[str] = []
        while self.world.at < end:
            await self.house.planning.look()
            morning = (self.world.at.astimezone(SHANGHAI) + timedelta(days=1)).replace(hour=0, minute=5)
            heard += await self.ring(min(end, morning).astimezone(UTC))
        return heard

    async def ring(self, until: datetime) -> list[str]:
        """Goes from clock to clock until an instant."""
        heard: list[str] = []
        while (due := await self.house.readers.run(jobs.next_wake)) is not None and due <= until:
            self.world.at = max(due, self.world.at)
            heard += await self.rung()
        self.world.at = max(until, self.world.at)
        return heard

    async def rung(self) -> list[str]:
        """Rings what is due now; what was told."""
        before = await self.lines()
        await self.house.wakes.ring_due()
        now = self.world.at.astimezone(SHANGHAI)
        return [f"{now:%m-%d %H} {name}: {text}" for name, text in (await self.lines())[len(before) :]]

    async def lines(self) -> list[tuple[str, str]]:
        """Everything the assistant has said, by whom it was said to."""
        names = {conversation: name for name, (_, conversation) in self.people.items()}
        wanted = select(tables.messages).where(tables.messages.c.author == "bot").order_by(tables.messages.c.at)
        rows = await self.house.readers.run(lambda c: c.execute(wanted).all())
        return [(names[r.conversation], r.body["text"]) for r in rows if r.conversation in names]


@asynccontextmanager
async def season(folder: Path, place: str) -> AsyncIterator[Season]:
    """A house on the 20th of November, with the clock in hand."""
    world = Clock(START)
    async with home(folder, world=world, busy=False, place=place) as house:
        await house.act(OpenEdition(call="short"))
        yield Season(house, world)


async def test_each_hears_of_the_date_by_what_is_left_to_do(tmp_path: Path, place: str) -> None:
    """Not begun, begun, half written; nothing where it was given up, and nothing before it was agreed to."""
    async with season(tmp_path, place) as here:
        await here.join("idle")
        await here.join("begun", "片长进院坝", "就用这个")
        await here.join("half", "片长进院坝", "就用这个", "一是分片定人，把责任落到院坝。", "写完了")
        await here.join("gone", "片长进院坝", "就用这个")
        last = select(tables.drafts.c.id).order_by(tables.drafts.c.id.desc()).limit(1)
        draft = await here.house.readers.run(lambda c: c.execute(last).scalar_one())
        await here.press("gone", f"closed:{b36(draft)}")
        address, visitor = await writer(here.house, "asked")
        here.people["asked"] = (address, visitor.conversation)
        heard = {line[9:].partition(": ")[0]: line.partition(": ")[2] for line in await here.until("12-05")}
        assert heard == {
            "idle": "离12月15日24时截止还有14天，您还没开始。先说一件事就行，我一问一问陪您写。",
            "begun": "离12月15日24时截止还有14天。您已经开了头，还剩2节，大约40分钟。",
            "half": "离12月15日24时截止还有14天。您已写1节，还剩1节，大约20分钟。",
        }


async def test_more_time_moves_what_was_planned(tmp_path: Path, place: str) -> None:
    """Before, and between the plan of the day and the clock: nobody hears of a date that no longer is theirs."""
    async with season(tmp_path, place) as here:
        await here.join("half", "片长进院坝", "就用这个")
        assert len(await here.until("12-07")) == 1
        await here.until("12-08", 1)
        await here.house.planning.look()
        edition = next(
            iter(await here.house.readers.run(lambda c: c.execute(select(tables.editions.c.id)).scalars().all()))
        )
        await here.house.act(Extend(edition=edition, unit=VILLAGE, until=date(2026, 12, 25)))
        assert await here.until("12-10") == [], "the day was one of the old date"
        days = [line.partition(" ")[0] for line in await here.until("12-27")]
        assert days == ["12-11", "12-25"], "two were not answered: then the last day alone"


async def test_what_was_missed_is_told_once_as_soon_as_it_is_decent(tmp_path: Path, place: str) -> None:
    """The program stood still for a week: one message, on the next working morning, with that day's words."""
    async with season(tmp_path, place) as here:
        await here.join("half", "片长进院坝", "就用这个")
        here.world.at = datetime(2026, 12, 5, 4, 0, tzinfo=UTC)  # a Saturday; the 1st was missed
        heard = await here.until("12-07")
        assert [line[:5] for line in heard] == ["12-07"] and "还有8天" in heard[0]
        assert [line[:5] for line in await here.until("12-09")] == ["12-08"]


async def test_a_wake_that_rings_too_late_says_nothing_and_is_planned_anew(tmp_path: Path, place: str) -> None:
    """Planned for nine, rung at two in the afternoon: the next morning has it."""
    async with season(tmp_path, place) as here:
        await here.join("half", "片长进院坝", "就用这个")
        await here.until("12-01", 1)
        assert await here.house.planning.look() in (0, 1)
        here.world.at = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)
        assert await here.rung() == []
        heard = await here.until("12-03")
        assert [line[:5] for line in heard] == ["12-02"] and "还有13天" in heard[0]


async def test_several_editions_are_one_message(tmp_path: Path, place: str) -> None:
    """Two drafts with the same date: one message with both, and one button for each."""
    async with season(tmp_path, place) as here:
        await here.house.act(OpenEdition(call="short"))
        await here.join("both")
        rows = await here.house.readers.run(lambda c: c.execute(select(tables.editions.c.id)).scalars().all())
        for id, title in zip(rows, ("片长进院坝", "移风易俗"), strict=True):
            await here.press("both", f"edition:{id}")
            await here.say("both", title)
            await here.say("both", "就用这个")
        heard = await here.until("12-02")
        assert len(heard) == 1 and "有2件事快到日子了" in heard[0]
        assert "1 《片长进院坝》" in heard[0] and "2 《移风易俗》" in heard[0]


async def test_two_plans_at_once_and_a_clock_rung_twice_tell_once(tmp_path: Path, place: str) -> None:
    """Two processes plan the same day; a wake that comes back after a kill is told already."""
    async with season(tmp_path, place) as here:
        await here.join("half", "片长进院坝", "就用这个")
        await here.until("12-01", 1)
        dates, _ = await here.house.readers.run(here.house.planning._read)
        now = here.world.now()
        assert await asyncio.gather(here.house.planning.plan(dates, now), here.house.planning.plan(dates, now)) == [
            1,
            1,
        ]
        (row,) = await here.house.readers.run(lambda c: c.execute(select(tables.wakes)).all())
        assert len(await here.ring(row.due)) == 1
        assert await here.house.planning.plan(dates, here.world.now()) == 0
        again = Woke(at=here.world.now(), ref="again", kind=row.kind, data=row.data)
        before = await here.lines()
        await tell(here.house, Address(channel="house", external=str(row.conversation)), again)
        assert await here.lines() == before


async def test_a_change_of_dates_is_planned_anew_but_not_again_and_again(tmp_path: Path, place: str) -> None:
    """One plan a day; a second after a date was changed, ten minutes later at the earliest."""
    async with season(tmp_path, place) as here:
        await here.join("half", "片长进院坝", "就用这个")
        await here.until("12-01", 1)
        edition = (await here.house.readers.run(lambda c: c.execute(select(tables.editions.c.id)).scalars().all()))[0]
        made = select(tables.plans.c.at)
        planned = [await here.house.readers.run(lambda c: c.execute(made).scalar())]
        for day in (20, 21, 0):
            if day:
                await here.house.act(Extend(edition=edition, unit=VILLAGE, until=date(2026, 12, day)))
            else:
                here.world.forward(minutes=6)
            await here.house.planning.look()
            planned.append(await here.house.readers.run(lambda c: c.execute(made).scalar()))
            here.world.forward(minutes=5)
        midnight, at_once, too_soon, later = planned
        assert midnight < at_once == too_soon < later


@pytest.mark.parametrize("press", ["quiet:all", "refuse:0", "refuse:x", "quiet"])
async def test_buttons_that_are_not_ours_do_no_harm(tmp_path: Path, place: str, press: str) -> None:
    """Whatever is pressed, one answer comes."""
    async with season(tmp_path, place) as here:
        await here.join("half", "片长进院坝", "就用这个")
        before = len(await here.lines())
        await here.press("half", press)
        assert len(await here.lines()) > before


async def test_whoever_was_told_is_not_read_again_on_the_days_between(tmp_path: Path, place: str) -> None:
    """On the morning itself all who have something to do are looked at; the day after, those who heard are not."""
    async with season(tmp_path, place) as here:
        for name in ("one", "two"):
            await here.join(name, "片长进院坝", "就用这个")

        async def looked_at() -> int:
            planning, now = here.house.planning, here.world.now()
            dates, _ = await here.house.readers.run(planning._read)
            wanted = planning._wanted(dates, now)
            return len(await here.house.readers.run(lambda c: reminding.wanted_ids(c, wanted)))

        await here.until("11-30", 1)
        assert await looked_at() == 0, "no morning has come yet"
        await here.until("12-01", 1)
        assert await looked_at() == 2
        assert len(await here.until("12-02", 1)) == 2
        assert await looked_at() == 0


async def test_what_was_missed_is_told_with_what_comes_that_morning(tmp_path: Path, place: str) -> None:
    """Begun again at five past nine on a day on which they are reminded anyway: once, and not again the next day."""
    async with season(tmp_path, place) as here:
        await here.join("half", "片长进院坝", "就用这个")
        here.world.at = datetime(2026, 12, 8, 1, 0, tzinfo=UTC)  # the 1st was missed
        assert len(await here.until("12-08")) == 1
        assert await here.until("12-10") == []


async def test_whoever_only_asks_how_far_they_are_has_come(tmp_path: Path, place: str) -> None:
    """A typed word that changes nothing is a sign of life: they are not taken for silent."""
    async with season(tmp_path, place) as here:
        await here.join("half", "片长进院坝", "就用这个")
        for day in ("12-01", "12-08", "12-11"):
            assert [line[:5] for line in await here.until(day)] == [day]
            await here.say("half", "进度")
        assert [line[:5] for line in await here.until("12-16")] == ["12-14", "12-15"]


async def test_a_clock_that_jumps_tells_nothing_twice(tmp_path: Path, place: str) -> None:
    """An hour on and back around the telling, two days on past a morning, two days back over it."""
    async with season(tmp_path, place) as here:
        await here.join("half", "片长进院坝", "就用这个")
        assert [line[:5] for line in await here.until("12-01")] == ["12-01"]
        for hours in (-1, 1, -3, 3):
            here.world.forward(hours=hours)
            await here.house.planning.look()
            assert await here.rung() == []
        await here.until("12-06")
        here.world.forward(days=2, hours=1)  # the 8th's morning was never there
        heard = await here.until("12-10")
        assert [line[:5] for line in heard] == ["12-09"] and "还有6天" in heard[0]
        here.world.at = datetime(2026, 12, 8, 0, 0, tzinfo=UTC)
        assert await here.until("12-11", 8) == [], "what was told in a future that is not yet is not told again"
        assert [line[:5] for line in await here.until("12-16")] == ["12-15"]


@pytest.mark.parametrize(
    ("due", "start", "days"),
    [
        ("01-05", datetime(2026, 12, 10, 2, 0, tzinfo=UTC), ["2026-12-22", "2026-12-29"]),
        ("02-29", datetime(2028, 2, 10, 2, 0, tzinfo=UTC), ["2028-02-15", "2028-02-22", "2028-02-25", "2028-02-28"]),
    ],
)
async def test_over_the_years_end_and_on_the_29th_of_february(
    due: str, start: datetime, days: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The days are counted over them; who answers each time hears of each."""
    monkeypatch.setattr(homes, "SHORT_CALL", homes.SHORT_CALL.replace('due = "12-15"', f'due = "{due}"'))
    world = Clock(start)
    async with home(tmp_path, world=world, busy=False) as house:
        await house.act(OpenEdition(call="short"))
        here, told = Season(house, world), []
        await here.join("half", "片长进院坝", "就用这个")
        end = start + timedelta(days=25)
        while world.at < end:
            await house.planning.look()
            heard = await here.ring(world.at + timedelta(days=1))
            told += [world.at.astimezone(SHANGHAI).date().isoformat()[:5] + line[:5] for line in heard]
            if heard:
                await here.press("half", "cmd:resume")
        assert told[: len(days)] == days, told
