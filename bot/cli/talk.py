"""anlitong talk: the conversation in this terminal, in this process."""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from bot.cli.common import FINE, TROUBLE, say, settings_of
from bot.wording import Wording

_USER = "local"


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Talks; status 0 when it ended in a submitted case."""
    return asyncio.run(_talk(args, wording))


async def _talk(args: argparse.Namespace, wording: Wording) -> int:
    from bot.app import House
    from bot.channel import Address
    from bot.demo import open_demo
    from handlers import open_channel

    async with House(settings_of(args)) as house:
        link = args.invite
        known = await house.look.visitor(Address(channel="terminal", external=_USER))
        if not link and known is None:
            link = next((demo.link for demo in await open_demo(house) if demo.role == "writer"), "")
        terminal = open_channel("terminal")(
            house.doors,
            house.wording,
            house.world,
            user=_USER,
            folder=Path.cwd(),
            show=say,
            echo=not sys.stdin.isatty(),
        )
        prompt = wording.say("terminal.prompt") if sys.stdin.isatty() else ""
        submitted: bool = await terminal.run(_typed(prompt), link)
        return FINE if submitted else TROUBLE


async def _typed(prompt: str) -> AsyncIterator[str]:
    """Lines of stdin, read in a thread of its own so that messages can appear meanwhile."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue(1)

    def read() -> None:
        line: str | None = ""
        while line is not None:
            if prompt:
                print(prompt, end="", flush=True)
            raw = sys.stdin.readline()
            line = raw.rstrip("\r\n") if raw else None
            try:
                asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()
            except RuntimeError:  # the loop is gone: nobody listens any more
                return

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line
