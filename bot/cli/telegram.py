"""anlitong telegram: the fake Bot API for trying out, and the webhook of our own bot."""

from __future__ import annotations

import argparse
import asyncio
import errno
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli.common import FINE, TROUBLE, Stop, program, say, settings_of
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.config import Settings
    from handlers.telegram_common import Library


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Runs `telegram ACTION`."""
    actions: Mapping[str, Callable[[argparse.Namespace, Wording], int]] = {"fake": _fake, "webhook": _webhook}
    return actions[args.action](args, wording)


def _fake(args: argparse.Namespace, wording: Wording) -> int:
    """Plays Telegram on this machine until it is told to stop."""
    from handlers.telegram_fake.serving import Server, address, listen
    from handlers.telegram_fake.telegram import TOKEN, Telegram

    try:
        listening = listen(args.host, args.port)
    except ValueError:
        raise Stop(wording.say("cli.telegram.fake.host_wrong", host=args.host)) from None
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        other = args.port + 1 if 1024 <= args.port < 65535 else 8081
        raise Stop(wording.say("cli.telegram.fake.port_used", port=args.port, other=other)) from error
    server = Server(Telegram(name=wording.say("telegram_fake.bot")))

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, setattr, server, "should_exit", True)
        say(_ready(wording, address(listening), TOKEN))
        await server.run_on(listening)

    with listening:
        asyncio.run(serve())
    say(wording.say("cli.telegram.fake.stopped"))
    return FINE


def _ready(wording: Wording, url: str, token: str) -> str:
    """Where the phone is, and the lines that start our own bot beside it: they can be typed as they stand."""
    from bot.config_schema import LIBRARIES

    here = [name for name, module in LIBRARIES.items() if find_spec(module) is not None]
    library = "ptb" if "ptb" in here or not here else here[0]
    other = next(name for name in LIBRARIES if name != library)
    key = ("neither", "one", "both")[len(here)]
    choice = wording.say(f"cli.telegram.fake.{key}", other=other)
    return wording.say(
        "cli.telegram.fake.ready", url=url, token=token, library=library, program=program(), choice=choice
    )


def _webhook(args: argparse.Namespace, wording: Wording) -> int:
    """Tells Telegram where to push updates, or that they are fetched again, or what it knows of it."""
    settings = settings_of(args)
    telegram = settings.telegram
    if not telegram.library:
        raise Stop(wording.say("cli.telegram.webhook.no_library"))
    if args.what == "set" and not telegram.webhook:
        raise Stop(wording.say("cli.telegram.webhook.no_path"))
    certificate = _certificate(args.certificate, wording) if args.certificate else b""
    return asyncio.run(_tell_webhook(args.what, settings, wording, certificate))


def _certificate(file: Path, wording: Wording) -> bytes:
    """The server's own certificate. Raises Stop for anything else: a private key must not leave this machine."""
    try:
        data = file.read_bytes()
    except OSError:
        raise Stop(wording.say("cli.file_missing", file=file)) from None
    if b"-----BEGIN CERTIFICATE-----" not in data or b"PRIVATE KEY" in data:
        raise Stop(wording.say("cli.telegram.webhook.no_certificate", file=file))
    return data


async def _tell_webhook(what: str, settings: Settings, wording: Wording, certificate: bytes) -> int:
    from bot.errors import ChannelError
    from handlers import open_channel
    from handlers.telegram_common import Webhook, WrongToken
    from handlers.transport import Transport

    telegram = settings.telegram
    url = settings.site.url + telegram.webhook if what == "set" else ""
    transport = Transport()
    try:
        library: Library = open_channel(telegram.library)(telegram.token, telegram.api, transport)
        if what != "info":
            most = telegram.connections
            await library.do(
                Webhook(url=url, secret=telegram.secret, max_connections=most, certificate=certificate if url else b"")
            )
        known = await library.webhook()
        await library.close()
    except WrongToken:
        raise Stop(wording.say("cli.telegram.wrong_token")) from None
    except ChannelError:
        raise Stop(wording.say("cli.telegram.unreachable", url=telegram.api)) from None
    finally:
        await transport.close()
    return _print_webhook(known, wording)


def _print_webhook(known: Mapping[str, Any], wording: Wording) -> int:
    """Where it is pushed to, what waits, and what went wrong lately: then the exit status says so too."""
    key = "set" if known.get("url") else "none"
    count = known.get("pending_update_count", 0)
    say(wording.say(f"cli.telegram.webhook.{key}", url=known.get("url", ""), count=count))
    if not known.get("last_error_message"):
        return FINE
    at = datetime.fromtimestamp(int(known.get("last_error_date", 0)), UTC).astimezone()
    say(wording.say("cli.telegram.webhook.trouble", at=f"{at:%Y-%m-%d %H:%M}", why=known["last_error_message"]))
    return TROUBLE
