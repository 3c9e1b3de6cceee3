"""anlitong backup: one tar with everything."""

from __future__ import annotations

import argparse
from pathlib import Path

from bot.cli.common import FINE, Stop, say, settings_of
from bot.wording import Wording

MB = 1024 * 1024


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Packs the data folder of the settings."""
    from bot.folder import site_key
    from storage import database
    from storage.backup import back_up

    settings = settings_of(args)
    if not settings.data.is_dir() or (not settings.database.url and not Path(settings.database_place).is_file()):
        raise Stop(wording.say("cli.db.check.empty"))
    site_key(settings.data)
    engine = database.open_reader(settings.database_place)
    try:
        packed = back_up(engine, settings.data, args.file)
    except FileExistsError as error:
        raise Stop(wording.say("cli.file_exists", file=args.file)) from error
    except OSError as error:
        raise Stop(wording.say("cli.file_unwritable", file=args.file)) from error
    finally:
        engine.dispose()
    say(wording.say("cli.backup.done", file=args.file, files=packed.files, size=f"{packed.size / MB:.1f}"))
    if packed.missing:
        names = tuple(packed.missing[:5])
        say(wording.say("cli.backup.missing", count=len(packed.missing), names=names))
    if packed.database != "sqlite":
        say(wording.say("cli.backup.postgres", file=args.file))
    return FINE
