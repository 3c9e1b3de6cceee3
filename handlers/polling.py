"""The getUpdates loop that both libraries share: the offset moves only after what was fetched is committed.

Telegram keeps an update until a later offset is asked for; so what is not committed is fetched again, and what is
fetched twice is known by its ref. An offset is used once: Telegram numbers anew after a quiet week.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from bot.errors import ChannelError, StoreError, TryLater
from bot.world import World
from handlers.telegram_common import Conflict, Library, WrongToken

Raw = Mapping[str, Any]
Hear = Callable[[Sequence[Raw]], Awaitable[None]]

_POLL = 25  # seconds that Telegram waits for something new
_LONGEST = 30.0  # seconds between two tries
_TO_ITS_END = 5.0  # seconds that a batch may take when we are told to stop in the middle of it
_log = structlog.get_logger("telegram")


class Poller:
    """Fetches updates for ever and hands them to `hear`, which returns when they are committed. `api`: the host that is
    named in the log when it cannot be reached."""

    def __init__(self, library: Library, hear: Hear, world: World, api: str) -> None:
        self._api = api
        self._library = library
        self._hear = hear
        self._world = world
        self._troubled = ""
        self._next = 0
        self.fetched = 0

    async def run(self) -> None:
        """Raises WrongToken; everything else is waited for: Telegram, another poller, the database."""
        pause = 0.5
        while True:
            try:
                raws = await self._library.updates(self._next, seconds=_POLL)
            except WrongToken:
                raise
            except ChannelError as trouble:
                await self._trouble(trouble, pause)
                pause = min(pause * 2, _LONGEST)
                continue
            if self._troubled:
                self._troubled = ""
                _log.info("fetching again")
            pause = 0.5
            self.fetched += len(raws)
            self._next = 0
            if raws:
                await self._heard(raws)

    async def confirm(self) -> None:
        """Tells Telegram, when we stop, what was committed: or it would come once more."""
        if self._next:
            with suppress(ChannelError, TimeoutError):
                async with asyncio.timeout(2):
                    await self._library.updates(self._next, seconds=0)

    async def _heard(self, raws: Sequence[Raw]) -> None:
        """Returns when they are committed."""
        pause = 0.2
        while True:
            try:
                await self._one_try(raws)
                return
            except StoreError as error:
                _log.warning("the database is away", kind=type(error).__name__, waiting=len(raws))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST)

    async def _one_try(self, raws: Sequence[Raw]) -> None:
        """Done to its end even when we are told to stop: what is committed is confirmed, and answered."""
        work = asyncio.ensure_future(self._hear(raws))
        work.add_done_callback(lambda done: self._settle(done, raws))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work], timeout=_TO_ITS_END)
            raise

    def _settle(self, work: asyncio.Future[None], raws: Sequence[Raw]) -> None:
        if not work.cancelled() and work.exception() is None:
            self._next = int(raws[-1]["update_id"]) + 1

    async def _trouble(self, trouble: ChannelError, pause: float) -> None:
        """Says once what hinders, and waits: a little at random, so that many do not come back as one."""
        line = "not to be reached, trying on"
        if isinstance(trouble, Conflict):
            line = "another program fetches this bot's updates, or a webhook is set; waiting"
        if line != self._troubled:
            self._troubled = line
            _log.warning(line, api=self._api)
        wait = trouble.after if isinstance(trouble, TryLater) else 0.0
        await asyncio.sleep(max(wait, pause * (0.5 + self._world.fraction())))
