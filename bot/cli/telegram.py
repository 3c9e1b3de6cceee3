"""anlitong telegram: the fake Bot API for trying out."""

from __future__ import annotations

import argparse
import asyncio
import errno
import signal
from collections.abc import Callable, Mapping

from bot.cli.common import FINE, Stop, say
from bot.wording import Wording


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Runs `telegram ACTION`."""
    actions: Mapping[str, Callable[[argparse.Namespace, Wording], int]] = {"fake": _fake}
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
        say(wording.say("cli.telegram.fake.ready", url=address(listening), token=TOKEN))
        await server.run_on(listening)

    with listening:
        asyncio.run(serve())
    say(wording.say("cli.telegram.fake.stopped"))
    return FINE
