"""What happens without anybody speaking: owed messages are sent, due wakes ring, kept-until days pass."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from bot.batch import HOUSE
from bot.channel import Address, Channel, Take, Update
from bot.engine.definition import Call
from bot.engine.messages import Woke
from bot.errors import Blocked, NotYet, Refused, StoreError, TryLater
from bot.world import World
from storage import editions, jobs, retention, updates
from storage.files import FileStore
from storage.jobs import Delivery, Due
from storage.readers import Readers, Run
from storage.records import EventRow, add_events

LEASE = timedelta(minutes=1)
MANY = 64
UPDATES_KEPT = timedelta(days=90)  # no messenger delivers again after that, and no page waits so long
JOBS_KEPT = timedelta(days=30)
_LOOK_EVERY = 5.0  # seconds, at most, between two looks at the clock
_DELIVER_EVERY = 1.0
_CLEAN_EVERY = 3600.0
_log = structlog.get_logger("loops")


class Wakes:
    """Turns wakes that are due into `Woke` updates."""

    def __init__(self, *, take: Take, write: Run, readers: Readers, world: World) -> None:
        self._take = take
        self._write = write
        self._readers = readers
        self._world = world

    async def run(self) -> None:
        """Looks at the clock for ever."""
        while True:
            with suppress(StoreError):
                await self.ring_due()
            await asyncio.sleep(await self._pause())

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
        return min(max(left, 0.5), _LOOK_EVERY)


def _as_update(wake: Due, now: datetime) -> Update:
    ref = f"wake:{wake.conversation}:{wake.kind}:{wake.due.isoformat()}"
    woke = Woke(at=now, ref=ref, kind=wake.kind, data=wake.data)
    return Update(address=Address(channel=HOUSE, external=str(wake.conversation)), ref=ref, incoming=woke, digest=ref)


class Deliveries:
    """Sends what is owed to messengers, in order per address. The page reads by its cursor and needs none."""

    def __init__(self, *, channels: Mapping[str, Channel], write: Run, world: World) -> None:
        self._channels = channels
        self._write = write
        self._world = world

    async def run(self) -> None:
        """Sends for ever."""
        while True:
            sent = 0
            with suppress(StoreError):
                sent = await self.send_owed()
            if not sent:
                await asyncio.sleep(_DELIVER_EVERY)

    async def send_owed(self) -> int:
        """Sends one message to each address that is owed some; returns how many were tried."""
        now = self._world.now()
        owed = await self._write(lambda c: jobs.claim_deliveries(c, tuple(self._channels), now, now + LEASE, MANY))
        await asyncio.gather(*(self._send(delivery) for delivery in owed))
        return len(owed)

    async def _send(self, owed: Delivery) -> None:
        now = self._world.now()
        try:
            sent = await self._channels[owed.to.channel].send(owed.to, owed.message, f"{owed.conversation}:{owed.seq}")
        except Blocked:
            await self._write(lambda c: jobs.blocked(c, owed.to))
        except Refused:
            await self._write(lambda c: jobs.failed(c, owed.id))
        except (TryLater, NotYet) as wait:
            after = now + timedelta(seconds=wait.after) if isinstance(wait, TryLater) else wait.until
            await self._write(lambda c: jobs.again(c, owed.id, after))
        except Exception as error:
            _log.warning("not sent", channel=owed.to.channel, kind=type(error).__name__, tries=owed.tries)
            again = now + timedelta(seconds=min(2.0**owed.tries, 300))
            await self._write(lambda c: jobs.again(c, owed.id, again))
        else:
            await self._write(lambda c: jobs.sent(c, owed.id, sent.external))


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
        await self._write(lambda c: (updates.forget(c, now - UPDATES_KEPT), jobs.forget_jobs(c, now - JOBS_KEPT)))
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
