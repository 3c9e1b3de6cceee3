"""Telegram as a channel, whatever library speaks to it: hears updates, says messages, fetches files.

Hearing: a batch is read update by update, taken together, and only then are buttons answered and strangers spoken
to. Saying: one message with its buttons below it; the card is edited in its place, a growing line as long as it is
the last, and the buttons that stood before are taken away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import Any

import structlog

from bot.channel import Address, ChannelCaps, Outgoing, Sent, Take, Taken, Trace, Update, traced
from bot.doors import Doors
from bot.engine.messages import Unreadable
from bot.errors import ChannelError, Refused
from bot.sendings import is_document, length
from bot.wording import Wording
from bot.world import World
from handlers.limiter import Limiter
from handlers.limiter import notice as as_notice
from handlers.polling import Poller, Raw
from handlers.telegram_common import (
    CHANNEL,
    Answered,
    Change,
    Gone,
    Hand,
    Heard,
    Leave,
    Library,
    Menu,
    Moved,
    Pin,
    Request,
    Speak,
    Strip,
    TelegramSettings,
    Unread,
    WrongToken,
)
from handlers.telegram_faces import keys_of, rows_of
from handlers.telegram_hearing import Hearing, Lately, address_of, message_in
from handlers.telegram_webhook import Webhook
from handlers.transport import Transport

_OLD = 3600  # seconds after which a backlog is worth a warning
_GROWS = 3  # times a line is edited before it is said anew: its button must not scroll out of sight
_AT_ONCE = 500  # things under way beside the updates before the next ones are fetched
_log = structlog.get_logger("telegram")


class TelegramChannel:
    """The one Telegram channel. `api`: the interface's host, for the log; `pushes`: where updates come in by webhook;
    None: they are fetched."""

    name = CHANNEL

    def __init__(
        self,
        library: Library,
        transport: Transport,
        doors: Doors,
        wording: Wording,
        world: World,
        caps: ChannelCaps,
        api: str,
        pushes: Webhook | None = None,
    ) -> None:
        self.caps = caps
        self._api = api
        self._library = library
        self._transport = transport
        self._doors = doors
        self._wording = wording
        self._world = world
        self._hearing = Hearing(wording, world)
        self._poller = Poller(library, self.hear, world, api)
        self._groups: Lately[bool] = Lately()
        self._asked: Lately[int] = Lately()
        self._pressed: Lately[Heard] = Lately()
        self._grew: Lately[tuple[str, int]] = Lately()
        self._beside: set[asyncio.Task[Any]] = set()
        self._heard = 0
        self._last = 0.0

        self.pushes = pushes
        if pushes is not None:
            pushes.hear = self.hear

    # ------------------------------------------------------------ running

    async def run(self, take: Take) -> None:
        """Makes itself known and fetches updates for ever; by webhook it has only to be known."""
        try:
            me = await self._known()
            _log.info("speaking", bot=me, library=self._library.name, by=self._mode)
            await self._quietly(self._library.do(Menu(commands=self._menu())))
            if self.pushes is None:
                await self._poller.run()
        except WrongToken:
            _log.error("nobody has this token: put the one that @BotFather gave into ANLITONG_TELEGRAM__TOKEN")
        await asyncio.Event().wait()

    async def _known(self) -> str:
        pause = 1.0
        while True:
            try:
                return (await self._library.me()).username
            except WrongToken:
                raise
            except ChannelError:
                if pause == 1.0:
                    _log.warning("not to be reached, trying on", api=self._api)
                await asyncio.sleep(pause * (0.5 + self._world.fraction()))
                pause = min(pause * 2, 30.0)

    @property
    def _mode(self) -> str:
        return "webhook" if self.pushes else "polling"

    def _menu(self) -> tuple[tuple[str, str], ...]:
        head = "telegram.menu."
        found = [
            (key.removeprefix(head), text) for key, text in self._wording.sentences.items() if key.startswith(head)
        ]
        return tuple(found)

    async def rest(self) -> None:
        """Returns when nothing is under way beside the updates."""
        while self._beside:
            await asyncio.wait(self._beside)

    async def close(self) -> None:
        """Ends what is under way and lets the connections go."""
        await self._poller.confirm()
        if self._beside:
            await asyncio.wait(self._beside, timeout=2)
        for task in self._beside:
            task.cancel()
        await self._library.close()
        await self._transport.close()

    def health(self) -> Mapping[str, Any]:
        """Counts for GET /healthz."""
        silent = round(self._world.monotonic() - self._last, 1) if self._heard else None
        return {
            "library": self._library.name,
            "by": self._mode,
            "updates": self._heard,
            "silent_seconds": silent,
            **self._transport.counts(),
        }

    # ------------------------------------------------------------ hearing

    async def hear(self, raws: Sequence[Raw]) -> None:
        """Takes a batch of updates in their order; returns when all of it is committed.

        Raises StoreError: nothing is known to be stored, hand in the same again.
        """
        heard: list[Heard] = []
        updates: list[Update] = []
        for raw in raws:
            one, update = await self._read(raw)
            if one is not None and update is not None:
                heard.append(one)
                updates.append(update)
        if updates:
            await self._whole(self._take(heard, updates))
        self._heard += len(raws)
        self._last = self._world.monotonic()
        self._warn(heard)
        while len(self._beside) > _AT_ONCE:
            await asyncio.wait(self._beside, return_when=asyncio.FIRST_COMPLETED)

    async def _take(self, heard: Sequence[Heard], updates: Sequence[Update]) -> None:
        for one, taken in zip(heard, await self._doors.take(updates), strict=True):
            self._follow(one, taken)

    async def _whole(self, work: Awaitable[None]) -> None:
        """Done to its end even when we are told to stop in the middle: what is committed is followed up."""
        task = asyncio.ensure_future(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
        await asyncio.shield(task)

    async def _read(self, raw: Raw) -> tuple[Heard | None, Update | None]:
        """What an update says; one that cannot be read is set aside alone."""
        try:
            heard = self._library.read(raw)
            if heard.kind == "other" or not heard.chat:
                return None, None
            if not heard.private:
                self._in_group(heard)
                return None, None
            if not self._hearing.may_be_stranger(heard):
                return heard, self._hearing.update(heard)
            if await self._doors.look.visitor(address_of(heard.chat)) is None:
                return heard, self._hearing.of_stranger(heard)
            self._hearing.is_known(heard.chat)
            return heard, self._hearing.update(heard)
        except Unread as error:
            why = str(error)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            why = f"{type(error).__name__} while it was read"
        number = raw.get("update_id", 0)
        aside = Unreadable(at=self._world.now(), key="trouble.unread")
        update = Update(address=Address(channel=CHANNEL, external=""), ref=f"unread:{number}", incoming=aside)
        await self._doors.set_aside(update, f"update {number} ({', '.join(map(str, raw))}): {why}")
        return None, None

    def _follow(self, heard: Heard, taken: Taken) -> None:
        """What can be done once it is committed."""
        self._pressed.take(heard.chat)
        if heard.kind == "pressed":
            self._pressed.put(heard.chat, heard)
            self._start(self._library.do(Answered(query=heard.query)))
        if taken.outcome == "refused" and taken.replies:
            self._start(self._tell(heard.chat, taken.replies))
        elif taken.outcome == "fresh" and (asked := self._asked.take(heard.chat) or _joining(heard)):
            self._start(self._library.do(self._settled(heard.chat, asked, grew=False)))

    async def _tell(self, chat: int, replies: Sequence[Outgoing]) -> None:
        """To a stranger, of whom nothing is kept: which message has buttons is remembered here."""
        for reply in replies:
            sent = await self._library.do(Speak(chat=chat, text=reply.text, rows=rows_of(reply.buttons)))
            if reply.buttons:
                self._asked.put(chat, sent)

    def _warn(self, heard: Sequence[Heard]) -> None:
        now = self._world.now().timestamp()
        old = [now - one.date for one in heard if one.kind == "message" and one.date]
        if old and max(old) > _OLD:
            _log.warning("a backlog; Telegram forgets after a day", hours=round(max(old) / 3600, 1), updates=len(old))

    # ------------------------------------------------------------ groups

    def _in_group(self, heard: Heard) -> None:
        """We work in private chats: said once, then we leave."""
        left = heard.kind == "member" and not heard.inside
        if left or heard.kind not in ("message", "member") or self._groups.get(heard.chat):
            return
        self._groups.put(heard.chat, True)
        self._start(self._leave(heard.chat))

    async def _leave(self, chat: int) -> None:
        for request in (Speak(chat=chat, text=self._wording.say("telegram.group")), Leave(chat=chat)):
            try:
                await self._library.do(request)
            except Moved as moved:
                with suppress(Refused):
                    await self._library.do(Speak(chat=moved.chat, text=self._wording.say("telegram.group")))
                    await self._library.do(Leave(chat=moved.chat))
                return

    # ------------------------------------------------------------ saying

    async def send(self, to: Address, message: Outgoing, trace: Trace, *, notice: bool = False) -> Sent:
        """See `bot.channel.Channel`; notices go behind replies."""
        chat = int(to.external)
        with as_notice() if notice else nullcontext():
            if message.slot == "card":
                sent = await self._card(chat, message, trace)
            elif message.slot == "gather" and trace.gather:
                sent = await self._grown(chat, message, trace)
            elif is_document(message):
                sent = await self._handed(chat, message)
            else:
                sent = await self._spoken(chat, message, trace)
        after = traced(trace, message, str(sent))
        if trace.live and after.live != trace.live:
            self._start(self._library.do(self._settled(chat, int(trace.live), grew=trace.live == trace.gather)))
        return Sent(external=str(sent), trace=after)

    def _settled(self, chat: int, message: int, *, grew: bool) -> Request:
        """An answered question without its buttons; where one was pressed, with what it said. Under a line that
        `grew` it was no answer: what follows says what came of it."""
        pressed = self._pressed.take(chat)
        if grew or pressed is None or pressed.message != message or not (pressed.text and pressed.label):
            return Strip(chat=chat, message=message)
        text = self._wording.say("telegram.picked", text=pressed.text, label=pressed.label)
        if length(text, self.caps) > self.caps.text_limit:
            return Strip(chat=chat, message=message)
        return Change(chat=chat, message=message, text=text)

    async def _spoken(self, chat: int, message: Outgoing, trace: Trace) -> int:
        keys = keys_of(message.buttons)
        rows = () if keys else rows_of(message.buttons)
        clear = trace.keys and not keys
        text = message.text
        if clear and rows:  # one message cannot do both: what was said first goes before
            first, more, rest = text.partition("\n\n")
            text = rest if more else text
            gone = first if more else self._wording.say("telegram.keys_gone")
            await self._library.do(Speak(chat=chat, text=gone, clear=True))
        return await self._library.do(
            Speak(
                chat=chat,
                text=text,
                rows=rows,
                keys=keys,
                clear=clear and not rows,
                reply=message_in(message.to, chat),
            )
        )

    async def _grown(self, chat: int, message: Outgoing, trace: Trace) -> int:
        grown = self._grew.get(chat)
        times = grown[1] if grown is not None and grown[0] == trace.gather else 0
        with suppress(Gone):
            if times < _GROWS:
                change = Change(chat=chat, message=int(trace.gather), text=message.text, rows=rows_of(message.buttons))
                await self._library.do(change)
                self._grew.put(chat, (trace.gather, times + 1))
                return int(trace.gather)
        return await self._spoken(chat, message, trace)

    async def _card(self, chat: int, message: Outgoing, trace: Trace) -> int:
        """In the place of the one that stands; where there is none any more, a new one is pinned."""
        with suppress(Gone):
            if trace.card:
                await self._library.do(Change(chat=chat, message=int(trace.card), text=message.text))
                return int(trace.card)
        sent = await self._library.do(Speak(chat=chat, text=message.text))
        await self._quietly(self._library.do(Pin(chat=chat, message=sent)))
        return sent

    async def _handed(self, chat: int, message: Outgoing) -> int:
        card = message.card or {}
        data = b"".join([piece async for piece in self._doors.files.get(str(card["file"]))])
        return await self._library.do(
            Hand(chat=chat, name=str(card["name"]), data=data, caption=message.text, rows=rows_of(message.buttons))
        )

    # ------------------------------------------------------------ beside

    def fetch(self, file: str) -> AsyncIterator[bytes]:
        """See `bot.channel.Channel`."""
        return self._library.fetch(file)

    def _start(self, work: Awaitable[Any]) -> None:
        """Something that nobody waits for: if it cannot be done, nothing is lost but a little tidiness."""
        task = asyncio.ensure_future(self._quietly(work))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _quietly(self, work: Awaitable[Any]) -> None:
        try:
            await work
        except ChannelError as error:
            _log.debug("not done", kind=type(error).__name__)


def _joining(heard: Heard) -> int:
    """The message in which a stranger was asked who they are, if one of its buttons was pressed."""
    return heard.message if heard.kind == "pressed" and heard.data.startswith("join:") else 0


def make_channel(
    doors: Doors,
    settings: TelegramSettings,
    wording: Wording,
    world: World,
    caps: ChannelCaps,
    pushes: Webhook | None = None,
) -> TelegramChannel:
    """The channel with the library that the settings name. Raises ImportError where that is not installed.

    Importing a library takes seconds: best called in a thread.
    """
    from handlers import open_channel

    limiter = Limiter(
        world=world,
        per_second=settings.per_second,
        chat_burst=settings.chat_burst,
        chat_per_second=settings.chat_per_second,
    )
    transport = Transport(limiter, world=world)
    library: Library = open_channel(settings.library)(settings.token, settings.api, transport)
    return TelegramChannel(library, transport, doors, wording, world, caps, settings.host, pushes)
