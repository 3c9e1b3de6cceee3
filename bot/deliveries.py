"""Sends what is owed to messengers, in order per address, turn by turn.

What this process has just taken is handed over in memory, already claimed; everything else that is owed (after
a restart, after a failure, by another process) is looked for in the database. As long as it is not known what lies
there, nothing is sent to an address before that. What was sent is noted many at a time, and before the next message
to the same address: who is killed has sent no more than one there that will be sent again. A claim that is about to
lapse is not acted on: somebody else will.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.channel import Address, Channel, Debt, Face, Take, Trace, Update
from bot.engine.messages import Reach
from bot.errors import Blocked, ChannelError, NotYet, Refused, StoreError, TryLater
from bot.outcome import LEASE
from bot.sendings import Sending, sendings
from bot.wording import Wording
from bot.world import World
from storage import deliveries
from storage.readers import Run

_SAFE = 45.0  # seconds of a lease in which a message is still sent
_MANY = 256  # messages in hand: at Telegram's pace so many are sent well within their claim
_LOOK_EVERY = 1.0
_REMEMBERED = 10_000  # addresses of which one knows what stands there
_PATIENT = 15.0  # seconds that a message is waited for in memory; for longer it goes back
_TROUBLED = timedelta(minutes=1)  # until a channel that takes nothing at all is tried again
_LONGEST = 300.0
_log = structlog.get_logger("deliveries")


@dataclass(slots=True, eq=False)
class _Turn:
    """The messages of one turn that are still to be sent, and since when they are claimed."""

    debts: tuple[Debt, ...]
    since: float
    sendings: list[Sending]

    @property
    def grows(self) -> bool:
        """Whether it is nothing but an acknowledgement that a later one replaces."""
        return len(self.sendings) == 1 and self.sendings[0].message.slot == "gather"

    @property
    def left(self) -> tuple[int, ...]:
        """The deliveries that are not settled yet."""
        return tuple(id for sending in self.sendings for id in sending.settles)


@dataclass(slots=True, eq=False)
class _Line:
    """What waits for one address, and what stands there."""

    to: Address
    trace: Trace
    turns: deque[_Turn] = field(default_factory=deque)
    edited: float = -_LONGEST
    noting: asyncio.Future[None] | None = None
    task: asyncio.Task[None] | None = None
    more: asyncio.Event = field(default_factory=asyncio.Event)


class Deliveries:
    """Delivers until closed. Channels are added when they are opened; `alone`: nobody else serves this database."""

    def __init__(self, *, take: Take, write: Run, world: World, wording: Wording, alone: bool = False) -> None:
        self._take = take
        self._write = write
        self._world = world
        self._wording = wording
        self._alone = alone
        self._channels: dict[str, Channel] = {}
        self._lines: dict[Address, _Line] = {}
        self._known: OrderedDict[Address, tuple[Trace, float]] = OrderedDict()
        self._held: dict[Address, datetime] = {}
        self._lining_up: Counter[Address] = Counter()
        self._claims: set[asyncio.Task[Any]] = set()
        self._behind = True
        self._foreign: datetime | None = None
        self._resting: dict[str, datetime] = {}
        self._closing = False
        self._settled: list[tuple[int, str, str]] = []
        self._unnoted: list[asyncio.Future[None]] = []
        self._traces: dict[Address, Trace] = {}
        self._settling: asyncio.Task[None] | None = None

    async def open(self, channel: Channel) -> None:
        """From now on this channel's messages are sent here."""
        while True:
            with suppress(StoreError):
                if self._alone:
                    await self._write(lambda c: deliveries.release(c, [channel.name]))
                lapses = await self._write(lambda c: deliveries.last_claim(c, [channel.name]))
                self._held |= await self._write(lambda c: deliveries.held(c, [channel.name], self._world.now()))
                break
            await asyncio.sleep(_LOOK_EVERY)
        self._channels[channel.name] = channel
        self._behind, self._foreign = True, max(filter(None, (self._foreign, lapses)), default=None)
        with suppress(StoreError):
            await self.look()

    def hand(self, debts: Sequence[Debt]) -> None:
        """What has just been claimed, of one turn. What may lie in the database for its address goes before it."""
        to = debts[0].to
        if to.channel not in self._channels:
            return  # its claim lapses; whoever has the channel sends it
        if self._behind or to in self._held:
            self._held.setdefault(to, self._world.now())
            self._lining_up[to] += 1
            self._begin(self._line_up(to, debts))
        else:
            self._enter(to, debts)

    async def run(self) -> None:
        """Looks for ever for what is owed and was not handed over."""
        while True:
            with suppress(StoreError):  # a look is not given up half way: what it has claimed is in hand
                await asyncio.shield(self._begin(self.look()))
            await asyncio.sleep(_LOOK_EVERY)

    async def look(self) -> int:
        """Claims what is owed and free, as much as will be sent in time, and begins; returns how many messages."""
        room = _MANY - sum(len(line.turns) for line in self._lines.values())
        channels = [name for name in self._channels if not self._rests(name)]
        if not channels or room < 1:
            return 0
        now = self._world.now()
        known = self._foreign is None or self._foreign < now  # no claim but our own was seen
        self._held = {to: until for to, until in self._held.items() if until > now - LEASE}
        found = await self._write(lambda c: deliveries.claim(c, channels, now, now + LEASE, room))
        for to, debts in found.items():
            self._let_go(to)
            for debt in debts:  # what was one breath then is not put together now: each may have its own time
                self._enter(to, [debt])
        count = sum(map(len, found.values()))
        self._behind = count >= room or not known
        return count

    async def drain(self) -> None:
        """Returns when all that is in hand was sent, failed or put back, and noted."""
        while tasks := [*self._claims, *(line.task for line in self._lines.values() if line.task)]:
            await asyncio.wait(tasks)
        while self._settling:
            await asyncio.wait([self._settling])

    async def close(self, seconds: float = 5.0) -> None:
        """Sends what can be sent in so many seconds; the rest stays owed."""
        self._closing = True
        for line in self._lines.values():
            line.more.set()  # a line that grows does so now
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.drain()
        if self._claims:
            await asyncio.wait(self._claims)
        for line in list(self._lines.values()):
            if line.task:
                line.task.cancel()
                await asyncio.gather(line.task, return_exceptions=True)
        if self._settling:
            await asyncio.wait([self._settling])
        left = [id for line in self._lines.values() for turn in line.turns for id in turn.left]
        with suppress(StoreError):
            if self._alone:  # with what was claimed for us and never handed over, since we were told to stop
                await self._write(lambda c: deliveries.release(c, tuple(self._channels)))
            elif left:
                await self._write(lambda c: deliveries.again(c, left, self._world.now()))

    def _begin(self, claiming: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Something that claims, which `drain` waits for."""
        task = asyncio.create_task(claiming)
        self._claims.add(task)
        task.add_done_callback(self._claims.discard)
        return task

    async def _line_up(self, to: Address, debts: Sequence[Debt]) -> None:
        """Puts a turn behind whatever the database has for its address, and claims what may go now."""
        now, ids = self._world.now(), [debt.id for debt in debts]

        def claimed(c: Connection) -> list[Debt]:
            deliveries.again(c, ids, now)
            return deliveries.claim(c, [to.channel], now, now + LEASE, _MANY, only=to).get(to, [])

        try:
            found = await self._write(claimed)
        except StoreError:
            return  # the claim lapses, and what comes meanwhile is put behind it
        finally:
            self._lining_up[to] -= 1
        if found and found[-1].id == ids[-1]:
            self._let_go(to)
        if [debt.id for debt in found] == ids:
            self._enter(to, debts)
        else:
            for debt in found:
                self._enter(to, [debt])

    def _let_go(self, to: Address) -> None:
        """Nothing lies in the database for this address any more, unless something is just being put there."""
        if not self._lining_up[to]:
            del self._lining_up[to]
            self._held.pop(to, None)

    # ------------------------------------------------------------ one address

    def _enter(self, to: Address, debts: Sequence[Debt]) -> None:
        channel = self._channels[to.channel]
        line = self._lines.get(to)
        if line is None:
            trace, edited = self._known.pop(to, (debts[0].trace, -_LONGEST))
            line = self._lines[to] = _Line(to, trace, edited=edited)
        made = sendings(debts, channel.caps, self._noted)
        line.turns.append(_Turn(tuple(debts), self._world.monotonic(), made))
        line.more.set()
        if line.task is None or line.task.done():
            line.task = asyncio.create_task(self._serve(line, channel))
            line.task.add_done_callback(lambda task: self._ended(line, task))

    def _ended(self, line: _Line, task: asyncio.Task[None]) -> None:
        if line.task is not task:
            return  # in the moment of its end more came, and is being served
        line.task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("broke off", part="line", kind=type(error).__name__)  # the claims lapse
            line.turns.clear()
        if line.turns:
            return  # cancelled: `close` puts them back
        self._lines.pop(line.to, None)
        self._known[line.to] = (line.trace, line.edited)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _noted(self, face: Face) -> str:
        return self._wording.say("terminal.noted", label=face.label, note=face.note)

    async def _serve(self, line: _Line, channel: Channel) -> None:
        while line.turns or line.noting:
            if line.noting:
                await line.noting
                line.noting = None
                continue
            turn = line.turns[0]
            if self._rests(channel.name) or self._world.monotonic() - turn.since > _SAFE:
                await self._put_back(line, self._world.now())
                return
            if turn.grows and line.trace.gather and not await self._is_time(line, channel):
                continue
            try:
                await self._send(line, turn, channel)
            except Blocked:
                self._settle((id, "failed", "") for turn in line.turns for id in turn.left)
                line.turns.clear()
                told = Reach(at=self._world.now(), open=False)
                ref = f"blocked:{turn.debts[0].id}"
                await self._take([Update(address=line.to, ref=ref, incoming=told, digest=ref)])
                return
            except (TryLater, NotYet) as wait:
                await self._wait(line, wait)
            except StoreError:
                await self._wait(line, TryLater(1.0))
            else:
                line.turns.popleft()

    async def _is_time(self, line: _Line, channel: Channel) -> bool:
        """Whether the growing line may be edited now. One that a newer one follows is not sent at all."""
        if len(line.turns) > 1:
            if line.turns[1].grows:
                self._settle((id, "sent", line.trace.gather) for id in line.turns.popleft().left)
                return False
            return True
        left = line.edited + channel.caps.edit_every - self._world.monotonic()
        if left <= 0 or self._closing:
            return True
        line.more.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                await line.more.wait()
        return len(line.turns) == 1

    async def _send(self, line: _Line, turn: _Turn, channel: Channel) -> None:
        """Sends a turn, message by message; what was sent is not in it any more when something is raised."""
        while turn.sendings:
            if line.noting:
                await line.noting
                line.noting = None
            sending = turn.sendings[0]
            try:
                sent = await channel.send(line.to, sending.message, line.trace, notice=sending.notice)
            except (Blocked, TryLater, NotYet, StoreError):
                raise
            except Exception as error:  # a message that is refused, or that we cannot say, holds up no other
                if isinstance(error, ChannelError) and not isinstance(error, Refused):
                    self._rest(channel.name)
                    raise TryLater(0) from None
                _log.error("not sent", channel=channel.name, kind=type(error).__name__)
                self._settle((id, "failed", "") for id in sending.settles)
            else:
                if line.trace != sent.trace:
                    line.trace = self._traces[line.to] = sent.trace
                if sending.message.slot == "gather":
                    line.edited = self._world.monotonic()
                line.noting = self._settle((id, "sent", sent.external) for id in sending.settles)
            turn.sendings.pop(0)

    async def _wait(self, line: _Line, wait: TryLater | NotYet) -> None:
        """Waits here for what is soon over; for longer, all that is in the line goes back to the database."""
        now = self._world.now()
        until = now + timedelta(seconds=wait.after) if isinstance(wait, TryLater) else wait.until
        seconds = (until - now).total_seconds()
        if seconds <= _PATIENT:
            await asyncio.sleep(seconds)
        else:
            await self._put_back(line, until)

    def _rest(self, name: str) -> None:
        """It is not the message's fault, nor the address's: the bot's token may be no more."""
        self._resting[name] = self._world.now() + _TROUBLED
        self._behind = True

    def _rests(self, name: str) -> bool:
        return name in self._resting and self._world.now() < self._resting[name]

    async def _put_back(self, line: _Line, until: datetime) -> None:
        while line.turns:
            self._held[line.to] = until
            ids = [id for turn in line.turns for id in turn.left]
            line.turns.clear()
            await self._write(partial(deliveries.again, ids=ids, after=until))
            self._held[line.to] = until  # whoever looked meanwhile has not seen these

    # ------------------------------------------------------------ noting

    def _settle(self, settled: Iterable[tuple[int, str, str]]) -> asyncio.Future[None]:
        """Has it noted: the future is done when it is."""
        noted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settled.extend(settled)
        self._unnoted.append(noted)
        if self._settling is None:
            self._settling = asyncio.create_task(self._note())
        return noted

    async def _note(self) -> None:
        try:
            while self._unnoted:
                settled, self._settled = self._settled, []
                unnoted, self._unnoted = self._unnoted, []
                traces, self._traces = self._traces, {}
                try:
                    await self._write(partial(deliveries.settle, settled=settled, traces=traces))
                except StoreError:
                    self._settled, self._traces = settled + self._settled, {**traces, **self._traces}
                    self._unnoted = unnoted + self._unnoted
                    await asyncio.sleep(0.5)
                    continue
                except Exception as error:  # of these nothing can be noted: their claims lapse
                    _log.error("broke off", part="noting", kind=type(error).__name__)
                for one in unnoted:
                    if not one.done():
                        one.set_result(None)
        finally:
            self._settling = None
