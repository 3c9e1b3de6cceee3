"""What the commands share: settings, a house for one command, and how trouble is told."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.wording import Wording

if TYPE_CHECKING:
    from bot.app import House
    from bot.config import Settings
    from bot.doors import Scope
    from bot.engine.definition import Call

FINE, TROUBLE, MISUSED = 0, 1, 2
_SPEAKING = ("serve", "telegram", "doctor")  # to Telegram, if it is set up


class Stop(Exception):
    """Ends a command with a sentence on stderr and exit status 1."""


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings a command line asks for; only those that speak to Telegram want its token. Raises ConfigError."""
    from bot.config import load

    return load(
        args.config,
        data=getattr(args, "data", None),
        host=getattr(args, "host", None),
        port=getattr(args, "port", None),
        speaks=args.command in _SPEAKING,
    )


def in_house(args: argparse.Namespace, work: Callable[[House], Awaitable[int]]) -> int:
    """Runs work in a house opened for this one command, without workers and loops."""
    import asyncio

    from bot.app import House

    async def run() -> int:
        async with House(settings_of(args), busy=False) as house:
            return await work(house)

    return asyncio.run(run())


def program() -> str:
    """What has to be typed here to call this program once more: as it was called, by the shortest way that works."""
    called = Path(sys.argv[0]).absolute()
    if called.name == "__main__.py":
        return f"{_typed(Path(sys.executable))} -m bot"
    found = shutil.which(called.name)
    return called.name if found and Path(found).absolute() == called else _typed(called)


def _typed(path: Path) -> str:
    """A path as it is typed in the present folder."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def say(text: str) -> None:
    """A line on stdout, at once."""
    print(text, flush=True)


def print_json(value: Any) -> None:
    """A value as JSON, times in ISO form."""

    def plain(other: Any) -> Any:
        if isinstance(other, datetime | date):
            return other.isoformat()
        raise TypeError(type(other).__name__)

    say(json.dumps(value, ensure_ascii=False, indent=2, default=plain))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under their head, each column as wide as its widest cell; a Chinese character is two wide."""
    lines = [head, *rows]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        say("  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip())


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


async def scope_below(house: House, unit: str, wording: Wording) -> Scope:
    """The eyes of whoever oversees a unit, given by its path ("" = everything). Raises Stop for an unknown one."""
    from bot.doors import Scope
    from storage.people import unit_at

    path = tuple(part.strip() for part in unit.split("/"))
    if unit and await house.readers.run(lambda c: unit_at(c, path)) is None:
        raise Stop(wording.say("cli.no_unit", unit=unit, root=house.settings.site.root))
    return Scope(person=0, units=("/".join(path),))


def level_of(typed: str, call: Call, wording: Wording) -> str:
    """A level's id, by itself or by its title. Raises Stop with those there are."""
    known = {level.title: level.id for level in call.levels}
    if typed and typed not in known and typed not in known.values():
        raise Stop(wording.say("cli.pack.no_level", typed=typed, names=tuple(known.values())))
    return known.get(typed, typed)


async def edition_of(house: House, call: str, n: int | None, wording: Wording) -> int:
    """The edition by its number among the call's, from 1; the last one opened where none is typed. Raises Stop."""
    from storage import editions

    found = await house.readers.run(lambda c: editions.load(c, house.calls))
    own = sorted((e for e in found.values() if e.call.id == call), key=lambda e: (e.opened_at, e.id))
    if not own:
        raise Stop(wording.say("cli.pack.no_edition", id=call))
    n = len(own) if n is None else n
    if not 1 <= n <= len(own):
        raise Stop(wording.say("cli.pack.no_such_edition", id=call, count=len(own)))
    return own[n - 1].id


def told(error: BaseException, wording: Wording) -> str | None:
    """The sentence for an exception a command may raise; None for a bug."""
    from bot.errors import AnlitongError, CallErrors, NewerDatabase, StoreBusy

    if isinstance(error, Stop | CallErrors):
        return str(error)
    if isinstance(error, NewerDatabase):
        return wording.say("cli.newer")
    if isinstance(error, StoreBusy) and str(error).isascii():
        return wording.say("cli.outage", reason=error)
    if isinstance(error, AnlitongError):
        return str(error)
    if type(error).__module__.startswith("sqlalchemy") and hasattr(error, "orig"):
        return wording.say("cli.outage", reason=type(error.orig).__name__)
    return None


def out_of(path: Path, data: bytes, wording: Wording) -> None:
    """Writes a file the user named. Raises Stop with what to do."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Stop(wording.say("cli.file_unwritable", file=path)) from error


def complain(text: str) -> None:
    """A line on stderr."""
    print(text, file=sys.stderr, flush=True)
