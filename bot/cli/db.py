"""anlitong db: upgrade or check the schema."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.common import FINE, TROUBLE, say, settings_of
from bot.wording import Wording

if TYPE_CHECKING:
    from sqlalchemy import Engine


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Runs `db ACTION`."""
    from bot.folder import open_folder
    from storage import database

    settings = settings_of(args)
    if args.action == "check" and not settings.database.url and not Path(settings.database_place).is_file():
        say(wording.say("cli.db.check.empty"))
        return TROUBLE
    open_folder(settings.data, wording)
    engine = database.open_writer(settings.database_place)
    try:
        if args.action == "upgrade":
            database.upgrade(engine)
            say(wording.say("cli.db.upgrade.done", schema=database.schema(engine)))
            return FINE
        return _check(engine, wording)
    finally:
        engine.dispose()


def _check(engine: Engine, wording: Wording) -> int:
    from storage import database
    from storage.backup import damage

    current, schema = database.check(engine), database.schema(engine)
    if not schema:
        say(wording.say("cli.db.check.empty"))
        return TROUBLE
    if not current:
        say(wording.say("cli.db.check.old", schema=schema))
        return TROUBLE
    if detail := damage(engine):
        say(wording.say("cli.db.check.damaged", detail=detail))
        return TROUBLE
    say(wording.say("cli.db.check.good", schema=schema))
    return FINE
