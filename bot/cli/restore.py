"""anlitong restore: a backup into an empty data folder."""

from __future__ import annotations

import argparse

from bot.cli.common import FINE, Stop, say, settings_of
from bot.wording import Wording


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Unpacks and checks; nothing appears unless everything fits."""
    from storage.backup import Damaged, restore

    settings = settings_of(args)
    if not args.file.is_file():
        raise Stop(wording.say("cli.file_missing", file=args.file))
    try:
        packed = restore(args.file, settings.data)
    except FileExistsError as error:
        raise Stop(wording.say("cli.restore.not_empty", folder=settings.data)) from error
    except Damaged as error:
        key = "cli.restore.damaged" if error.member else "cli.restore.not_backup"
        raise Stop(wording.say(key, file=args.file, name=error.member)) from error
    except OSError as error:
        raise Stop(wording.say("cli.no_folder", folder=settings.data)) from error
    say(wording.say("cli.restore.done", folder=settings.data, files=packed.files))
    if packed.database != "sqlite":
        say(wording.say("cli.restore.postgres"))
    return FINE
