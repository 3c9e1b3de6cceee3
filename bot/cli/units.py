"""anlitong units: the tree of units, taken from a sheet and listed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bot.cli.common import (
    FINE,
    TROUBLE,
    Stop,
    complain,
    in_house,
    print_json,
    print_table,
    say,
    scope_below,
    settings_of,
)
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.app import House
    from bot.unit_sheet import Plan, Trouble
    from storage.units import UnitSeen

_AT_ONCE = 5000  # units in one transaction: nobody who writes meanwhile has to wait for the whole of a province


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Runs the action that was typed."""
    return _import(args, wording) if args.action == "import" else _list(args, wording)


def _import(args: argparse.Namespace, wording: Wording) -> int:
    plan = _read(args, wording)
    for line in plan.hints:
        say(_line(line, wording))
    if plan.mistakes:
        for line in plan.mistakes:
            complain(_line(line, wording))
        complain(wording.say("cli.units.import.refused", count=len(plan.mistakes)))
        return TROUBLE

    def tell(done: Mapping[str, int]) -> int:
        if args.json:
            print_json(done)
        else:
            say(wording.say(f"cli.units.import.{'would' if args.dry_run else 'done'}", **done))
        return FINE

    async def work(house: House) -> int:
        return tell(await _add(house, plan))

    if args.dry_run:  # what is only looked at makes no folder and no database
        return tell({"units": len(plan.units), "made": 0, "confirmed": 0})
    return in_house(args, work)


def _read(args: argparse.Namespace, wording: Wording) -> Plan:
    """The plan of the sheet. Raises Stop where there is none to be read."""
    from bot import sheets, unit_sheet
    from bot.config import level_names
    from bot.errors import FileRefused

    site, all_levels = settings_of(args).site, level_names()
    levels = all_levels[all_levels.index(site.root_level) :]
    names = {
        name: column
        for column in (*levels, unit_sheet.KIND, unit_sheet.PASSED)
        for name in wording.say(f"units.column.{column}").split()
    }
    try:
        rows = sheets.read(args.file)
    except FileRefused as refused:
        raise Stop(f"{args.file}: {wording.say(refused.key, **refused.params)}") from refused
    except OSError as error:
        raise Stop(wording.say("cli.file_missing", file=args.file)) from error
    return unit_sheet.plan(rows, site.root, levels, names)


async def _add(house: House, plan: Plan) -> dict[str, int]:
    """Makes the units, some thousands at a time; what was made before a failure stays, and is found the next time."""
    from bot.acts import AddUnits
    from bot.doors import Acted

    paths = list(plan.units)
    done = {"units": 0, "made": 0, "confirmed": 0}
    for start in range(0, len(paths), _AT_ONCE):
        some = paths[start : start + _AT_ONCE]
        kinds = {"/".join(path): kind for path in some if (kind := plan.units[path])}
        acted = await house.act(AddUnits(paths=tuple("/".join(path) for path in some), kinds=kinds))
        assert isinstance(acted, Acted), acted
        done = {name: count + int(acted.result[name]) for name, count in done.items()}
    return done


def _line(trouble: Trouble, wording: Wording) -> str:
    sentence = wording.say(f"units.sheet.{trouble.key}", **trouble.params)
    return wording.say("units.sheet.row", n=trouble.n, say=sentence) if trouble.n else sentence


def _list(args: argparse.Namespace, wording: Wording) -> int:
    async def work(house: House) -> int:
        from storage import units

        scope = await scope_below(house, args.unit, wording)
        found = await house.readers.run(lambda c: units.seen(c, scope))
        if args.json:
            print_json([one._asdict() for one in found])
        elif not found:
            say(wording.say("cli.units.list.none"))
        else:
            _print(found, wording)
        return FINE

    return in_house(args, work)


def _print(found: Sequence[UnitSeen], wording: Wording) -> None:
    rows = [
        (one.path, one.level, one.kind, "" if one.confirmed else wording.say("cli.units.list.unconfirmed"))
        for one in found
    ]
    print_table(wording.say("cli.units.list.head").split("|"), rows)
