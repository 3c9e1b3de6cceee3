"""anlitong pack: an edition's chosen cases as one zip. A run that broke off is gone on with by the same command."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.common import FINE, Stop, complain, edition_of, in_house, level_of, print_json, say, scope_below
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.app import House
    from bot.doors import Pack

_STATES = ("recommended", "passed", "all")
_PLAIN_EVERY = 50  # cases between two lines where nobody watches
_OWN = re.compile(r"[0-9a-f]{64}-|\d+\.zip$")  # what a run leaves in its folder
_MB = 1024 * 1024


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Writes the zip beside its place and moves it there when it is whole."""

    async def work(house: House) -> int:
        from bot.pack.packing import Made

        call = house.calls.get(args.call)
        if call is None:
            raise Stop(wording.say("cli.calls.show.unknown", id=args.call, ids=tuple(house.calls)))
        level, state = level_of(args.level, call, wording), _state(args.state, wording)
        edition = await edition_of(house, args.call, args.edition, wording)
        scope = await scope_below(house, args.unit, wording)
        kept = args.output.with_name(f"{args.output.name}.part")
        made = Made(kept)
        pack = await house.look.pack(scope, edition, level=level, state=state, progress=_progress(wording), made=made)
        if pack is None:
            raise Stop(wording.say("cli.pack.none_all" if state == "all" else "cli.pack.none"))
        size = await _write(pack, args.output, kept, wording)
        if args.json:
            print_json({"file": str(args.output), "cases": pack.cases, "bytes": size, "found": made.found})
            return FINE
        key = "cli.pack.again" if made.found else "cli.pack.done"
        told = {"file": args.output, "count": pack.cases, "size": f"{size / _MB:.1f}", "found": made.found}
        say(wording.say(key, **told))
        say(wording.say("cli.pack.gaps"))
        return FINE

    return in_house(args, work)


def _state(typed: str, wording: Wording) -> str:
    if typed not in _STATES:
        raise Stop(wording.say("cli.pack.no_state", typed=typed, names=_STATES))
    return typed


async def _write(pack: Pack, output: Path, kept: Path, wording: Wording) -> int:
    """The zip at its place, whole; how many bytes. What is needed to go on stays in `kept` until then."""
    import asyncio

    try:
        kept.mkdir(exist_ok=True)
        aside = kept / f"{os.getpid()}.zip"
        with aside.open("wb") as file:
            async for piece in pack.pieces:
                await asyncio.to_thread(file.write, piece)
            size = file.tell()
            file.flush()
            os.fsync(file.fileno())
        aside.replace(output)
    except OSError as error:
        raise Stop(wording.say("cli.file_unwritable", file=output)) from error
    for path in kept.iterdir():
        if _OWN.match(path.name):
            path.unlink(missing_ok=True)
    with suppress(OSError):
        kept.rmdir()
    return size


def _progress(wording: Wording) -> Callable[[int, int], None]:
    """A line that grows where somebody watches, else one now and then."""
    watched = sys.stderr.isatty()

    def tell(done: int, total: int) -> None:
        line = wording.say("cli.pack.progress", done=done, total=total)
        if watched:
            print(f"\r{line}", end="\n" if done == total else "", file=sys.stderr, flush=True)
        elif done % _PLAIN_EVERY == 0 or done == total:
            complain(line)

    return tell
