"""How much and how often: sizes as the Bot API's description has them, and the pace in which it lets a bot send."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from handlers.telegram_fake.trouble import bad, too_many

TEXT: Final = 4096  # UTF-16 code units after the entities are parsed, as the next one
CAPTION: Final = 1024
CALLBACK_DATA: Final = 64  # bytes
CALLBACK_ANSWER: Final = 200
PHOTO: Final = 10 * 1024 * 1024
UPLOAD: Final = 50 * 1024 * 1024
DOWNLOAD: Final = 20 * 1024 * 1024
ALBUM: Final = (2, 10)
BUTTONS: Final = 100
COMMANDS: Final = 100
START: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
PACED: Final = frozenset({"sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup"})


def units(text: str) -> int:
    """The length as Telegram counts it, in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def check_text(text: str) -> None:
    """Raises Refused for a message's text that is empty or too long."""
    if not text:
        raise bad("message text is empty", breach=True)
    if units(text) > TEXT:
        raise bad("message is too long", breach=True)


def check_caption(text: str) -> None:
    """Raises Refused for a caption that is too long."""
    if units(text) > CAPTION:
        raise bad("message caption is too long", breach=True)


def check_markup(markup: Mapping[str, Any] | None) -> None:
    """Raises Refused for buttons that Telegram does not take."""
    if not markup:
        return
    rows = markup.get("inline_keyboard", markup.get("keyboard", ()))
    buttons = [button for row in rows for button in row]
    if len(buttons) > BUTTONS:
        raise bad("reply markup is too long", breach=True)
    if any(not button["text"].strip() for button in buttons):
        raise bad("can't parse keyboard button: text must be non-empty", breach=True)
    if "inline_keyboard" not in markup:
        return
    for button in buttons:
        if len(button) == 1:
            text = "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
            raise bad(text, breach=True)
        data = button.get("callback_data")
        if data is not None and not 1 <= len(data.encode()) <= CALLBACK_DATA:
            raise bad("BUTTON_DATA_INVALID", breach=True)


def check_commands(commands: list[dict[str, str]]) -> None:
    """Raises Refused for commands that Telegram does not take."""
    if len(commands) > COMMANDS:
        raise bad("BOT_COMMANDS_TOO_MUCH", breach=True)
    for command in commands:
        if not _COMMAND.fullmatch(command["command"].removeprefix("/")):
            raise bad("BOT_COMMAND_INVALID", breach=True)
        if not 1 <= len(command["description"]) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID", breach=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A bucket: so many at once, so many a second after that."""

    burst: float
    per_second: float


@dataclass(slots=True)
class Pace:
    """The buckets of one bot. Who is told to wait and does not is told again, as long as it lasts.

    `slack` seconds are given to what a way over the wire shortens between two requests. `on` False lifts all.
    """

    every: Rate = Rate(burst=30, per_second=30)
    chat: Rate = Rate(burst=3, per_second=1)
    slack: float = 0.1
    on: bool = True
    _level: dict[int, tuple[float, float]] = field(default_factory=dict)  # chat, or 0 for all: (tokens, at)
    _held: dict[int, float] = field(default_factory=dict)  # until when

    def take(self, method: str, chat: int, now: float) -> None:
        """Counts a message. Raises Refused with `retry_after` where the bucket is empty."""
        if not self.on or method not in PACED:
            return
        levels = {}
        for key, rate in ((chat, self.chat), (0, self.every)):
            most = rate.burst + rate.per_second * self.slack
            tokens, at = self._level.get(key, (most, now))
            tokens = min(most, tokens + max(0.0, now - at) * rate.per_second)
            wait = self._held.get(key, 0) - now - self.slack
            if wait <= 0 and tokens < 1:
                wait = math.ceil((1 - tokens) / rate.per_second)
                self._held[key] = now + wait
            if wait > 0:
                raise too_many(max(1, math.ceil(wait)))
            levels[key] = (tokens - 1, now)
        self._level.update(levels)
