"""anlitong quarantine: what was set aside, and taking it once more."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bot.cli.common import FINE, TROUBLE, in_house, print_json, say
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.app import House
    from storage.quarantine import Quarantined


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Runs `quarantine ACTION`."""

    async def work(house: House) -> int:
        from storage import quarantine

        held = await house.readers.run(quarantine.held)
        if args.action == "list":
            return _list(held, args.json, wording)
        wanted = [one.id for one in held if not args.ids or one.id in args.ids]
        for id in wanted:
            await house.desk.replay(id)
        left = await house.readers.run(quarantine.held)
        say(wording.say("cli.quarantine.replay.done", done=len(wanted), left=len(left)))
        return TROUBLE if left else FINE

    return in_house(args, work)


def _list(held: list[Quarantined], as_json: bool, wording: Wording) -> int:
    """Where it broke, never what was said: the last line of a trace may quote it, so only places are shown."""
    if as_json:
        print_json(
            [
                {
                    "id": one.id,
                    "number": one.number,
                    "at": one.at,
                    "channel": one.update.address.channel,
                    "kind": type(one.update.incoming).__name__,
                    "place": _place(one.trace),
                }
                for one in held
            ]
        )
        return FINE
    if not held:
        say(wording.say("cli.quarantine.list.none"))
    for one in held:
        at = f"{one.at.astimezone():%Y-%m-%d %H:%M}"
        row = {"id": one.id, "number": one.number, "at": at, "place": _place(one.trace)}
        say(wording.say("cli.quarantine.list.row", channel=one.update.address.channel, **row))
    return FINE


def _place(trace: str) -> str:
    places = [line.strip() for line in trace.splitlines() if line.lstrip().startswith("File ")]
    return places[-1] if places else ""
