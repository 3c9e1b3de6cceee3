"""anlitong doctor: what is wrong on this machine, and what to do about it."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.cli.common import FINE, TROUBLE, print_json, say, settings_of
from bot.cli.doctor_telegram import Finding
from bot.cli.doctor_telegram import look as _telegram
from bot.wording import Wording
from bot.world import World

if TYPE_CHECKING:
    from bot.config import Settings

_GB = 1024**3
_LOW = 1.0  # gigabytes
_BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right shows an earlier time
_FAR = datetime(2100, 1, 1, tzinfo=UTC)


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Looks at settings, folder, database, calls, Telegram, fonts, clock; status 1 when something must be put right."""
    from bot.config import default_file
    from bot.errors import ConfigError

    found: list[Finding] = []
    try:
        settings = settings_of(args)
    except ConfigError as error:
        found += [("bad", "config", line) for line in str(error).splitlines()]
    else:
        here = Path("config.toml")
        file = args.config or (here if here.is_file() else default_file())
        found.append(("good", "config", wording.say("cli.doctor.config", file=file)))
        for look in (_folder, _database, _calls, _telegram):
            found += look(settings, wording)
    found += [*_fonts(wording), *_clock(wording)]
    if args.json:
        print_json([{"state": state, "what": what, "say": line} for state, what, line in found])
    else:
        for state, _, line in found:
            say(wording.say(f"cli.doctor.{state}", line=line))
    return TROUBLE if any(state == "bad" for state, _, _ in found) else FINE


def _folder(settings: Settings, wording: Wording) -> Iterator[Finding]:
    from bot.errors import ConfigError
    from bot.folder import open_folder

    folder = settings.data
    if not folder.exists():
        yield "good", "folder", wording.say("cli.doctor.folder_new", folder=folder)
        return
    try:
        open_folder(folder, wording)
    except ConfigError:
        yield "bad", "folder", wording.say("cli.doctor.folder_bad", folder=folder)
        return
    free = shutil.disk_usage(folder).free / _GB
    key = "folder" if free > _LOW else "folder_low"
    yield (
        "good" if free > _LOW else "bad",
        "folder",
        wording.say(f"cli.doctor.{key}", folder=folder, free=f"{free:.1f}"),
    )
    if folder.stat().st_mode & 0o077:
        yield "bad", "folder", wording.say("cli.doctor.folder_open", folder=folder)
    site_key = folder / "site.key"
    if site_key.exists() and site_key.stat().st_mode & 0o077:
        yield "bad", "folder", wording.say("cli.doctor.key_open", file=site_key)


def _database(settings: Settings, wording: Wording) -> Iterator[Finding]:
    from sqlalchemy.exc import DBAPIError

    from bot.errors import NewerDatabase
    from storage import database
    from storage.backup import damage

    place = settings.database_place
    kind = "PostgreSQL" if settings.database.url else "SQLite"
    if not settings.database.url and not Path(place).is_file():
        yield "good", "database", wording.say("cli.doctor.database_new", kind=kind)
        return
    engine = database.open_reader(place)
    try:
        if not database.check(engine):
            empty = not database.schema(engine)
            key = "database_new" if empty else "database_old"
            yield "good" if empty else "bad", "database", wording.say(f"cli.doctor.{key}", kind=kind)
        elif detail := damage(engine):
            yield "bad", "database", wording.say("cli.db.check.damaged", detail=detail)
        else:
            yield "good", "database", wording.say("cli.doctor.database", kind=kind)
    except NewerDatabase:
        yield "bad", "database", wording.say("cli.newer")
    except (DBAPIError, ConnectionError) as error:
        reason = type(getattr(error, "orig", error)).__name__
        yield "bad", "database", wording.say("cli.doctor.database_down", reason=reason)
    finally:
        engine.dispose()


def _calls(settings: Settings, wording: Wording) -> Iterator[Finding]:
    from bot.calls import check_all

    calls, mistakes = check_all(settings.call_folders)
    grave = [found for found in mistakes if not found.hint]
    for found in grave:
        yield "bad", "calls", str(found)
    if not grave:
        yield "good", "calls", wording.say("cli.doctor.calls", count=len(calls))


def _fonts(wording: Wording) -> Iterator[Finding]:
    from bot.errors import AnlitongError
    from bot.paper.layout import load_layout

    try:
        layout = load_layout("gbt9704")
    except AnlitongError as error:
        yield "bad", "fonts", str(error)
        return
    wanted = sorted({style.font for style in (layout.title, layout.body, layout.heading, layout.heading2)})
    program = shutil.which("fc-list")
    if program is None:
        return
    listed = subprocess.run([program, ":", "family"], capture_output=True, text=True, check=False, timeout=20).stdout
    missing = tuple(name for name in wanted if name not in listed)
    if missing:
        yield "note", "fonts", wording.say("cli.doctor.no_fonts", fonts=missing)
    else:
        yield "good", "fonts", wording.say("cli.doctor.fonts", fonts=tuple(wanted))


def _clock(wording: Wording) -> Iterator[Finding]:
    now = World().now()
    try:
        local = now.astimezone(ZoneInfo("Asia/Shanghai"))
    except ZoneInfoNotFoundError:
        yield "bad", "clock", wording.say("cli.doctor.zone_bad")
        return
    good = _BUILT < now < _FAR
    key = "clock" if good else "clock_bad"
    yield "good" if good else "bad", "clock", wording.say(f"cli.doctor.{key}", now=f"{local:%Y-%m-%d %H:%M}")
