"""anlitong season: a call's whole season rehearsed in virtual time, with invented people."""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.cli.common import FINE, Stop, complain, print_json, print_table, say, settings_of
from bot.folder import folder_sentence, keep_rehearsal
from bot.season.parts import play
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.app import House
    from bot.season.play import Day, Heard, Season
    from bot.world import World


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Runs the rehearsal and prints what came of it."""
    if args.people < 1:
        raise Stop(wording.say("cli.season.people_least"))
    if args.speed < 0:
        raise Stop(wording.say("cli.season.speed_least"))
    _begin(args, wording)
    if args.svg and not args.svg.absolute().parent.is_dir():
        raise Stop(wording.say("cli.season.svg_where", file=args.svg))
    try:
        season = play(partial(_play, args), args.people, args.seed, partial(_told, args, wording))
    except EOFError as error:
        raise Stop(wording.say("cli.season.broke")) from error
    drawn = _drawn(season, args, wording)
    data = settings_of(args).data
    try:
        keep_rehearsal(data, args.call, drawn)
    except OSError as error:  # the rehearsal itself is worth telling all the same
        complain(folder_sentence(error, data, wording))
    if args.svg:
        Path(args.svg).write_text(drawn, "utf-8")
    if args.json:
        print_json(asdict(season))
        return FINE
    _print(season, args, wording)
    return FINE


def _drawn(season: Season, args: argparse.Namespace, wording: Wording) -> str:
    """The season as a picture."""
    from bot.workbench.plot import AMBER, GREY, PINE, Line, Picture, svg

    keys = (("joined", GREY), ("drafts", AMBER), ("submitted", PINE))
    last = (season.until - timedelta(microseconds=1)).astimezone(ZoneInfo(season.zone)).date()
    return svg(
        Picture(
            title=wording.say("cli.season.picture", title=season.title, count=args.people),
            days=[date.fromisoformat(day.date) for day in season.days],
            lines=[Line(wording.say(f"cli.season.{k}"), c, [getattr(d, k) for d in season.days]) for k, c in keys],
            told=[day.told for day in season.days],
            bars=wording.say("cli.season.told"),
            until=last,
            due=wording.say("cli.season.due"),
        )
    )


def _told(args: argparse.Namespace, wording: Wording, day: Day) -> None:
    """A day is over: it is printed, no quicker than was asked for."""
    if not args.json:
        say(wording.say("cli.season.day", **asdict(day)))
    if args.speed:
        time.sleep(1 / args.speed)


def _play(args: argparse.Namespace, people: int, seed: int, told: Callable[[Day], None]) -> Season:
    return asyncio.run(_in_house(args, people, seed, told))


async def _in_house(args: argparse.Namespace, people: int, seed: int, told: Callable[[Day], None]) -> Season:
    from bot.app import calm_memory
    from bot.season.cadre import Words
    from bot.season.play import LEAD, Rehearsal, Stage

    wording = Wording.load()
    sentences = {key: wording.sentences[f"season.{key}"] for key in Words.__dataclass_fields__}
    begin = _begin(args, wording) - timedelta(days=LEAD)
    async with Stage(lambda folder, world: _house(args, folder, world), begin) as (house, clock):
        calm_memory()
        rehearsal = Rehearsal(house, clock, Words(**sentences), people=people, seed=seed)
        return await rehearsal.play(args.call, told)


def _begin(args: argparse.Namespace, wording: Wording) -> datetime:
    """The date of the call as its next edition would have it."""
    from bot.calls import load_all
    from bot.engine.dates import resolve

    calls = load_all(settings_of(args).call_folders)
    if args.call not in calls:
        raise Stop(wording.say("cli.calls.show.unknown", id=args.call, ids=tuple(calls)))
    # Far enough ahead that all of the season lies before the date.
    due, _ = resolve(calls[args.call], datetime.now(UTC) + timedelta(days=60))
    return due


def _house(args: argparse.Namespace, folder: Path, world: World) -> House:
    """A house of its own, with the calls and the office of the real settings."""
    from bot.app import House
    from bot.config import load

    environ = {**os.environ, "ANLITONG_DATABASE__URL": "", "ANLITONG_CALLS__OPEN": "[]"}
    settings = load(args.config, data=str(folder), environ=environ, speaks=False)
    return House(settings, world=world, busy=False)


def _print(season: Season, args: argparse.Namespace, wording: Wording) -> None:
    last = season.days[-1]
    told = sum(day.told for day in season.days)
    most = max(day.most for day in season.days)
    say(
        wording.say(
            "cli.season.sum",
            count=args.people,
            told=told,
            most=most,
            **{key: getattr(last, key) for key in ("joined", "drafts", "submitted")},
        )
    )
    rows = [[wording.say(f"cli.season.habit.{habit}"), str(many)] for habit, many in season.habits.items()]
    print_table([wording.say("cli.season.habits"), wording.say("cli.season.many")], rows)
    for key, heard in (("cadre", season.cadre), ("coordinator", season.coordinator)):
        say("\n" + wording.say(f"cli.season.{key}", count=len(heard)))
        for one in heard:
            say(_line(one, season.zone))
    if args.svg:
        say("\n" + wording.say("cli.season.drawn", file=args.svg))


def _line(one: Heard, zone: str) -> str:
    at = one.at.astimezone(ZoneInfo(zone))
    buttons = "".join(f" [{label}]" for label in one.buttons)
    return f"{at:%m-%d %H:%M}  {one.text}{buttons}"
