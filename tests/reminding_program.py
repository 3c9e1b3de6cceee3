"""A process of its own that plans and tells reminders: the real house with all its loops and a real Telegram channel,
on a clock that whoever started it moves.

`python -m tests.reminding_program INSTANT`, with the settings in the environment. It prints "ready"; each line that it
then reads is an instant to which its clock goes, answered by "there" when it has planned. It ends with the input.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import datetime

from bot import logs
from bot.app import CHANNELS, House
from bot.config import load
from handlers import open_channel
from handlers.telegram_webhook import Webhook
from tests.homes import Clock


async def main() -> None:
    """Opens, obeys, closes."""
    logs.set_up()  # to stderr: stdout is what the starter reads
    settings = load(data=os.environ["REMINDING_DATA"], environ=dict(os.environ))
    clock = Clock(datetime.fromisoformat(sys.argv[1]))
    async with House(settings, world=clock, delivers=("telegram",)) as house:
        pushes = Webhook(settings.telegram.webhook, settings.telegram.secret)
        caps, telegram = CHANNELS["telegram"], house.telegram_settings()
        await house.open(open_channel("telegram")(house.doors, telegram, house.wording, house.world, caps, pushes))
        print("ready", flush=True)
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            clock.at = datetime.fromisoformat(line)
            await house.planning.look()
            house.wakes.ring()
            print("there", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
