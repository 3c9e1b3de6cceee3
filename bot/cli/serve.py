"""anlitong serve: the page's server, until it is told to stop or its writer dies."""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import signal
import socket
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from bot.cli.common import FINE, TROUBLE, Stop, complain, say, settings_of
from bot.cli.invite import base_url
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.app import House
    from bot.channel import Channel
    from bot.config import Settings
    from handlers.telegram_webhook import Webhook

_DRAIN = 5  # seconds for answers under way, long polls among them


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Serves."""
    gc.disable()  # what is imported and opened now stays for good: searching it for garbage costs a tenth of the start
    from bot import logs

    logs.set_up()
    settings = settings_of(args)
    with _listening(settings, wording) as listening:
        return asyncio.run(_serve(settings, wording, listening))


def _listening(settings: Settings, wording: Wording) -> socket.socket:
    """The bound socket, before anything else is begun. Raises Stop with what to do."""
    site = settings.site
    family = socket.AF_INET6 if ":" in site.host else socket.AF_INET
    # asyncio turns Nagle's algorithm off for sockets that name TCP alone; with it an answer waits 40 ms for an ACK.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((site.host, site.port))
        listening.listen(512)
    except OSError as error:
        listening.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            other = site.port + 1 if 1024 <= site.port < 65535 else 8000
            raise Stop(wording.say("cli.serve.port_used", port=site.port, other=other)) from error
        raise Stop(wording.say("cli.serve.host_wrong", host=site.host)) from error
    return listening


async def _serve(settings: Settings, wording: Wording, listening: socket.socket) -> int:
    from bot.app import House, calm_memory
    from handlers import open_channel

    async with House(settings, served=True, delivers=_messengers(settings)) as house:
        base = base_url(settings, listening.getsockname()[1])
        await _tell(house, base)
        pushes = _webhook(house)
        routes = (pushes.route,) if pushes else ()
        app = open_channel("page")(house.doors, house.web_settings(), house.wording, house.world, more=routes)
        server = _server(app)
        calm_memory()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, server, house)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        ended = asyncio.create_task(house.ended())
        opening = asyncio.create_task(_open_telegram(house, pushes)) if settings.telegram.library else None
        await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
        dead = ended.done()
        _stop(server, house)
        await serving
        ended.cancel()
        await asyncio.gather(ended, *([opening] if opening else ()), return_exceptions=True)
    if dead:
        complain(wording.say("cli.serve.writer_gone"))
        return TROUBLE
    say(wording.say("cli.serve.stopped"))
    return FINE


def _messengers(settings: Settings) -> tuple[str, ...]:
    return ("telegram",) if settings.telegram.library else ()


def _webhook(house: House) -> Webhook | None:
    """Where Telegram pushes updates to, on our own server, if it is to."""
    settings = house.telegram_settings()
    if not (settings.library and settings.webhook):
        return None
    from handlers.telegram_webhook import Webhook

    return Webhook(settings.webhook, settings.secret)


async def _open_telegram(house: House, pushes: Webhook | None) -> None:
    """Telegram from now on. Its library takes seconds to import: meanwhile the page is there."""
    from bot.app import CHANNELS
    from bot.errors import ChannelError
    from handlers import open_channel

    settings, caps = house.telegram_settings(), CHANNELS["telegram"]

    def make() -> Channel:
        made: Channel = open_channel("telegram")(house.doors, settings, house.wording, house.world, caps, pushes)
        return made

    try:
        made = await asyncio.to_thread(make)
    except ChannelError:
        complain(house.wording.say("cli.telegram.wrong_token"))
        return
    await house.open(made)


async def _tell(house: House, base: str) -> None:
    """Where it is, and the demonstration's links where this is a trial on one's own machine."""
    say(house.wording.say("cli.serve.ready", url=base))
    site = house.settings.site
    if site.url or not site.loopback:
        return
    from bot.demo import open_demo

    links = await open_demo(house)
    if links:
        say(house.wording.say("cli.serve.demo"))
    for demo in links:
        say(f"{demo.label}{base}/i/{demo.link}")


def _server(app: Any) -> Any:
    """uvicorn, with signals, logs and proxies left to us."""
    import uvicorn

    class Server(uvicorn.Server):
        """Its own signal handling would end the process before the house has drained."""

        def capture_signals(self) -> Any:
            return nullcontext()

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN,
        timeout_keep_alive=30,
    )
    return Server(config)


def _stop(server: Any, house: House) -> None:
    """No more requests; pages that wait for news are let go, so that nothing has to be cut off."""
    house.look.end_waits()
    server.should_exit = True
