"""What can be typed: commands and options, with their help from the wording. Imports nothing heavy."""

from __future__ import annotations

import argparse
import re
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
# What argparse says of a mistake, and the sentence for it: a key below cli.wrong with these gaps.
_MISTAKES = (
    (r"the following arguments are required: (?P<missing>.+)", "missing"),
    (r"unrecognized arguments: (?P<typed>.+)", "unknown"),
    (r"argument (?P<name>\S+): expected .+", "value"),
    (r"argument (?P<name>\S+): ignored explicit argument .+", "no_value"),
    (r"argument (?P<name>\S+): invalid (?:int|float) value: '(?P<typed>.*)'", "number"),
    (r"argument .+: invalid choice: '(?P<typed>.*)' \(choose from (?P<names>.+)\)", "command"),
)
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
    "calls extend": (
        *_PLACE,
        _JSON,
        _option("id", metavar="ID", help="cli.calls.show.id"),
        _option("--unit", metavar="PATH", default="", help="cli.calls.extend.unit"),
        _option("--level", metavar="ID", default="", help="cli.calls.extend.level"),
        _option("--edition", metavar="N", type=int, help="cli.pack.edition"),
        _option("--until", metavar="DAY", default="", help="cli.calls.extend.until"),
    ),
    "calls late-key": (
        *_PLACE,
        _JSON,
        _option("id", metavar="ID", help="cli.calls.show.id"),
        _option("--unit", metavar="PATH", required=True, help="cli.calls.extend.unit"),
        _option("--until", metavar="DAY", required=True, help="cli.calls.late-key.until"),
        _option("--uses", metavar="N", type=int, default=1, help="cli.calls.late-key.uses"),
        _option("--edition", metavar="N", type=int, help="cli.pack.edition"),
    ),
    "count": (_option("file", metavar="FILE", nargs="?", type=Path, help="cli.count.file"),),
    "paper": (
        *_PLACE,
        _option("number", metavar="NUMBER", help="cli.paper.number"),
        _option("-o", "--output", metavar="FILE.docx", type=Path, required=True, help="cli.paper.output"),
        _option("--read", action="store_true", help="cli.paper.read"),
    ),
    "pack": (
        *_PLACE,
        _JSON,
        _option("--call", metavar="ID", required=True, help="cli.pack.call"),
        _option("--edition", metavar="N", type=int, help="cli.pack.edition"),
        _option("--unit", metavar="PATH", default="", help="cli.below"),
        _option("--level", metavar="ID", default="", help="cli.pack.level"),
        _option("--state", metavar="S", default="recommended", help="cli.pack.state"),
        _option("-o", "--output", metavar="FILE.zip", type=Path, required=True, help="cli.pack.output"),
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
    "invite list": (
        *_PLACE,
        _JSON,
        _option("--unit", metavar="PATH", default="", help="cli.below"),
        _option("--all", action="store_true", help="cli.invite.list.all"),
    ),
    "invite revoke": (*_PLACE, _option("link", metavar="LINK", help="cli.invite.revoke.link")),
    "audit": (),
    "audit verify": (*_PLACE, _JSON, _option("--expect", metavar="HASH", default="", help="cli.audit.verify.expect")),
    "audit list": (
        *_PLACE,
        _JSON,
        _option("--unit", metavar="PATH", default="", help="cli.below"),
        _option("--case", metavar="NUMBER", default="", help="cli.audit.list.case"),
        _option("--kind", metavar="KIND", default="", help="cli.audit.list.kind"),
        _option("--since", metavar="DATE", default="", help="cli.audit.list.since"),
        _option("--limit", metavar="N", type=int, default=100, help="cli.audit.list.limit"),
    ),
    "season": (
        _CONFIG,
        _JSON,
        _option("--call", metavar="ID", required=True, help="cli.season.call"),
        _option("--people", metavar="N", type=int, default=300, help="cli.season.people"),
        _option("--speed", metavar="N", type=float, default=0.0, help="cli.season.speed"),
        _option("--seed", metavar="N", type=int, default=1, help="cli.season.seed"),
        _option("--svg", metavar="FILE.svg", type=Path, help="cli.season.svg"),
    ),
    "units": (),
    "units import": (
        *_PLACE,
        _JSON,
        _option("file", metavar="FILE", type=Path, help="cli.units.import.file"),
        _option("--dry-run", action="store_true", help="cli.units.import.dry_run"),
    ),
    "units list": (*_PLACE, _JSON, _option("--unit", metavar="PATH", default="", help="cli.below")),
    "cases": (),
    "cases list": (
        *_PLACE,
        _JSON,
        _option("--call", metavar="ID", default="", help="cli.cases.list.call"),
        _option("--unit", metavar="PATH", default="", help="cli.below"),
        _option("--state", metavar="S", default="", help="cli.cases.list.state"),
    ),
    "telegram": (),
    "telegram fake": (
        _option("--host", metavar="H", default="127.0.0.1", help="cli.telegram.fake.host"),
        _option("--port", metavar="N", type=int, default=8081, help="cli.telegram.fake.port"),
    ),
    "telegram webhook": (
        *_PLACE,
        _option("what", metavar="set|delete|info", choices=("set", "delete", "info"), help="cli.telegram.webhook.what"),
        _option("--certificate", metavar="FILE.pem", type=Path, help="cli.telegram.webhook.certificate"),
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
    """argparse with the house's words; a mistake is one sentence under the usage, exit status 2.

    `example` is a line that can be typed as it stands, shown in the help and after a mistake.
    """

    wording: Wording

    def __init__(self, example: str = "", **values: Any) -> None:
        layout = argparse.RawDescriptionHelpFormatter
        super().__init__(**values, add_help=False, allow_abbrev=False, formatter_class=layout)
        self.example = example
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

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What is typed too much is told by the command it was typed to, not by the whole program."""
        known, extra = super().parse_known_args(args, namespace)
        if extra:
            self.error(f"unrecognized arguments: {' '.join(extra)}")
        return known, extra

    def error(self, message: str) -> NoReturn:
        """Ends with the usage, one sentence and an example on stderr, exit status 2."""
        found = next(((m, key) for rule, key in _MISTAKES if (m := re.fullmatch(rule, message, re.DOTALL))), None)
        gaps: dict[str, Any] = found[0].groupdict() if found else {}
        if "missing" in gaps:
            gaps["missing"] = tuple(map(self._explained, gaps["missing"].split(", ")))
        if "names" in gaps:
            gaps["names"] = tuple(name.strip("'") for name in gaps["names"].split(", "))
        sentence = self.wording.say(f"cli.wrong.{found[1] if found else 'other'}", **gaps)
        more = {"example": self.example} if self.example else {"program": self.prog}
        hint = self.wording.say("cli.wrong.example" if self.example else "cli.wrong.help", **more)
        self.exit(2, f"{self.format_usage()}{sentence}\n{hint}\n")

    def _explained(self, name: str) -> str:
        """A missing argument with its meaning, by the name argparse has for it."""
        for action in self._actions:
            if name in ("/".join(action.option_strings), action.metavar):
                flag = action.option_strings[0] if action.option_strings else name
                return self.wording.say("cli.wrong.explained", flag=flag, help=(action.help or "").replace("%%", "%"))
        return name


def make_parser(wording: Wording) -> argparse.ArgumentParser:
    """The parser of all commands; `command` (and `action`, for those with some) say which was typed.

    A command with actions that has options of its own can be typed without one: its action is then "".
    """
    kind: type[_Parser] = type("_Worded", (_Parser,), {"wording": wording})
    root = kind(prog="anlitong", description=wording.say("cli.about"), epilog=wording.say("cli.more"))
    root.add_argument("--version", action="store_true", help=wording.say("cli.version"))
    groups = {"": _group(root, wording, "command")}
    for path, options in COMMANDS.items():
        above, _, name = path.rpartition(" ")
        key = f"cli.{path.replace(' ', '.')}"
        has_actions = any(other.startswith(f"{path} ") for other in COMMANDS)
        example = "" if has_actions and not options else wording.say(f"{key}.example")
        parser = groups[above].add_parser(
            name,
            help=wording.say(f"{key}.help"),
            description=wording.say(f"{key}.about"),
            epilog=wording.say("cli.example", lines=example.replace("\n", "\n  ")) if example else None,
            example=example.splitlines()[0] if example else "",
        )
        for flags, values in options:
            more = {"help": wording.say(values["help"]).replace("%", "%%")}
            if any(flags == taken for taken, _ in COMMANDS.get(above, ())):
                more["default"] = argparse.SUPPRESS  # or what was typed before the action would be forgotten
            parser.add_argument(*flags, **{**values, **more})
        if has_actions:
            groups[path] = _group(parser, wording, "action")
            if options:
                parser.set_defaults(action="")
    return root


def _group(parser: argparse.ArgumentParser, wording: Wording, dest: str) -> Any:
    words = wording.say("cli.commands")
    return parser.add_subparsers(dest=dest, metavar=words, title=words)
