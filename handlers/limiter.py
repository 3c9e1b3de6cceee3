"""The pace in which a bot may send: one limiter for a token, whatever library speaks.

A chat has a bucket of its own, all chats have one in common. A reply waits for its chat's bucket alone and goes on
the common one's account; a notice waits for both, and steps back behind replies. The common bucket is small: a long
run of notices then leaves Telegram's own burst untouched, and that is there for replies. What Telegram says itself
(429) holds a chat, or the whole bot, for exactly as long as it says. For a while after a hold of the whole bot
replies go in the common pace as well, or what has gathered meanwhile would only be refused again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from bot.world import World

PACED = frozenset({"sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup"})
UNHELD = frozenset({"getUpdates", "getMe", "getFile"})
_HAIR = 0.97  # of Telegram's pace: two messages may come nearer to each other on their way
_SPARE = 2.0  # how many notices may go at once
_TOGETHER = 1.0  # seconds within which refusals of two chats mean the whole bot
_STRICT = 10.0  # seconds for which replies keep the common pace after the whole bot was held
_FORGET = 5.0  # seconds between two looks for chats that need not be known any more
_ENOUGH = 1e-9  # what floats may lose of a token
_LEAST = 0.001  # seconds of a pause, so that none ends a hair too early

_Queue = deque[asyncio.Future[None]]
_notice: ContextVar[bool] = ContextVar("telegram_notice", default=False)


@contextmanager
def notice() -> Iterator[None]:
    """What is sent inside was not asked for at this moment: it goes behind replies."""
    before = _notice.set(True)
    try:
        yield
    finally:
        _notice.reset(before)


class _Bucket:
    """Tokens that come back with time. `least`: how far it may be overdrawn, at most 0."""

    __slots__ = ("_at", "_least", "_level", "_most", "_rate")

    def __init__(self, most: float, rate: float, now: float, least: float = 0.0) -> None:
        self._most, self._rate, self._least = most, rate, least
        self._level, self._at = most, now

    def wait(self, now: float, tokens: float = 1.0) -> float:
        """Seconds until so many tokens are in it; 0: they are."""
        self._level, self._at = min(self._most, self._level + (now - self._at) * self._rate), now
        missing = tokens - self._level
        return missing / self._rate if missing > _ENOUGH else 0.0

    def take(self) -> None:
        """Takes a token, on credit if there is none."""
        self._level = max(self._least, self._level - 1.0)

    def give_back(self) -> None:
        """One that was taken and not used."""
        self._level = min(self._most, self._level + 1.0)

    def drain(self, now: float, seconds: float) -> None:
        """Nothing is in it until so many seconds are over."""
        self.wait(now)
        self._level = min(self._level, -seconds * self._rate)

    def full(self, now: float) -> bool:
        """Whether it is as it was in the beginning."""
        return not self.wait(now, self._most)


class _Line:
    """One chat: its bucket, until when it is held, and who waits, each kind in its order."""

    __slots__ = ("bucket", "free", "held", "lined_up", "notices", "replies", "timer")

    def __init__(self, bucket: _Bucket) -> None:
        self.bucket = bucket
        self.held = 0.0
        self.free: _Queue = deque()
        self.replies: _Queue = deque()
        self.notices: _Queue = deque()
        self.lined_up: set[bool] = set()  # the kinds for which it stands in the common line
        self.timer: asyncio.TimerHandle | None = None

    def kind(self, told: bool) -> _Queue:
        """Notices (`told`) or replies."""
        return self.notices if told else self.replies

    @property
    def empty(self) -> bool:
        """Whether nobody waits."""
        return not (self.free or self.replies or self.notices)


def _stands(queue: _Queue) -> bool:
    """Whether anybody is first in it, those who have gone away passed over."""
    while queue and queue[0].done():
        queue.popleft()
    return bool(queue)


class Limiter:
    """Lets requests go when they may. For one event loop; the numbers are messages and messages a second."""

    def __init__(
        self, *, world: World, per_second: float = 30.0, chat_burst: float = 3.0, chat_per_second: float = 1.0
    ) -> None:
        now = world.monotonic()
        self.waiting = 0
        self._world = world
        self._burst, self._rate = max(1.0, chat_burst), chat_per_second * _HAIR
        self._needs = {False: 1.0, True: min(2.0, self._burst)}  # a notice leaves a token for a reply
        self._common = _Bucket(_SPARE, per_second * _HAIR, now, least=-per_second)
        self._lines: dict[int | None, _Line] = {}  # None: requests that belong to no chat
        self._turns: dict[bool, deque[int | None]] = {False: deque(), True: deque()}  # chats; True: for notices
        self._held = 0.0  # the whole bot, until then
        self._strict = 0.0  # replies go in the common pace too, until then
        self._refused: tuple[int | None, float] = (None, float("-inf"))
        self._timer: asyncio.TimerHandle | None = None
        self._looked = now

    @property
    def known(self) -> int:
        """How many chats are known at this moment."""
        return len(self._lines)

    async def passes(self, chat: int | None, method: str) -> None:
        """Returns when the request may go. `chat` None: it belongs to none."""
        if method in UNHELD:
            return
        now = self._world.monotonic()
        self._forget(now)
        line = self._line(chat, now)
        if method not in PACED or chat is None:
            if self._hold_of(line) > now:
                await self._wait(chat, line, line.free)
            return
        told = _notice.get()
        if not self._goes_at_once(line, now, told):
            await self._wait(chat, line, line.kind(told))

    def hold(self, chat: int | None, seconds: float) -> None:
        """Telegram has refused: nothing goes to this chat for so many seconds, nor to any if `chat` is None or
        another chat was refused within the last second. A hold is never shortened."""
        now = self._world.monotonic()
        before, at = self._refused
        self._refused = (chat, now)
        if chat is not None:
            line = self._line(chat, now)
            line.held = max(line.held, now + seconds)
        if chat is None or (before not in (None, chat) and now - at <= _TOGETHER):
            self._held = max(self._held, now + seconds)
            self._strict = self._held + _STRICT
            self._common.drain(now, self._held - now)

    # ------------------------------------------------------------ one chat

    def _line(self, chat: int | None, now: float) -> _Line:
        line = self._lines.get(chat)
        if line is None:
            line = self._lines[chat] = _Line(_Bucket(self._burst, self._rate, now))
        return line

    def _forget(self, now: float) -> None:
        """A chat with a full bucket is like one that was never heard of."""
        if now - self._looked < _FORGET:
            return
        self._looked = now
        for chat, line in list(self._lines.items()):
            if line.empty and not line.lined_up and line.held <= now and line.bucket.full(now):
                del self._lines[chat]

    def _hold_of(self, line: _Line) -> float:
        return max(line.held, self._held)

    def _in_common_pace(self, now: float, told: bool) -> bool:
        return told or now < self._strict or bool(self._turns[False])

    def _goes_at_once(self, line: _Line, now: float, told: bool) -> bool:
        """Takes the tokens if they are there and nobody stands before."""
        if line.replies or line.kind(told) or self._hold_of(line) > now or line.bucket.wait(now, self._needs[told]):
            return False
        before = self._turns[False] or (told and self._turns[True])
        common = self._common.wait(now)
        if self._in_common_pace(now, told) and (before or common):
            return False
        self._take(line)
        return True

    def _take(self, line: _Line) -> None:
        line.bucket.take()
        self._common.take()

    async def _wait(self, chat: int | None, line: _Line, queue: _Queue) -> None:
        one: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(one)
        self.waiting += 1
        try:
            self._serve(chat, line)
            await one
        except asyncio.CancelledError:
            if one.cancelled():
                with suppress(ValueError):  # it may have been passed over in between
                    queue.remove(one)
            elif queue is not line.free:  # it was let go in the very moment
                line.bucket.give_back()
                self._common.give_back()
            self._serve(chat, line)
            raise
        finally:
            self.waiting -= 1

    def _serve(self, chat: int | None, line: _Line) -> None:
        """Lets go whoever may in a chat, and then in the common line."""
        self._look(chat, line)
        self._serve_common()

    def _look(self, chat: int | None, line: _Line) -> None:
        """Lets go whoever needs no place in the common line; sees to it that the chat is looked at again in time."""
        if line.timer is not None:
            line.timer.cancel()
            line.timer = None
        if line.empty:
            return
        now = self._world.monotonic()
        if (held := self._hold_of(line) - now) > 0:
            line.timer = self._later(held, self._serve, chat, line)
            return
        while _stands(line.free):
            line.free.popleft().set_result(None)
        while _stands(line.replies) and not self._in_common_pace(now, False) and not line.bucket.wait(now):
            self._common.wait(now)
            self._take(line)
            line.replies.popleft().set_result(None)
        if line.replies or _stands(line.notices):
            told = not line.replies
            if wait := line.bucket.wait(now, self._needs[told]):
                line.timer = self._later(wait, self._serve, chat, line)
            elif told not in line.lined_up:
                line.lined_up.add(told)
                self._turns[told].append(chat)

    # ------------------------------------------------------------ all chats

    def _serve_common(self) -> None:
        """Lets go whoever stands in the common line and may: replies first."""
        now = self._world.monotonic()
        while self._timer is None and (self._turns[False] or self._turns[True]):
            if wait := max(0.0, self._held - now, self._common.wait(now)):
                self._timer = self._later(wait, self._wake)
                return
            told = not self._turns[False]
            chat = self._turns[told].popleft()
            line = self._lines[chat]
            line.lined_up.discard(told)
            queue = line.kind(told)
            # No reply of the chat is passed by: where one waits for the bucket, there is not enough for a notice.
            if _stands(queue) and self._hold_of(line) <= now and not line.bucket.wait(now, self._needs[told]):
                self._take(line)
                queue.popleft().set_result(None)
            self._look(chat, line)

    def _wake(self) -> None:
        self._timer = None
        self._forget(self._world.monotonic())
        self._serve_common()

    def _later(self, seconds: float, do: Callable[..., None], *about: object) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(max(seconds, _LEAST), do, *about)
