"""What happens without anybody speaking: due wakes ring, kept-until days pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.acts import OpenEdition, TimeOut
from bot.batch import HOUSE
from bot.channel import Address, Take, Update
from bot.doors import Refusal
from bot.engine.definition import Call
from bot.engine.messages import Woke
from bot.errors import StoreError
from bot.office import closing
from bot.world import World
from storage import deliveries, editions, jobs, retention, updates
from storage.files import FileStore
from storage.jobs import Due
from storage.readers import Readers, Run
from storage.records import EventRow, add_events

LEASE = timedelta(minutes=1)
MANY = 64
UPDATES_KEPT = timedelta(days=90)  # no messenger delivers again after that, and no page waits so long
JOBS_KEPT = timedelta(days=30)
_LOOK_EVERY = 5.0  # seconds, at most, between two looks at the clock
_CLEAN_EVERY = 3600.0
_ROLL_EVERY = 60.0
_CLOSE_EVERY = 20.0


class Wakes:
    """Turns wakes that are due into `Woke` updates."""

    def __init__(self, *, take: Take, write: Run, readers: Readers, world: World) -> None:
        self._take = take
        self._write = write
        self._readers = readers
        self._world = world
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """A clock was set: it may be the next."""
        self._bell.set()

    async def run(self) -> None:
        """Looks at the clock for ever."""
        while True:
            pause = _LOOK_EVERY
            self._bell.clear()
            with suppress(StoreError):
                await self.ring_due()
                pause = await self._pause()
            with suppress(TimeoutError):  # not wait_for: on 3.11 it loses a cancellation that comes with the bell
                async with asyncio.timeout(pause):
                    await self._bell.wait()

    async def ring_due(self) -> int:
        """Rings what is due now; returns how many."""
        now = self._world.now()
        due = await self._readers.run(jobs.next_wake)
        if due is None or due > now:
            return 0
        woken = await self._write(lambda c: jobs.claim_wakes(c, now, now + LEASE, MANY))
        if woken:
            await self._take([_as_update(wake, now) for wake in woken])
        return len(woken)

    async def _pause(self) -> float:
        due = await self._readers.run(jobs.next_wake)
        left = (due - self._world.now()).total_seconds() if due else _LOOK_EVERY
        return min(max(left, 0.05), _LOOK_EVERY)


def _as_update(wake: Due, now: datetime) -> Update:
    ref = f"wake:{wake.conversation}:{wake.kind}:{wake.due.isoformat()}"
    woke = Woke(at=now, ref=ref, kind=wake.kind, data=wake.data)
    return Update(address=Address(channel=HOUSE, external=str(wake.conversation)), ref=ref, incoming=woke, digest=ref)


async def roll(act: Callable[[object], Awaitable[object]], calls: Iterable[Call]) -> None:
    """Opens the next round of each call that rolls by month once the last one has ended; for ever."""
    rolling = [call.id for call in calls if call.monthly]
    while True:
        for call in rolling:
            with suppress(StoreError):
                await act(OpenEdition(call=call, next=True))
        await asyncio.sleep(_ROLL_EVERY)


async def close_levels(
    act: Callable[[object], Awaitable[object]], readers: Readers, calls: Mapping[str, Call], world: World
) -> None:
    """Carries out what the dates of the levels bring, some cases at a time, soon after the minute; for ever."""
    while True:
        with suppress(StoreError):
            while await readers.run(lambda c: closing.waits(c, calls, world.now())):
                if isinstance(await act(TimeOut()), Refusal):
                    break  # another process was quicker
        await asyncio.sleep(_CLOSE_EVERY)


class Retention:
    """Keeps the promise made at the start: what is past its day goes. Files nobody names go as well."""

    def __init__(
        self, *, write: Run, readers: Readers, files: FileStore, calls: Mapping[str, Call], world: World, root: str
    ) -> None:
        self._write = write
        self._readers = readers
        self._files = files
        self._calls = calls
        self._world = world
        self._root = root

    async def run(self) -> None:
        """Cleans every hour."""
        while True:
            with suppress(StoreError):
                await self.clean()
            await asyncio.sleep(_CLEAN_EVERY)

    async def clean(self) -> None:
        """One round. Each edition goes in a transaction of its own, with its event."""
        now = self._world.now()
        for edition in await self._readers.run(self._over):
            await self._write(partial(self._let_go, edition=edition, now=now))
        await self._write(lambda c: updates.forget(c, now - UPDATES_KEPT))
        await self._write(lambda c: (jobs.forget_jobs(c, now - JOBS_KEPT), deliveries.forget(c, now - JOBS_KEPT)))
        await self._files.sweep(now)

    def _over(self, connection: Connection) -> list[int]:
        now, known = self._world.now(), editions.load(connection, self._calls)
        past = [e for e in known.values() if now.astimezone(ZoneInfo(e.call.zone)).date() > e.office.keep_until]
        return [e.id for e in past if retention.is_kept(connection, e.id)]

    def _let_go(self, connection: Connection, *, edition: int, now: datetime) -> None:
        counts = retention.let_go(connection, edition)
        event = EventRow(
            id=self._world.new_id(),
            at=now,
            actor=0,
            kind="retention.let_go",
            draft=0,
            case=0,
            unit=self._root,
            params=counts,
        )
        add_events(connection, [event])
