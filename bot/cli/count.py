"""anlitong count: 字数 of a text, as Word counts it."""

from __future__ import annotations

import argparse
import sys

from bot.cli.common import FINE, Stop, say
from bot.engine.count import count
from bot.wording import Wording


def run(args: argparse.Namespace, wording: Wording) -> int:
    """Prints the number alone."""
    try:
        data = args.file.read_bytes() if args.file else sys.stdin.buffer.read()
    except OSError as error:
        raise Stop(wording.say("cli.file_missing", file=args.file)) from error
    say(str(count(_decoded(data))))
    return FINE


def _decoded(data: bytes) -> str:
    """UTF-8, with or without its mark, else what older Windows programs write."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")
