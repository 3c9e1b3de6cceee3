"""The control interface: everything people do and tests arrange, by name, in this process or over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handlers.telegram_fake.people import People
from handlers.telegram_fake.rig import Rig
from handlers.telegram_fake.telegram import Telegram
from handlers.telegram_fake.trouble import Refused

_LONGEST_WAIT = 30.0  # seconds


class Control:
    """Calls a public method of `People` or `Rig` for a bot."""

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram

    def call(self, verb: str, bot: str = "", **arguments: Any) -> Any:
        """Does it: JSON in, JSON out. Raises ValueError for what cannot be done."""
        try:
            account = self.telegram.account(bot)
        except KeyError:
            raise ValueError("no such bot") from None
        for owner in (People(account), Rig(account)):
            found: Callable[..., Any] | None = None if verb.startswith("_") else getattr(owner, verb, None)
            if found is not None:
                try:
                    return found(**arguments)
                except Refused as refused:
                    raise ValueError(refused.description) from None
                except (TypeError, KeyError) as error:
                    raise ValueError(f"{verb}: {error}") from error
        raise ValueError(f"no such verb: {verb}")

    async def wait(self, after: int, seconds: float, bot: str = "") -> int:
        """The version of what is to be seen, once it is another than `after` or the seconds are over."""
        return await self.telegram.account(bot).bell.wait(after, min(seconds, _LONGEST_WAIT))

    # ------------------------------------------------------------ over HTTP

    async def http(self, request: Request) -> Response:
        """POST /control/{verb} with the arguments as a JSON object: `{"ok", "result"}` or `{"ok", "error"}`."""
        verb = request.path_params["verb"]
        try:
            arguments = json.loads(await request.body() or b"{}")
            if not isinstance(arguments, dict):
                raise ValueError("the arguments are an object")
            result = await self.wait(**arguments) if verb == "wait" else self.call(verb, **arguments)
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"ok": False, "error": str(error)}, status_code=400)
        return JSONResponse({"ok": True, "result": result})
