"""The command line, thin: read what was typed, run its module, tell what to do when it cannot be done."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from bot.cli.common import FINE, MISUSED, TROUBLE, complain, say, told
from bot.cli.parser import make_parser
from bot.wording import Wording


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status: 0 fine, 1 something to put right, 2 typed wrongly."""
    wording = Wording.load()
    parser = make_parser(wording)
    args = parser.parse_args(argv)
    if args.version:
        from importlib.metadata import PackageNotFoundError, version

        try:
            say(f"anlitong {version('anlitong')}")
        except PackageNotFoundError:
            say("anlitong 0")
        return FINE
    if args.command is None or getattr(args, "action", "") is None:
        complain(wording.say(f"cli.{args.command}.which" if args.command else "cli.which"))
        complain(f"anlitong {args.command + ' ' if args.command else ''}--help")
        return MISUSED
    try:
        status: int = import_module(f"bot.cli.{args.command}").run(args, wording)
        return status
    except KeyboardInterrupt:
        return TROUBLE
    except BrokenPipeError:
        return TROUBLE
    except Exception as error:
        sentence = told(error, wording)
        if sentence is None:
            raise
        complain(sentence)
        return TROUBLE


if __name__ == "__main__":
    sys.exit(main())
