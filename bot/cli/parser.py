"""What can be typed: commands and options, with their help from the wording. Imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from bot.wording import Wording

Option = tuple[tuple[str, ...], Mapping[str, Any]]


def _option(*flags: str, help: str, **values: Any) -> Option:
    """One option or argument; `help` is its key in the wording."""
    return flags, {**values, "help": help}


_CONFIG = _option("--config", metavar="F", type=Path, help="cli.config")
_DATA = _option("--data", metavar="DIR", help="cli.data")
_JSON = _option("--json", action="store_true", help="cli.json")
_PLACE = (_CONFIG, _DATA)
COMMANDS: Mapping[str, tuple[Option, ...]] = {
    "serve": (
        *_PLACE,
        _option("--host", metavar="H", help="cli.serve.host"),
        _option("--port", metavar="N", type=int, help="cli.serve.port"),
    ),
    "talk": (*_PLACE, _option("--invite", metavar="LINK", default="", help="cli.talk.invite")),
    "calls": (),
    "calls list": (*_PLACE, _JSON),
    "calls check": (
        _CONFIG,
        _option("files", metavar="FILE", nargs="*", type=Path, help="cli.calls.check.files"),
    ),
    "calls show": (_CONFIG, _JSON, _option("id", metavar="ID", help="cli.calls.show.id")),
    "calls open": (*_PLACE, _JSON, _option("id", metavar="ID", help="cli.calls.show.id")),
    "count": (_option("file", metavar="FILE", nargs="?", type=Path, help="cli.count.file"),),
    "paper": (
        *_PLACE,
        _option("number", metavar="NUMBER", help="cli.paper.number"),
        _option("-o", "--output", metavar="FILE.docx", type=Path, required=True, help="cli.paper.output"),
        _option("--read", action="store_true", help="cli.paper.read"),
    ),
    "invite": (
        *_PLACE,
        _JSON,
        _option("--unit", metavar="PATH", default="", help="cli.invite.unit"),
        _option("--role", metavar="R", default="writer", help="cli.invite.role"),
        _option("--uses", metavar="N", type=int, help="cli.invite.uses"),
        _option("--days", metavar="N", type=int, default=30, help="cli.invite.days"),
        _option("--page", metavar="FILE.html", type=Path, help="cli.invite.page"),
    ),
    "db": (),
    "db upgrade": _PLACE,
    "db check": _PLACE,
    "backup": (*_PLACE, _option("file", metavar="FILE", type=Path, help="cli.backup.file")),
    "restore": (*_PLACE, _option("file", metavar="FILE", type=Path, help="cli.restore.file")),
    "quarantine": (),
    "quarantine list": (*_PLACE, _JSON),
    "quarantine replay": (
        *_PLACE,
        _option("ids", metavar="ID", nargs="*", type=int, help="cli.quarantine.replay.ids"),
    ),
    "doctor": (*_PLACE, _JSON),
}


class _Parser(argparse.ArgumentParser):
    """argparse with the house's words; a mistake is one sentence under the usage, exit status 2."""

    wording: Wording

    def __init__(self, **values: Any) -> None:
        layout = argparse.RawDescriptionHelpFormatter
        super().__init__(**values, add_help=False, allow_abbrev=False, formatter_class=layout)
        self._positionals.title = self.wording.say("cli.arguments")
        self._optionals.title = self.wording.say("cli.options")
        self.add_argument("-h", "--help", action="help", help=self.wording.say("cli.help"))

    def format_usage(self) -> str:
        formatter = self._get_formatter()
        usage = self.wording.say("cli.usage")
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups, usage)
        return formatter.format_help()

    def format_help(self) -> str:
        formatter = self._get_formatter()
        formatter.add_text(self.description)
        for group in self._action_groups:
            formatter.start_section(group.title)
            formatter.add_arguments(group._group_actions)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return f"{self.format_usage()}\n{formatter.format_help()}"

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.format_usage()}{self.wording.say('cli.wrong')}\n")


def make_parser(wording: Wording) -> argparse.ArgumentParser:
    """The parser of all commands; `command` (and `action`, for those with some) say which was typed."""
    kind: type[_Parser] = type("_Worded", (_Parser,), {"wording": wording})
    root = kind(prog="anlitong", description=wording.say("cli.about"), epilog=wording.say("cli.more"))
    root.add_argument("--version", action="store_true", help=wording.say("cli.version"))
    groups = {"": _group(root, wording, "command")}
    for path, options in COMMANDS.items():
        above, _, name = path.rpartition(" ")
        key = f"cli.{path.replace(' ', '.')}"
        parser = groups[above].add_parser(
            name, help=wording.say(f"{key}.help"), description=wording.say(f"{key}.about")
        )
        for flags, values in options:
            parser.add_argument(*flags, **{**values, "help": wording.say(values["help"]).replace("%", "%%")})
        if any(other.startswith(f"{path} ") for other in COMMANDS):
            groups[path] = _group(parser, wording, "action")
    return root


def _group(parser: argparse.ArgumentParser, wording: Wording, dest: str) -> Any:
    words = wording.say("cli.commands")
    return parser.add_subparsers(dest=dest, metavar=words, title=words)
