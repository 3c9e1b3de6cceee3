"""anlitong paper: the Word file of a submitted case, by its number."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bot.cli.common import FINE, Stop, complain, in_house, out_of, say
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.app import House


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Writes the latest submission; with --read the case counts as opened from then on."""

    async def work(house: House) -> int:
        import asyncio

        from bot.acts import MarkOpened
        from bot.app import EVERYTHING
        from bot.doors import Refusal
        from bot.papers import word_file
        from storage import commands

        found = await house.readers.run(lambda c: commands.cases_numbered(c, args.number))
        if not found:
            raise Stop(wording.say("cli.paper.unknown", number=args.number))
        if len(found) > 1:
            complain(wording.say("cli.paper.number_again", count=len(found), number=args.number))
        case = found[0]
        printing = await house.look.printing(EVERYTHING, case.draft, case.n)
        if printing is None:
            raise Stop(wording.say("cli.paper.unknown", number=args.number))
        out_of(args.output, await asyncio.to_thread(word_file, printing, house.files), wording)
        if args.read:
            marked = await house.act(MarkOpened(case=case.id))
            if isinstance(marked, Refusal):
                raise Stop(wording.say(marked.key, **marked.params))
        say(wording.say("cli.paper.done", file=args.output, n=case.n, words=printing.paper.words))
        return FINE

    return in_house(args, work)
