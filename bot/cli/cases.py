"""anlitong cases: what was handed in."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, get_args

from bot.cli.common import FINE, Stop, in_house, print_json, print_table, say, scope_below
from bot.engine.cases import CaseState
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.app import House
    from storage.commands import CaseSeen


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Runs `cases list`."""

    async def work(house: House) -> int:
        from storage import commands

        if args.call and args.call not in house.calls:
            raise Stop(wording.say("cli.calls.show.unknown", id=args.call, ids=tuple(house.calls)))
        state = _state(args.state, wording)
        scope = await scope_below(house, args.unit, wording)
        found = await house.readers.run(lambda c: commands.cases_seen(c, scope, call=args.call, state=state))
        if args.json:
            print_json([one._asdict() for one in found])
            return FINE
        if not found:
            narrowed = args.call or args.unit or args.state
            say(wording.say("cli.cases.list.none" if narrowed else "cli.cases.list.empty"))
        for edition, some in groupby(found, key=lambda one: one.edition):
            _print(edition, list(some), house, wording)
        return FINE

    return in_house(args, work)


def _state(typed: str, wording: Wording) -> str:
    """A state by its English or Chinese name. Raises Stop with the names there are."""
    names: dict[str, str] = {wording.say(f"cli.cases.state.{state}"): state for state in get_args(CaseState)}
    if typed and typed not in names and typed not in names.values():
        raise Stop(wording.say("cli.cases.list.no_state", typed=typed, names=tuple(names)))
    return names.get(typed, typed)


def _print(edition: str, some: Sequence[CaseSeen], house: House, wording: Wording) -> None:
    """One edition's cases: how many, and a line each."""
    from bot.engine.messages import Moment

    def row(one: CaseSeen) -> tuple[str, ...]:
        at = Moment(at=one.submitted_at, zone=house.calls[one.call].zone)
        state = wording.say(f"cli.cases.state.{one.state}")
        writer = one.writer or wording.say("cli.cases.list.erased")
        words = wording.say("cli.cases.list.words", words=one.words)
        return one.number, one.unit, one.title, writer, words, state, wording.say("cli.cases.list.at", at=at)

    say(wording.say("cli.cases.list.edition", edition=edition, count=len(some)))
    print_table(wording.say("cli.cases.list.head").split("|"), [row(one) for one in some])
