"""anlitong audit: the books, checked and read."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.cli.common import FINE, TROUBLE, Stop, complain, in_house, print_json, print_table, say, scope_below
from bot.wording import Wording
from bot.workbench.books import what, who

if TYPE_CHECKING:
    from bot.app import House
    from storage.audit import EventSeen

_ZONE = "Asia/Shanghai"  # events belong to no call; the calls' usual zone


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Runs the action that was typed."""
    return _verify(args, wording) if args.action == "verify" else _list(args, wording)


def _verify(args: argparse.Namespace, wording: Wording) -> int:
    async def work(house: House) -> int:
        from storage import audit

        found = await house.readers.run(lambda c: audit.verify(c, args.expect.strip().lower()))
        sound = not found.broken and found.found is not False
        if args.json:
            print_json({**asdict(found), "sound": sound})
            return FINE if sound else TROUBLE
        if found.before:
            say(wording.say("cli.audit.verify.before", count=found.before))
        if found.broken:
            complain(wording.say(f"cli.audit.verify.{found.why}", link=found.broken, links=found.links))
        else:
            say(wording.say("cli.audit.verify.sound", links=found.links, last=found.last))
        if found.found is False:
            complain(wording.say("cli.audit.verify.lost", hash=args.expect))
        elif found.found:
            say(wording.say("cli.audit.verify.kept", hash=args.expect))
        return FINE if sound else TROUBLE

    return in_house(args, work)


def _list(args: argparse.Namespace, wording: Wording) -> int:
    async def work(house: House) -> int:
        from storage import audit

        scope = await scope_below(house, args.unit, wording)
        since = _since(args.since, wording)
        case = 0
        if args.case:
            numbered = await house.readers.run(lambda c: audit.case_numbered(c, scope, args.case))
            if not numbered:
                raise Stop(wording.say("cli.paper.unknown", number=args.case))
            case = numbered[0]
        limit = max(1, min(args.limit, 100_000))
        lines = await house.readers.run(
            lambda c: audit.seen(c, scope, case=case, kind=args.kind, since=since, limit=limit)
        )
        if args.json:
            print_json([line._asdict() for line in lines])
        elif not lines:
            say(wording.say("cli.audit.list.none"))
        else:
            print_table(wording.say("cli.audit.list.head").split("|"), [_row(line, wording) for line in lines])
        return FINE

    return in_house(args, work)


def _since(typed: str, wording: Wording) -> datetime | None:
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise Stop(wording.say("cli.audit.list.bad_date", typed=typed)) from None
    return datetime.combine(day, time(), tzinfo=ZoneInfo(_ZONE)).astimezone(UTC)


def _row(line: EventSeen, wording: Wording) -> tuple[str, ...]:
    at = line.at.astimezone(ZoneInfo(_ZONE)).strftime("%Y-%m-%d %H:%M:%S")
    return at, who(line, wording), what(line.kind, wording), line.number, line.unit
