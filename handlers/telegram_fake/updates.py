"""What waits for the bot: updates until they are confirmed, fetched by polling or pushed to a webhook."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from handlers.telegram_fake.clock import Clock
from handlers.telegram_fake.trouble import Refused

Json = dict[str, Any]
UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})  # only for who names them
KEPT = 24 * 3600  # seconds
_LONGEST_POLL = 50
_WEBHOOK = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
_OTHER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_SET = "Conflict: terminated by setWebhook request"


class Updates:
    """The queue of one bot. `pushing` takes what is new while a webhook is set, else it is None."""

    def __init__(self, clock: Clock, first: int = 100_000_001) -> None:
        self._clock = clock
        self._next = first
        self._pending: OrderedDict[int, tuple[float, Json]] = OrderedDict()
        self._poll: asyncio.Future[str] | None = None
        self.allowed: tuple[str, ...] = ()
        self.pushing: Callable[[Json], None] | None = None

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def polled(self) -> bool:
        """Whether a poll waits."""
        return self._poll is not None

    def renumber(self, first: int) -> None:
        """Goes on with other ids, as Telegram does after a week without updates."""
        self._next = first

    def add(self, kind: str, value: Json) -> int | None:
        """A new update of a kind; its id, or None if the bot did not ask for this kind."""
        if (kind not in self.allowed) if self.allowed else (kind in UNASKED):
            return None
        return self.add_raw({kind: dict(value)})  # as it is now: the message itself may still be edited

    def add_raw(self, payload: Json) -> int:
        """Any update, whatever the bot asked for, even of a kind that there is not."""
        update = {"update_id": self._next, **payload}
        self._next += 1
        self._pending[int(update["update_id"])] = (self._clock.now(), update)
        if self.pushing:
            self.pushing(update)
        else:
            self._end_poll("")
        return int(update["update_id"])

    def pending(self) -> Sequence[Json]:
        """All that are not confirmed."""
        self._forget_old()
        return [update for _, update in self._pending.values()]

    def done(self, update: Json) -> None:
        """A webhook took this one."""
        self._pending.pop(int(update["update_id"]), None)

    def drop(self) -> None:
        """Forgets all that wait."""
        self._pending.clear()

    def end(self) -> None:
        """A poll under way ends without an update."""
        self._end_poll("")

    def webhook_set(self) -> None:
        """A poll under way ends."""
        self._end_poll(_SET)

    async def poll(self, offset: int, limit: int, timeout: int) -> list[Json]:
        """getUpdates. Raises Refused 409 for a set webhook, or when another poll takes over."""
        if self.pushing:
            raise Refused(409, _WEBHOOK)
        self._end_poll(_OTHER)
        self._confirm(offset)
        if not self._pending and timeout > 0:
            await self._wait(min(timeout, _LONGEST_POLL))
        return [update for _, update in islice(self._pending.values(), max(1, min(limit or 100, 100)))]

    async def _wait(self, seconds: int) -> None:
        poll: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._poll = poll
        timer = asyncio.create_task(self._clock.sleep(seconds))
        try:
            either: set[asyncio.Future[Any]] = {poll, timer}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if poll.done() and poll.result():
                raise Refused(409, poll.result())
        finally:
            timer.cancel()
            if self._poll is poll:
                self._poll = None

    def _end_poll(self, why: str) -> None:
        if self._poll and not self._poll.done():
            self._poll.set_result(why)

    def _confirm(self, offset: int) -> None:
        self._forget_old()
        if offset < 0:
            while len(self._pending) > -offset:
                self._pending.popitem(last=False)
        while offset > 0 and self._pending and next(iter(self._pending)) < offset:
            self._pending.popitem(last=False)

    def _forget_old(self) -> None:
        while self._pending and self._clock.now() - next(iter(self._pending.values()))[0] > KEPT:
            self._pending.popitem(last=False)
