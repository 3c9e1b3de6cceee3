"""The rehearsal itself: a house of its own, a clock that is moved by hand, days that are gone through one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.acts import COORDINATOR, AddUnits, Extend, MakeInvite, NameMyself, OpenEdition, PassCases, ReturnCase
from bot.batch import Standing
from bot.channel import Address, Taken, Update
from bot.config import level_names
from bot.doors import Acted, Actor
from bot.engine.definition import Edition
from bot.engine.messages import Incoming, Knock, SentFile
from bot.engine.reminding import days_left
from bot.season.cadre import Before, Cadre, Words, habits
from bot.world import World
from storage import editions, jobs, rehearsal

if TYPE_CHECKING:
    from bot.app import House

BATCH = 128
SITS = time(19, 30)  # when people sit down to write
READS = time(15, 0)  # when the office reads
LEAD = 45  # days before the date on which a rehearsal begins
RETURNED = 0.2  # of what the office reads
TICKED = 50  # cases that are passed in one go
EXTENDED = 20  # each so many-th village is granted a week more, three days before the date


class Hands(World):
    """A clock that is moved by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """The instant it was moved to."""
        return self.at


@dataclass(slots=True)
class Day:
    """What there is at a day's end, and what happened on it: `told` counts messages that reminded."""

    date: str
    joined: int = 0
    drafts: int = 0
    submitted: int = 0
    told: int = 0
    digests: int = 0
    most: int = 0  # messages that one writer was sent of itself on that day


@dataclass(slots=True)
class Heard:
    """One message somebody was sent without having asked."""

    at: datetime
    text: str
    buttons: tuple[str, ...]


@dataclass(slots=True)
class Season:
    """What a rehearsal gave: the days, how many there were of each habit, and two people's whole lists."""

    title: str
    zone: str
    until: datetime
    days: list[Day] = field(default_factory=list)
    habits: dict[str, int] = field(default_factory=dict)
    cadre: list[Heard] = field(default_factory=list)
    coordinator: list[Heard] = field(default_factory=list)


class Rehearsal:
    """A season of one call for so many people, in a house that is there for it alone."""

    def __init__(self, house: House, clock: Hands, words: Words, *, people: int, seed: int) -> None:
        self.house, self.clock, self.words = house, clock, words
        self.chance = Random(seed)
        self.count = people
        self.cadres: list[Cadre] = []
        self.owners: dict[int, Cadre] = {}
        self.edition: Edition | None = None
        self.officer: Actor | None = None
        self.officer_conversation = 0
        self.refs = 0
        self.told: Counter[int] = Counter()

    async def play(self, call: str, told: Callable[[Day], None]) -> Season:
        """All days, from some weeks before the date to some days after it; `told` hears of each as it ends."""
        await self._open(call)
        edition = self.edition
        assert edition is not None
        zone = ZoneInfo(edition.call.zone)
        last = (edition.due - timedelta(microseconds=1)).astimezone(zone).date()
        season = Season(title=edition.title, zone=edition.call.zone, until=edition.due)
        season.habits = dict(Counter(c.habit for c in self.cadres).most_common())
        first = last - timedelta(days=LEAD)
        for n in range(LEAD + 10):
            date = first + timedelta(days=n)
            self._to(datetime.combine(date, time(0, 5), zone))
            day = Day(date=date.isoformat())
            began = self.clock.at
            await self.house.planning.look()
            await self._until(datetime.combine(date, READS, zone))
            await self._read()
            if (last - date).days == 3:
                await self._extend(last + timedelta(days=7))
            reminded = await self._reminded(began, day)
            await self._until(datetime.combine(date, SITS, zone))
            await self._sit(n, days_left(edition.due, self.clock.at, edition.call.zone), reminded)
            await self._until(datetime.combine(date + timedelta(days=1), time(0, 0), zone))
            await self._sum(day)
            season.days.append(day)
            told(day)
        season.cadre = await self._list(self._most_told())
        season.coordinator = await self._list(self.officer_conversation)
        return season

    # ------------------------------------------------------------ the beginning

    async def _open(self, call: str) -> None:
        house = self.house
        site, levels = house.settings.site, level_names()
        depth = len(levels) - levels.index(site.root_level)
        paths = tuple("/".join((site.root, *self._names(n, depth - 1))) for n in range(self.count))
        await house.act(AddUnits(paths=paths))
        opened = await house.act(OpenEdition(call=call))
        assert isinstance(opened, Acted)
        known = await house.readers.run(lambda c: editions.load(c, house.calls))
        self.edition = known[int(opened.result["edition"])]
        await self._hire(site.root)
        pictures = await self._pictures()
        for n, (path, habit) in enumerate(zip(paths, habits(self.count, self.chance), strict=True)):
            made = await house.act(MakeInvite(unit=path, uses=1, days=365))
            assert isinstance(made, Acted)
            self.cadres.append(
                Cadre(
                    address=Address(channel="page", external=f"season-{n}"),
                    link=str(made.result["link"]),
                    habit=habit,
                    start=min(LEAD - 4, int(self.chance.expovariate(1 / 9))),
                    rhythm=self.chance.randint(3, 8),
                    chance=Random(self.chance.random()),
                    pictures=pictures,
                )
            )

    def _names(self, n: int, depth: int) -> tuple[str, ...]:
        """A village's place below the root, by its number: twenty to a township, twenty of those to what is above."""
        return tuple(f"{n // 20**k + 1}" for k in range(depth - 1, -1, -1)) if depth > 0 else ()

    async def _hire(self, root: str) -> None:
        made = await self.house.act(MakeInvite(unit=root, role=COORDINATOR, uses=1, days=365))
        assert isinstance(made, Acted)
        address = Address(channel="page", external="season-office")
        await self._take([(address, Knock(at=self.clock.at, link=str(made.result["link"]), intent="new"))])
        visitor = await self.house.look.visitor(address)
        assert visitor is not None
        self.officer, self.officer_conversation = Actor(person=visitor.person), visitor.conversation
        await self.house.doors.act(self.officer, NameMyself(name=self.words.name.split()[0]))

    async def _pictures(self) -> tuple[SentFile, ...]:
        from bot.paper.pictures import blank

        visitor = await self.house.look.visitor(Address(channel="page", external="season-office"))
        assert visitor is not None
        found = []
        for n in range(8):
            data, name = blank(1280, 960, 90 + n * 9), f"season{n}"
            await self.house.files.begin(visitor.person, name, f"{n}.jpg", len(data))
            await self.house.files.put(visitor.person, name, 0, data)
            found.append(await self.house.files.finish(visitor.person, name))
        return tuple(found)

    # ------------------------------------------------------------ a day

    def _to(self, at: datetime) -> None:
        self.clock.at = max(self.clock.at, at.astimezone(UTC))

    async def _until(self, at: datetime) -> None:
        """From clock to clock, as they were set."""
        end = at.astimezone(UTC)
        while (due := await self.house.readers.run(jobs.next_wake)) is not None and due <= end:
            self.clock.at = max(due, self.clock.at)
            await self.house.wakes.ring_due()
            await self._work()
        self._to(end)

    async def _work(self) -> None:
        """What is wanted beside the turns; papers and pictures are let go, since nobody would look at them."""
        if await self.house.readers.run(rehearsal.is_wanted):
            await self.house.desk.submit(rehearsal.drop_papers)
            await self.house.workers.drain()

    async def _sit(self, day: int, left: int, reminded: Sequence[int]) -> None:
        """Everybody who sits down today writes, one thing after the other; those of different people go together."""
        prompted = {id(self.owners[c]) for c in reminded if c in self.owners}
        for cadre in self.cadres:
            cadre.sit_down(day, left, id(cadre) in prompted)
        edition = self.edition
        assert edition is not None
        while True:
            said = [
                (c, incoming)
                for c in self.cadres
                if c.steps > 0 and (incoming := c.next(self.clock.at, edition.call, self.words)) is not None
            ]
            if not said:
                return
            self.clock.at += timedelta(seconds=20)
            for start in range(0, len(said), BATCH):
                some = said[start : start + BATCH]
                taken = await self._take([(c.address, incoming) for c, incoming in some])
                for (cadre, _), one in zip(some, taken, strict=True):
                    self._heard(cadre, one)

    def _heard(self, cadre: Cadre, taken: Taken) -> None:
        if isinstance(taken.stands, Standing):
            cadre.before = Before.of(taken.stands.mind)
            self.owners[taken.conversation] = cadre
        faces = [face for message in taken.replies for face in message.buttons]
        if faces:
            cadre.faces = faces

    async def _take(self, said: Sequence[tuple[Address, Incoming]]) -> list[Taken]:
        updates = []
        for address, incoming in said:
            self.refs += 1
            ref = f"season:{self.refs}"
            updates.append(Update(address=address, ref=ref, incoming=incoming, digest=ref))
        return await self.house.desk.take(updates)

    async def _read(self) -> None:
        """The office passes what came, and returns some of it."""
        assert self.officer is not None and self.edition is not None
        edition, fine = self.edition.id, []
        for case, n in await self.house.readers.run(lambda c: rehearsal.waiting(c, edition)):
            if n == 1 and self.chance.random() < RETURNED:
                await self.house.doors.act(self.officer, ReturnCase(case=case, n=n, reason=self.words.line))
            else:
                fine.append((case, n))
        for start in range(0, len(fine), TICKED):
            await self.house.doors.act(self.officer, PassCases(cases=tuple(fine[start : start + TICKED])))

    async def _extend(self, until: object) -> None:
        assert self.edition is not None
        units = await self.house.readers.run(rehearsal.villages)
        for path in units[::EXTENDED]:
            await self.house.act(Extend(edition=self.edition.id, unit=path, until=until))  # type: ignore[arg-type]

    # ------------------------------------------------------------ what came of it

    async def _reminded(self, since: datetime, day: Day) -> list[int]:
        """Who was reminded today, by conversation."""
        told = await self.house.readers.run(lambda c: rehearsal.told_since(c, since))
        writers = [conversation for conversation in told if conversation != self.officer_conversation]
        self.told.update(writers)
        day.told, day.digests = len(writers), len(told) - len(writers)
        day.most = max(Counter(writers).values(), default=0)
        return writers

    async def _sum(self, day: Day) -> None:
        assert self.edition is not None
        edition = self.edition.id
        day.joined, day.drafts, day.submitted = await self.house.readers.run(lambda c: rehearsal.counts(c, edition))

    def _most_told(self) -> int:
        """The conversation of somebody who came, wrote, and was reminded often."""
        busy = [c for c, cadre in self.owners.items() if cadre.habit == "prompted"] or list(self.owners)
        return max(busy, key=lambda c: self.told.get(c, 0), default=0)

    async def _list(self, conversation: int) -> list[Heard]:
        rows = await self.house.readers.run(lambda c: rehearsal.unasked(c, conversation))
        return [Heard(at, text, buttons) for at, text, buttons in rows]


class Stage:
    """The house of a rehearsal, in a folder that goes with it."""

    def __init__(self, open_house: Callable[[Path, World], House], begin: datetime) -> None:
        self._open, self._clock = open_house, Hands(begin)
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> tuple[House, Hands]:
        folder = self._closing.enter_context(TemporaryDirectory(prefix="anlitong-season-"))
        house: House = await self._closing.enter_async_context(self._open(Path(folder), self._clock))
        return house, self._clock

    async def __aexit__(self, *error: object) -> None:
        await self._closing.aclose()
