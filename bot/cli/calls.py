"""anlitong calls: list, check, show and open calls; more time for one unit."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.cli.common import FINE, TROUBLE, Stop, edition_of, in_house, level_of, print_json, say, settings_of
from bot.engine.definition import TRACK, Call, Limit, Section
from bot.engine.messages import Moment, Say
from bot.errors import Mistake
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.app import House


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Runs `calls ACTION`."""
    actions = {"list": _list, "check": _check, "show": _show, "open": _open, "extend": _extend, "late-key": _late_key}
    return actions[args.action](args, wording)


def _until(wording: Wording, at: datetime, zone: str) -> str:
    """A call's date, which is the midnight after its last day."""
    return wording.say("cli.until", at=Moment(at=at - timedelta(microseconds=1), zone=zone))


# ---------------------------------------------------------------- list


def _list(args: argparse.Namespace, wording: Wording) -> int:
    from bot.calls import load_all

    settings = settings_of(args)
    calls = load_all(settings.call_folders)
    opened = _editions(settings.database_place, calls)
    if args.json:
        print_json(
            {
                id: {
                    "title": call.title,
                    "due": _dates(call)[0],
                    "editions": [
                        {"id": e.id, "title": e.title, "due": e.due, "closed": e.closed}
                        for e in opened
                        if e.call.id == id
                    ],
                }
                for id, call in calls.items()
            }
        )
        return FINE
    for id, call in calls.items():
        due = _until(wording, _dates(call)[0], call.zone)
        say(wording.say("cli.calls.list.row", id=id, title=call.title, due=due))
        for edition in opened:
            if edition.call.id == id:
                due = _until(wording, edition.due, call.zone)
                say(wording.say("cli.calls.list.edition", title=edition.title, due=due))
    return FINE


def _dates(call: Call) -> tuple[datetime, Mapping[str, datetime]]:
    from bot.engine.dates import resolve
    from bot.world import World

    return resolve(call, World().now())


def _editions(place: str, calls: Mapping[str, Call]) -> list[Any]:
    """The editions opened so far; none where there is no database yet."""
    from pathlib import Path

    from storage import database, editions

    if "://" not in place and not Path(place).is_file():
        return []
    engine = database.open_reader(place)
    try:
        if not database.check(engine):
            return []
        with engine.begin() as connection:
            return sorted(editions.load(connection, calls).values(), key=lambda e: e.id)
    finally:
        engine.dispose()


# ---------------------------------------------------------------- check


def _check(args: argparse.Namespace, wording: Wording) -> int:
    from bot.calls import check_all, check_call
    from bot.world import World

    now = World().now()
    if args.files:
        missing = [file for file in args.files if not file.is_file()]
        if missing:
            raise Stop(wording.say("cli.file_missing", file=missing[0]))
        results = [(str(file), *check_call(file, now=now)) for file in args.files]
        mistakes = [found for _, _, mistakes in results for found in mistakes]
        good = [wording.say("cli.calls.check.good", file=file) for file, call, _ in results if call is not None]
    else:
        calls, all_mistakes = check_all(settings_of(args).call_folders, now)
        mistakes = list(all_mistakes)
        good = [wording.say("cli.calls.check.all_good")] if calls and not _grave(mistakes) else []
    for found in mistakes:
        say(wording.say("cli.calls.check.hint", line=found) if found.hint else str(found))
    for line in good:
        say(line)
    return TROUBLE if _grave(mistakes) else FINE


def _grave(mistakes: list[Mistake]) -> bool:
    return any(not found.hint for found in mistakes)


# ---------------------------------------------------------------- show


def _show(args: argparse.Namespace, wording: Wording) -> int:
    from bot.calls import load_all

    calls = load_all(settings_of(args).call_folders)
    call = calls.get(args.id)
    if call is None:
        raise Stop(wording.say("cli.calls.show.unknown", id=args.id, ids=tuple(calls)))
    due, dates = _dates(call)
    if args.json:
        said = {name: value for name, value in asdict(call).items() if not name.startswith("_")}
        print_json({**said, "resolved": {"due": due, "levels": dates}})
        return FINE
    say(wording.say("cli.calls.show.title", title=call.title, id=call.id))
    say(wording.say("cli.calls.show.due", due=_until(wording, due, call.zone)))
    if limit := _limit(call.limit, wording):
        say(wording.say("cli.calls.show.words", limit=limit))
    for line in _parts(call, wording):
        say(line)
    return FINE


def _parts(call: Call, wording: Wording) -> Iterator[str]:
    n = 0
    for section in call.parts():
        n += section.numbered
        yield _heading(call, section, n, wording)
        for question in section.questions:
            key = "cli.calls.show.required" if question.required else "cli.calls.show.question"
            yield wording.say(key, ask=question.ask)
            for track in question.options if question.id == TRACK else ():
                limit = _limit(track.limit or call.limit, wording)
                yield wording.say("cli.calls.show.track", label=track.label, limit=_bracket(limit, wording))


def _heading(call: Call, section: Section, n: int, wording: Wording) -> str:
    if not section.numbered:
        return wording.say(f"cli.calls.show.{section.id}")
    asked = call.find(TRACK)
    tracks = tuple(o.label for o in (asked[1].options if asked else ()) if o.id in section.tracks)
    key = "cli.calls.show.section_of" if tracks else "cli.calls.show.section"
    limit = _bracket(_limit(section.limit, wording), wording)
    return wording.say(key, n=n, heading=section.heading, limit=limit, tracks=tracks)


def _bracket(limit: str, wording: Wording) -> str:
    return wording.say("cli.calls.show.bracket", limit=limit) if limit else ""


def _limit(limit: Limit, wording: Wording) -> str:
    kinds = {"both": limit.min and limit.max, "max": limit.max, "min": limit.min, "about": limit.about}
    kind = next((kind for kind, given in kinds.items() if given), "")
    if not kind:
        return ""
    return wording.text(
        Say(key=f"cli.calls.show.limit_{kind}", params={"min": limit.min, "max": limit.max, "about": limit.about})
    )


# ---------------------------------------------------------------- open


def _open(args: argparse.Namespace, wording: Wording) -> int:
    async def work(house: House) -> int:
        from bot.acts import OpenEdition
        from bot.doors import Refusal

        opened = await house.act(OpenEdition(call=args.id))
        if isinstance(opened, Refusal):
            raise Stop(wording.say(opened.key, **opened.params))
        if args.json:
            print_json(opened.result)
            return FINE
        due = _until(wording, opened.result["due"], house.calls[args.id].zone)
        say(wording.say("cli.calls.open.done", title=opened.result["title"], due=due))
        return FINE

    return in_house(args, work)


# ---------------------------------------------------------------- extend


def _extend(args: argparse.Namespace, wording: Wording) -> int:
    async def work(house: House) -> int:
        from bot.acts import Extend
        from bot.doors import Refusal

        if args.id not in house.calls:
            raise Stop(wording.say("cli.calls.show.unknown", id=args.id, ids=tuple(house.calls)))
        call = house.calls[args.id]
        level = level_of(args.level, call, wording)
        edition = await edition_of(house, args.id, args.edition, wording)
        until = _day(args.until, wording) if args.until else None
        unit = args.unit or house.settings.site.root
        done = await house.act(Extend(edition=edition, unit=unit, level=level, until=until))
        if isinstance(done, Refusal):
            raise Stop(wording.say(done.key, **done.params))
        if args.json:
            print_json(done.result)
            return FINE
        key = "cli.calls.extend.done" if until else "cli.calls.extend.taken_back"
        say(wording.say(key, unit=unit.rpartition("/")[2], until=_until(wording, done.result["until"], call.zone)))
        return FINE

    return in_house(args, work)


def _late_key(args: argparse.Namespace, wording: Wording) -> int:
    async def work(house: House) -> int:
        from bot.acts import MakeLateKey
        from bot.doors import Refusal

        if args.id not in house.calls:
            raise Stop(wording.say("cli.calls.show.unknown", id=args.id, ids=tuple(house.calls)))
        edition = await edition_of(house, args.id, args.edition, wording)
        until = _day(args.until, wording)
        done = await house.act(MakeLateKey(edition=edition, unit=args.unit, until=until, uses=args.uses))
        if isinstance(done, Refusal):
            raise Stop(wording.say(done.key, **done.params))
        if args.json:
            print_json(done.result)
            return FINE
        told = {**done.result, "until": _until(wording, done.result["until"], house.calls[args.id].zone)}
        say(wording.say("cli.calls.late-key.done", uses=args.uses, **told))
        return FINE

    return in_house(args, work)


def _day(typed: str, wording: Wording) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise Stop(wording.say("cli.calls.extend.bad_day", typed=typed)) from None
