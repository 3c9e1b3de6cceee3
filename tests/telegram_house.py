"""A whole house that speaks Telegram and serves the page, and the fake Telegram it speaks to, on one loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import uvicorn
from sqlalchemy import func, select

from bot.acts import MakeInvite
from bot.app import CHANNELS, House
from bot.channel import Address
from bot.config import Settings, load
from bot.doors import Acted, Paper, Scope
from bot.engine.model import PROFILE
from bot.engine.values import evolve
from bot.world import World
from handlers import open_channel
from handlers.telegram_fake.clock import RealTime
from handlers.telegram_fake.journal import OWN
from handlers.telegram_fake.phone import Here, Phone, Seen
from handlers.telegram_fake.serving import address, listen, serving
from handlers.telegram_fake.telegram import TOKEN, Telegram
from storage import jobs, quarantine, tables
from tests.browser import MANY
from tests.homes import VILLAGE

LIBRARIES = ("aiogram", "ptb")
START = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai
_PATIENCE = 30.0
_SOON = timedelta(seconds=2)


class Steady(World):
    """Time that stands still until it is moved, and ids and codes that are the same in every run."""

    def __init__(self) -> None:
        self.at = START
        self._ids = 1 << 30

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.at

    def new_id(self) -> int:
        """The next number."""
        self._ids += 1
        return self._ids

    def digits(self, length: int) -> str:
        """No secret."""
        return "123456"[:length]

    def forward(self, **by: float) -> None:
        """Moves it, as timedelta counts."""
        self.at += timedelta(**by)


class Somebody:
    """One person at a phone: what they do, and what is to be seen when the assistant has answered.

    `costs` are the requests that each of their acts has made the bot send, fetching of updates and files aside.
    """

    def __init__(self, talk: Talk, user: int, name: str, phone: str) -> None:
        self._talk = talk
        self.phone = Phone(talk.fake, user, first_name=name, phone=phone)
        self.address = Address(channel="telegram", external=str(user))
        self.costs: list[int] = []

    async def start(self, payload: str = "") -> list[Seen]:
        """Follows the link."""
        return await self.does(lambda: self.phone.start(payload))

    async def say(self, *texts: str) -> list[Seen]:
        """Writes, and waits until everything that comes of it is there: the bot's new or edited messages."""
        return await self.does(lambda: [self.phone.say(text) for text in texts])

    async def press(self, label: str = "", *, data: str = "") -> list[Seen]:
        """Presses the newest button with this label."""
        return await self.does(lambda: self.phone.press(label, data=data))

    async def does(self, work: Callable[..., Any], *args: Any, **more: Any) -> list[Seen]:
        """Anything that `Phone` can do."""
        before = {m.id: m for m in self.seen}
        requests = self._talk.requests
        work(*args, **more)
        await self._talk.quiet()
        self.costs.append(self._talk.requests - requests)
        return [m for m in self.seen if before.get(m.id) != m]

    async def sends(self, **content: Any) -> list[Seen]:
        """A message with any content of the Bot API's, also such as the fake's phones do not know."""
        return await self.does(lambda: self._talk.message(self.phone.user, content))

    @property
    def seen(self) -> list[Seen]:
        """The bot's messages as they stand now, oldest first."""
        return self.phone.screen().from_bot

    @property
    def buttons(self) -> list[str]:
        """All buttons that can be pressed, the newest message's last."""
        return [label for m in self.seen for label in m.labels] + self.phone.screen().keys

    @property
    def last(self) -> str:
        """What the bot said last."""
        return [m for m in self.seen if m.kind != "pinned_message"][-1].text

    async def begin(self, link: str, name: str = "李建国", title: str = "片长进院坝，小事不出片") -> None:
        """From the link to the first question of the first open edition."""
        await self.start(link)
        await self.press("同意，开始")
        await self.say(name)
        for label in ("是的", "村党支部书记", "跳过", "对"):
            await self.press(label)
        if "这是什么" in self.buttons:
            await self.press(self.buttons[0])
        await self.say(title)
        await self.press("就用这个")
        while "从第1节开始" not in self.buttons:
            await self.press(self.buttons[0])
        await self.press("从第1节开始")


class Talk:
    """The house with its Telegram channel and its page, and the strings behind the fake.

    `url` is the fake's address, `page` the page's ("": it is not served), `link` a fresh personal invite's code.
    """

    def __init__(self, settings: Settings, telegram: Telegram, url: str, world: World | None, page: bool) -> None:
        self.fake = Here(telegram)
        self.url = url
        self.page = ""
        self.link = ""
        self.world = world
        self._settings = settings
        self._serves = page
        self._account = telegram.account()
        self._odd = 900_000  # ids of messages that the fake's chats do not hold
        self._closing = AsyncExitStack()

    async def open(self) -> None:
        """Opens the house on its folder."""
        closing = self._closing = AsyncExitStack()
        house = House(self._settings, world=self.world, served=True, delivers=("telegram",))
        self.house = await closing.enter_async_context(house)
        caps = evolve(CHANNELS["telegram"], edit_every=0.0)
        make = open_channel("telegram")
        self.channel = make(house.doors, house.telegram_settings(), house.wording, house.world, caps)
        await house.open(self.channel)
        if self._serves:
            self.page = await closing.enter_async_context(page_of(house))

    async def close(self) -> None:
        """Closes it; the fake and its people stay."""
        await self._closing.aclose()

    def somebody(self, user: int = 1001, name: str = "李建国", phone: str = "+8613900002217") -> Somebody:
        """A person with a phone of their own."""
        return Somebody(self, user, name, phone)

    def message(self, user: int, content: Mapping[str, Any]) -> None:
        """An update with a message of somebody's, whatever is in it."""
        self._odd += 1
        person = {"id": user, "is_bot": False, "first_name": str(user)}
        chat = {"id": user, "type": "private", "first_name": str(user)}
        about = {"message_id": self._odd, "from": person, "chat": chat, "date": int(self._account.now())}
        self.fake.call("update", payload={"message": {**about, **content}})

    async def invite(self, uses: int | None = 1, unit: str = VILLAGE) -> str:
        """A new link's code: personal, or with `uses` None for everybody."""
        made = await self.house.act(MakeInvite(unit=unit, uses=uses))
        assert isinstance(made, Acted)
        return str(made.result["link"]).rsplit("/", 1)[-1]

    # ------------------------------------------------------------ until it is done

    async def quiet(self) -> None:
        """Returns when nothing is waiting, under way or owed any more.

        A clock that was set counts for two seconds: those are waited for, or passed over where time stands still.
        """
        async with asyncio.timeout(_PATIENCE):
            while await self._is_busy():
                await asyncio.sleep(0.005)

    async def _is_busy(self) -> bool:
        house = self.house
        if self.fake.call("pending") or not self.fake.call("polled"):
            return True
        await house.deliveries.drain()
        await self.channel.rest()
        unfinished = select(tables.jobs.c.id).where(tables.jobs.c.state.in_(("waiting", "claimed"))).limit(1)
        if await house.readers.run(lambda c: c.execute(unfinished).first()):
            return True
        due = await house.readers.run(jobs.next_wake)
        soon = due is not None and due - house.world.now() < _SOON
        if soon and due is not None and isinstance(house.world, Steady):
            house.world.at = max(due, house.world.at)
            await house.wakes.ring_due()
        return soon or bool(self.fake.call("pending"))

    # ------------------------------------------------------------ what came of it

    @property
    def requests(self) -> int:
        """How many requests the bot has made for people so far."""
        return sum(n for key, n in self.fake.call("counts").items() if key.split()[0] not in OWN)

    @property
    def violations(self) -> list[str]:
        """What the fake found wrong."""
        return list(self.fake.call("violations"))

    async def quarantined(self) -> list[str]:
        """The traces of turns that broke off."""
        held = await self.house.readers.run(quarantine.held)
        return [one.trace for one in held]

    async def paper(self, n: int = 0) -> Paper:
        """The newest case as it would be printed now, or as it was handed in the nth time."""
        t = tables.drafts
        newest = select(t.c.id, t.c.person).where(t.c.call != PROFILE).order_by(t.c.id.desc()).limit(1)
        draft, person = await self.house.readers.run(lambda c: c.execute(newest).one())
        paper = await self.house.look.paper(Scope(person=person), draft, n)
        assert paper is not None
        return paper

    async def count(self, table: Any) -> int:
        """How many rows a table has."""
        return int(
            await self.house.readers.run(lambda c: c.execute(select(func.count()).select_from(table)).scalar_one())
        )

    async def raw(self, method: str, **fields: Any) -> Any:
        """A request in the bot's own name, past our bot."""
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.post(f"{self.url}/bot{TOKEN}/{method}", json=fields)).json()


@asynccontextmanager
async def talking(
    folder: Path,
    library: str,
    *,
    calls: Iterable[str] = ("mca",),
    pace: bool = False,
    world: World | None = None,
    page: bool = False,
    more: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Talk]:
    """An open house with its own Telegram around it, without limits of pace unless they are wanted. `more`: further
    settings, as the environment has them."""
    telegram = Telegram(clock=RealTime(world))
    async with serving(telegram) as url:
        environ = {
            **MANY,
            "ANLITONG_TELEGRAM__LIBRARY": library,
            "ANLITONG_TELEGRAM__TOKEN": TOKEN,
            "ANLITONG_TELEGRAM__API": url,
            "ANLITONG_CALLS__OPEN": json.dumps(list(calls)),
            **({} if pace else {f"ANLITONG_TELEGRAM__{name}": "100" for name in ("CHAT_BURST", "CHAT_PER_SECOND")}),
            **more,
        }
        talk = Talk(load(data=str(folder / "data"), environ=environ), telegram, url, world, page)
        talk.fake.call("pace", on=pace)
        await talk.open()
        try:
            talk.link = "" if more else await talk.invite()
            yield talk
        finally:
            await talk.close()


@asynccontextmanager
async def page_of(house: House) -> AsyncIterator[str]:
    """The page's server on this loop: its address."""
    app = open_channel("page")(house.doors, house.web_settings(), house.wording, house.world)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[assignment]  # they are the tests' own
    with listen() as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield address(listening)
        finally:
            house.look.end_waits()
            server.should_exit = True
            await task


def said(seen: Sequence[Seen]) -> str:
    """What came, in one text."""
    return "\n".join(m.text for m in seen)


def fixed_key(folder: Path) -> None:
    """The house's key, the same in every run: so are its links."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "site.key").write_bytes(b"k" * 32)
