"""Who is to be reminded today: planned once for each day, and anew when a date or a rule has changed.

A plan is wakes, spread over the hours in which people may be spoken to. It is made soon after midnight of each zone in
which something is collected, some people at a time, and what has changed until a wake rings is looked at then: so
nothing need be planned while people write. Two processes that plan at the same time set the same wakes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.engine.definition import Call, Edition, Extension, Reminder, deadline
from bot.engine.nudging import REMIND, planned
from bot.engine.reminding import Merged, Writer, merge, minute_of, next_wake, progresses, reached
from bot.engine.workdays import WorkDays
from bot.errors import StoreError
from bot.planning_offices import Around, digests, keep
from bot.workdays import china
from bot.world import World
from storage import editions, reminding
from storage.readers import Readers, Run
from storage.reminding import Wanted

WRITERS = "writers"  # the kind of the plan
MANY = 2000  # people at a time
CALM = timedelta(minutes=10)  # between two plans of one day, however often a date is changed
_LOOK_EVERY = 20.0
_TODAY = timedelta(days=1, hours=1)  # no day of any zone is longer

Wake = tuple[int, datetime, Mapping[str, Any]]


class Dates(NamedTuple):
    """What a plan is made of besides people: the open editions with their rules by their ids, and more time by edition
    and unit."""

    editions: Mapping[int, Edition]
    rules: Mapping[int, tuple[Reminder, ...]]
    more: Mapping[tuple[int, int], tuple[Extension, ...]]
    granted: tuple[Extension, ...] = ()

    def until(self, edition: Edition, writer: Writer, back_by: datetime | None) -> datetime:
        """A writer's own date: only the unit's own extensions are gone through, since this is asked of everybody."""
        more = self.more.get((edition.id, writer.unit), ())
        return deadline(edition, "", writer.unit, more, back_by=back_by, person=writer.person)


class _Part(NamedTuple):
    """Of some people: new wakes, and what is told at a time they chose."""

    wakes: list[Wake]
    chosen: list[tuple[int, Mapping[str, Any]]]


class Planning:
    """Looks whether a plan is to be made, and makes it. `ring`: there are new wakes."""

    def __init__(
        self,
        *,
        write: Run,
        readers: Readers,
        calls: Mapping[str, Call],
        world: World,
        root: str,
        levels: tuple[str, ...],
        ring: Callable[[], None],
    ) -> None:
        self._write = write
        self._readers = readers
        self._calls = calls
        self._world = world
        self._tree = root, levels
        self._ring = ring
        self._days = china()

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            with suppress(StoreError):
                await self.look()
            await asyncio.sleep(_LOOK_EVERY)

    async def look(self) -> int:
        """Plans if there is anything to plan; returns how many people are to be reminded."""
        now = self._world.now()
        dates, known = await self._readers.run(self._read)
        made_of = _made_of(dates, now)
        if known is not None and _fits(known, made_of, now):
            return 0
        count = await self.plan(dates, now)
        await self.plan_offices(dates, now)
        await self._write(lambda c: reminding.note_plan(c, WRITERS, made_of, now))
        return count

    async def plan(self, dates: Dates, now: datetime) -> int:
        """Goes through all people, some at a time; returns how many are to be reminded today."""
        wanted = self._wanted(dates, now)
        ids = await self._readers.run(lambda c: reminding.wanted_ids(c, wanted))
        part, count = _Part([], []), 0
        for start in range(0, len(ids) + MANY, MANY):  # the next are looked at while these are written
            some = ids[start : start + MANY]
            reading = self._readers.run(partial(self._part, dates=dates, ids=some, now=now))
            _, part = await asyncio.gather(self._set(part), reading)
            count += len(part.wakes) + len(part.chosen)
        return count

    async def _set(self, part: _Part) -> None:
        if part.wakes or part.chosen:
            await self._write(partial(_keep, part=part))
            self._ring()

    async def plan_offices(self, dates: Dates, now: datetime) -> int:
        """The same for those who oversee units; returns how many are told this morning how things stand."""
        around = Around(dates.editions, dates.granted, *self._tree)
        found = await self._readers.run(lambda c: digests(c, around, now, self._days))
        if found:
            await self._write(lambda c: keep(c, found))
            self._ring()
        return len(found)

    def _read(self, connection: Connection) -> tuple[Dates, tuple[str, datetime] | None]:
        return read_dates(connection, self._calls), reminding.planned(connection, WRITERS)

    def _wanted(self, dates: Dates, now: datetime) -> Wanted:
        found = (
            (e.id, reached(dates.rules[e.id], e.due, e.call.zone, now, self._days)) for e in dates.editions.values()
        )
        mornings = {id: end for id, end in found if end is not None}
        return Wanted(list(dates.editions), mornings, {unit for _, unit in dates.more})

    def _part(self, connection: Connection, *, dates: Dates, ids: Sequence[int], now: datetime) -> _Part:
        page, part = reminding.page(connection, dates.editions.keys(), ids), _Part([], [])
        for writer in page.writers:
            plan = plan_of(writer, dates, now, self._days)
            if plan is None:
                continue
            chosen = page.chosen.get(writer.person)
            zone = ZoneInfo(plan.wakes[0].zone)
            today = now.astimezone(zone).date()
            conversation, data = page.conversations[writer.person], planned(plan.wakes, today)
            if plan.day == today and chosen is not None and chosen.astimezone(zone).date() == today:
                part.chosen.append((conversation, data))
            elif plan.day == today:
                part.wakes.append((conversation, plan.at, data))
        return part


def plan_of(writer: Writer, dates: Dates, now: datetime, days: WorkDays) -> Merged | None:
    """The next message of somebody, as far as it may be one of today's; none on a day on which they were reminded
    already."""
    minute, found = minute_of(writer.person), []
    for progress in progresses(writer, dates.editions, dates.until, now):
        wake = next_wake(dates.rules[progress.edition], progress, now, days, minute)
        if wake is not None and wake.at - now < _TODAY:
            found.append(wake)
    if not found:
        return None
    zone = ZoneInfo(found[0].zone)
    told = {known.told.astimezone(zone).date() for known in writer.reminded.values() if known.told is not None}
    return merge(found, told)


def read_dates(connection: Connection, calls: Mapping[str, Call]) -> Dates:
    """What can be written for now."""
    known = editions.load(connection, calls)
    open_ = {id: edition for id, edition in known.items() if not edition.closed}
    granted = tuple(e for e in editions.granted(connection) if e.edition in open_)
    rules = {id: edition.call.reminding for id, edition in open_.items()}
    more: dict[tuple[int, int], tuple[Extension, ...]] = {}
    for one in granted:
        if not one.level:
            more[one.edition, one.unit] = (*more.get((one.edition, one.unit), ()), one)
    return Dates(open_, rules, more, granted)


def _keep(connection: Connection, *, part: _Part) -> None:
    reminding.set_reminders(connection, REMIND, part.wakes)
    for conversation, data in part.chosen:
        reminding.add_to_chosen(connection, conversation, data)


def _made_of(dates: Dates, now: datetime) -> str:
    """The days that are today, then all that decides whom to remind, as one text each."""
    found = dates.editions.values()
    today = sorted({f"{e.call.zone} {now.astimezone(ZoneInfo(e.call.zone)).date()}" for e in found})
    rules = sorted((e.id, e.due.isoformat(), repr(sorted(e.dates.items())), repr(e.call.reminding)) for e in found)
    more = sorted((e.edition, e.level, e.unit, e.person, e.until.isoformat()) for e in dates.granted)
    return f"{', '.join(today)}\n{hashlib.sha256(repr((rules, more)).encode()).hexdigest()}"


def _fits(known: tuple[str, datetime], made_of: str, now: datetime) -> bool:
    """Whether the last plan is good enough: of this day, and of these dates or only just made."""
    if known[0] == made_of:
        return True
    same_day = known[0].partition("\n")[0] == made_of.partition("\n")[0]
    return same_day and timedelta(0) <= now - known[1] < CALM
