"""The only place where parts are put together.

`async with House(settings) as house` opens the data folder, brings up the writer, the readers and the
doors, and in the background the workers and loops, each under a supervisor that starts it again. Only the
writer's death ends the house.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import hmac
import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import structlog
from sqlalchemy import Engine

from bot.acts import OpenEdition
from bot.aside.errands import Here
from bot.aside.keeper import Aside
from bot.batch import Setting
from bot.calls import load_all, load_profile
from bot.channel import Channel, ChannelCaps, Take, Taken, Update
from bot.config import Settings, level_names, mistake
from bot.deliveries import Deliveries
from bot.desk import Desk
from bot.doors import Acted, Actor, Refusal, Scope
from bot.engine.step import step
from bot.errors import ConfigError
from bot.folder import lock_folder, make_current, open_folder, site_key
from bot.jobs import Workers
from bot.look import Looking, program_version
from bot.loops import Retention, Wakes, close_levels, roll
from bot.office.office import Office
from bot.planning import Planning
from bot.supervising import supervise
from bot.wording import Wording
from bot.workbench.base import Tools
from bot.workbench.door import Workbench
from bot.world import World
from storage import database, quarantine
from storage.files import FileStore
from storage.readers import Readers

if TYPE_CHECKING:
    from handlers.telegram_common import TelegramSettings
    from handlers.web.settings import WebSettings

CHANNELS: Mapping[str, ChannelCaps] = {
    "page": ChannelCaps(page=True),
    "telegram": ChannelCaps(push=True, edits=True, edit_every=3.0, shares=True, menu=True, text_unit="utf16"),
    "terminal": ChannelCaps(),
}
COMMAND_LINE = Actor(person=0)
EVERYTHING = Scope(person=0, units=("",))
_log = structlog.get_logger("house")


def calm_memory() -> None:
    """What has been opened stays for good and is searched for garbage no more.

    A batch of 128 turns makes some hundred thousand objects and drops them all by itself when it ends. Python's
    usual threshold of 700 has the collector look through them again and again while they live: a tenth of a turn.
    """
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)
    gc.enable()


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenDoors:
    """What a handler is given; see `bot.doors.Doors`."""

    take: Take
    look: Looking
    console: Workbench
    files: FileStore
    office: Office
    desk: Desk
    world: World

    async def set_aside(self, update: Update, why: str) -> None:
        """An update that could not be read."""
        world = self.world
        id, number = world.new_id(), world.digits(6)
        _log.error("set aside", number=number, channel=update.address.channel)
        await self.desk.submit(
            lambda c: quarantine.put(
                c, id=id, number=number, conversation=0, update=update, trace=why, at=update.incoming.at
            )
        )

    async def act(self, actor: Actor, command: object) -> Acted | Refusal:
        """The office's commands."""
        return await self.office.act(actor, command)


class House:
    """One running deployment.

    `served`: this is the one server of the data folder; `busy`: workers and loops run, and editions that
    the settings name are opened; `delivers`: the messengers that this process will open. Entering raises
    ConfigError, CallErrors, StoreBusy or NewerDatabase when the house cannot be opened.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        world: World | None = None,
        served: bool = False,
        busy: bool = True,
        delivers: Collection[str] = (),
    ) -> None:
        self.settings = settings
        self.world = world or World()
        self.wording = Wording.load()
        self._served = served
        self._busy = busy
        self._delivers = frozenset(delivers)
        self._closing = AsyncExitStack()
        self.channels: list[Channel] = []

    async def __aenter__(self) -> Self:
        settings, closing = self.settings, self._closing
        open_folder(settings.data, self.wording)
        try:
            if self._served and not settings.database.url:
                closing.callback(os.close, lock_folder(settings.data, self.wording))
            self.site_key = site_key(settings.data)
            self.calls = load_all(settings.call_folders)
            engine = database.open_writer(settings.database_place)
            closing.callback(engine.dispose)
            revision = await asyncio.to_thread(make_current, engine, self.wording)
            self._open_doors(engine, revision)
            if self._busy:
                await self._open_editions()
                self._start()
        except BaseException:
            await closing.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    def _open_doors(self, engine: Engine, revision: str) -> None:
        settings, world, wording = self.settings, self.world, self.wording
        setting = Setting(
            world=world,
            wording=wording,
            calls=self.calls,
            profile=load_profile(settings.call_folders),
            step=step,
            channels=CHANNELS,
            site_key=self.site_key,
            levels=level_names(),
            contact=settings.office.contact,
            phone=settings.office.phone,
            delivers=self._delivers,
            bot=settings.telegram.bot,
            home=settings.site.url,
        )
        # The desk makes the same setting of its arguments; the read side loads by it what the desk loads.
        self.desk = Desk(engine, **{part.name: getattr(setting, part.name) for part in fields(setting)})
        self._closing.push_async_callback(self.desk.close)
        self.readers = Readers(database.open_reader(settings.database_place))
        self._closing.callback(self.readers.close)
        self.files = FileStore(
            settings.data,
            read=self.readers.run,
            write=self.desk.submit,
            world=world,
            file_mb=settings.limits.file_mb,
            draft_mb=settings.limits.draft_mb,
        )
        self._open_look(setting, revision)
        write = self.desk.submit
        self.office = Office(
            write=write,
            ring=lambda: self.wakes.ring(),
            settings=settings,
            calls=self.calls,
            profile=setting.profile,
            wording=wording,
            world=world,
            site_key=self.site_key,
        )
        self._open_workbench()
        self._hire()

    def _open_look(self, setting: Setting, revision: str) -> None:
        settings, wording = self.settings, self.wording
        tools = Tools(
            wording=wording,
            calls=self.calls,
            levels=setting.levels,
            root=settings.site.root_level,
            site_key=self.site_key,
        )
        here = Here(readers=self.readers, disk=self.files, tools=tools)
        self.aside = Aside(here, place=settings.database_place, folder=settings.data, now=self.world.now)
        told = {
            "version": program_version(),
            "database": database.url_of(settings.database_place).get_backend_name(),
            "schema": revision,
        }
        self.look = Looking(
            readers=self.readers,
            setting=setting,
            wording=wording,
            files=self.files,
            listen=self.desk.listen,
            health=lambda: {**told, **self._spoken_for()},
            aside=self.aside.ask,
        )

    def _open_workbench(self) -> None:
        console = Workbench(
            readers=self.readers, views=self.aside.ask, look=self.look, files=self.files, world=self.world
        )
        self._closing.push_async_callback(console.close)
        look, files, office = self.look, self.files, self.office
        self.doors = OpenDoors(
            take=self.take, look=look, console=console, files=files, office=office, desk=self.desk, world=self.world
        )

    def _hire(self) -> None:
        take, write, readers, world = self.take, self.desk.submit, self.readers, self.world
        alone = self._served and not self.settings.database.url
        self.deliveries = Deliveries(take=take, write=write, world=world, wording=self.wording, alone=alone)
        self.workers = Workers(
            take=take,
            write=write,
            readers=readers,
            look=self.look,
            files=self.files,
            wording=self.wording,
            world=world,
        )
        self.wakes = Wakes(take=take, write=write, readers=readers, world=world)
        self.planning = Planning(
            write=write,
            readers=readers,
            calls=self.calls,
            world=world,
            root=self.settings.site.root_level,
            levels=level_names(),
            ring=lambda: self.wakes.ring(),
        )
        self.retention = Retention(
            write=write,
            readers=readers,
            files=self.files,
            calls=self.calls,
            world=world,
            root=self.settings.site.root,
        )

    def _start(self) -> None:
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "workers": self.workers.run,
            "wakes": self.wakes.run,
            "planning": self.planning.run,
            "rounds": partial(roll, self.act, self.calls.values()),
            "closing": partial(close_levels, self.act, self.readers, self.calls, self.world),
            "retention": self.retention.run,
            "deliveries": self.deliveries.run,
        }
        if self._served:
            loops["aside"] = self.aside.run
        tasks = [asyncio.create_task(supervise(name, run)) for name, run in loops.items()]

        async def stop() -> None:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.deliveries.close()
            for channel in self.channels:
                await channel.close()

        self._closing.push_async_callback(stop)

    async def _open_editions(self) -> None:
        for call in self.settings.calls.open:
            if call not in self.calls:
                raise ConfigError(str(mistake("config.toml", "calls.open", "call", id=call)))
            await self.office.act(COMMAND_LINE, OpenEdition(call=call, first=True))

    async def open(self, channel: Channel) -> None:
        """From now on people are reached through this messenger as well."""
        self.channels.append(channel)
        getattr(self.workers, "fetchers", {})[channel.name] = channel.fetch
        await self.deliveries.open(channel)
        task = asyncio.create_task(supervise(channel.name, lambda: channel.run(self.take)))

        async def stop() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._closing.push_async_callback(stop)

    def _spoken_for(self) -> Mapping[str, Any]:
        return {"channels": {c.name: c.health() for c in self.channels}} if self.channels else {}

    async def take(self, updates: Sequence[Update]) -> list[Taken]:
        """What people said and did, taken by the desk; what it wants is begun and what is owed is sent at once."""
        taken = await self.desk.take(updates)
        if any(one.wants for one in taken):
            self.workers.ring()
        if any(one.wakes for one in taken):
            self.wakes.ring()
        for one in taken:
            if one.owed and one.outcome == "fresh":
                self.deliveries.hand(one.owed)
        return taken

    async def act(self, command: object) -> Acted | Refusal:
        """A command of the command line."""
        return await self.office.act(COMMAND_LINE, command)

    async def ended(self) -> None:
        """Returns when the writer has ended; raises what killed it."""
        await asyncio.shield(asyncio.wrap_future(self.desk.ended))

    def telegram_settings(self) -> TelegramSettings:
        """What the Telegram channel needs to know."""
        from handlers.telegram_common import TelegramSettings

        telegram = self.settings.telegram
        shared = telegram.model_dump(exclude={"bot"})
        return TelegramSettings(**shared, url=self.settings.site.url)

    def web_settings(self) -> WebSettings:
        """What the page's edge needs to know."""
        from handlers.web.settings import WebSettings

        site, limits = self.settings.site, self.settings.limits
        return WebSettings(
            key=hmac.new(self.site_key, b"page-session", hashlib.sha256).digest(),
            base_url=site.url,
            trusted_proxies=site.trusted_proxies,
            address_rate=limits.address_per_minute,
            session_rate=limits.posts_per_minute,
            join_rate=limits.links_per_minute,
            max_upload=limits.file_mb * 1024 * 1024,
        )
