"""A whole house that speaks Telegram, and the fake Telegram it speaks to, on one loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.app import CHANNELS, House
from bot.channel import Address
from bot.config import load
from bot.doors import Acted
from bot.engine.values import evolve
from bot.office import MakeInvite
from bot.world import World
from handlers import open_channel
from handlers.telegram_fake.clock import RealTime
from handlers.telegram_fake.phone import Here, Phone, Seen
from handlers.telegram_fake.serving import serving
from handlers.telegram_fake.telegram import TOKEN, Telegram
from storage import jobs, tables
from tests.homes import VILLAGE

LIBRARIES = ("aiogram", "ptb")
_PATIENCE = 30.0


class Somebody:
    """One person at a phone: what they do, and what is to be seen when the assistant has answered."""

    def __init__(self, talk: Talk, user: int, name: str, phone: str) -> None:
        self._talk = talk
        self.phone = Phone(talk.fake, user, first_name=name, phone=phone)
        self.address = Address(channel="telegram", external=str(user))

    async def start(self, payload: str = "") -> list[Seen]:
        """Follows the link."""
        return await self._after(lambda: self.phone.start(payload))

    async def say(self, *texts: str) -> list[Seen]:
        """Writes, and waits until everything that comes of it is there: the bot's new or edited messages."""
        return await self._after(lambda: [self.phone.say(text) for text in texts])

    async def press(self, label: str = "", *, data: str = "") -> list[Seen]:
        """Presses the newest button with this label."""
        return await self._after(lambda: self.phone.press(label, data=data))

    async def does(self, work: Any, *args: Any, **more: Any) -> list[Seen]:
        """Anything else that `Phone` can do."""
        return await self._after(lambda: work(*args, **more))

    async def _after(self, work: Any) -> list[Seen]:
        before = {m.id: m for m in self.phone.screen().from_bot} if self.phone.screen().open else {}
        work()
        await self._talk.quiet()
        return [m for m in self.phone.screen().from_bot if before.get(m.id) != m]

    @property
    def buttons(self) -> list[str]:
        """All buttons that can be pressed, the newest message's last."""
        return [label for m in self.phone.screen().from_bot for label in m.labels]

    @property
    def last(self) -> str:
        """What the bot said last."""
        return self.phone.screen().from_bot[-1].text

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
    """The house, its Telegram channel, and the strings behind the fake."""

    def __init__(self, house: House, channel: Any, telegram: Telegram) -> None:
        self.house = house
        self.channel = channel
        self.fake = Here(telegram)
        self.link = ""

    def somebody(self, user: int = 1001, name: str = "李建国", phone: str = "+8613900002217") -> Somebody:
        """A person with a phone of their own."""
        return Somebody(self, user, name, phone)

    async def quiet(self) -> None:
        """Returns when nothing is waiting, under way or owed any more (a clock that was set counts for 2 seconds)."""
        async with asyncio.timeout(_PATIENCE):
            while await self._is_busy():
                await asyncio.sleep(0.01)

    async def _is_busy(self) -> bool:
        house = self.house
        if self.channel.pushes is None and (self.fake.call("pending") or not self.fake.call("polled")):
            return True
        now = house.world.now()
        await house.deliveries.drain()
        await self.channel.rest()
        unfinished = select(tables.jobs.c.id).where(tables.jobs.c.state.in_(("waiting", "claimed"))).limit(1)
        if await house.readers.run(lambda c: c.execute(unfinished).first()):
            return True
        due = await house.readers.run(jobs.next_wake)
        return bool(self.fake.call("pending")) or (due is not None and (due - now).total_seconds() < 2)

    async def invite(self, uses: int | None = 1, unit: str = VILLAGE) -> str:
        """A new link's code: personal, or with `uses` None for everybody."""
        made = await self.house.act(MakeInvite(unit=unit, uses=uses))
        assert isinstance(made, Acted)
        return str(made.result["link"]).rsplit("/", 1)[-1]

    @property
    def violations(self) -> list[str]:
        """What the fake found wrong."""
        return list(self.fake.call("violations"))


@asynccontextmanager
async def talking(
    folder: Path,
    library: str,
    *,
    calls: Iterable[str] = ("mca",),
    pace: bool = False,
    world: World | None = None,
    place: str = "",
    telegram: Telegram | None = None,
) -> AsyncIterator[Talk]:
    """An open house with its own Telegram around it, without limits of pace unless they are wanted."""
    telegram = telegram or Telegram(clock=RealTime())
    async with serving(telegram) as url:
        opened = ", ".join(f'"{call}"' for call in calls)
        environ = {
            "ANLITONG_TELEGRAM__LIBRARY": library,
            "ANLITONG_TELEGRAM__TOKEN": TOKEN,
            "ANLITONG_TELEGRAM__API": url,
            "ANLITONG_CALLS__OPEN": f"[{opened}]",
            **({} if pace else {f"ANLITONG_TELEGRAM__{name}": "100" for name in ("CHAT_BURST", "CHAT_PER_SECOND")}),
            **({"ANLITONG_DATABASE__URL": place} if "://" in place else {}),
        }
        settings = load(data=str(folder / "data"), environ=environ)
        async with House(settings, world=world, served=True, delivers=("telegram",)) as house:
            caps = evolve(CHANNELS["telegram"], edit_every=0.0)
            channel = open_channel("telegram")(
                house.doors, house.telegram_settings(), house.wording, house.world, caps
            )
            talk = Talk(house, channel, telegram)
            talk.fake.call("pace", on=pace)
            talk.link = await talk.invite()
            await house.open(channel)
            with suppress(asyncio.CancelledError):
                yield talk
