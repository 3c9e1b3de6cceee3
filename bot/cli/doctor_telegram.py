"""What `anlitong doctor` finds out about Telegram: the settings, and whether the interface answers to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from bot.wording import Wording

if TYPE_CHECKING:
    from bot.config import Settings
    from handlers.telegram_common import Library

State = Literal["good", "note", "bad"]
Finding = tuple[State, str, str]  # state, what was looked at, the sentence
_PATIENCE = 6.0  # seconds for Telegram's answers


def look(settings: Settings, wording: Wording) -> Iterator[Finding]:
    """Findings about Telegram. A missing library, token or secret is a mistake in the settings: it was told before."""

    def found(state: State, key: str, **params: object) -> Finding:
        return state, "telegram", wording.say(f"cli.doctor.telegram.{key}", **params)

    telegram = settings.telegram
    if not telegram.library:
        yield (found("note", "no_library") if telegram.token else found("good", "none"))
        return
    mode = wording.say(f"cli.doctor.telegram.{'pushed' if telegram.webhook else 'fetched'}", site=settings.site.url)
    yield found("good", "set", library=telegram.library, mode=mode)
    for state, key, params in asyncio.run(_asked(settings)):
        yield found(state, key, **params)


async def _asked(settings: Settings) -> list[tuple[State, str, dict[str, Any]]]:
    """What Telegram says to two questions: who the bot is, and where updates are pushed to."""
    from bot.errors import ChannelError
    from handlers import open_channel
    from handlers.telegram_common import WrongToken
    from handlers.transport import Transport

    telegram = settings.telegram
    transport = Transport(tries=1)
    try:
        async with asyncio.timeout(_PATIENCE):
            library: Library = open_channel(telegram.library)(telegram.token, telegram.api, transport)
            return [found async for found in _answers(library, settings)]
    except WrongToken:
        return [("bad", "wrong_token", {})]
    except (ChannelError, TimeoutError):
        return [("bad", "unreachable", {"api": telegram.api})]
    finally:
        await transport.close()


async def _answers(library: Library, settings: Settings) -> AsyncIterator[tuple[State, str, dict[str, Any]]]:
    telegram = settings.telegram
    bot = (await library.me()).username
    yield "good", "answers", {"api": telegram.api, "bot": bot}
    if not telegram.bot:
        yield "note", "no_bot", {"bot": bot}
    elif telegram.bot.lower() != bot.lower():
        yield "bad", "other_bot", {"bot": bot, "named": telegram.bot}
    known = await library.webhook()
    pushed, wanted = known.get("url", ""), settings.site.url + telegram.webhook if telegram.webhook else ""
    if pushed != wanted:
        yield "bad", "not_told" if wanted else "still_pushed", {}
    elif known.get("last_error_message"):
        at = datetime.fromtimestamp(int(known.get("last_error_date", 0)), UTC).astimezone()
        yield "note", "trouble", {"at": f"{at:%Y-%m-%d %H:%M}", "why": known["last_error_message"]}
    await library.close()
