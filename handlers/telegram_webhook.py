"""Updates that Telegram pushes: the secret first, then the body, then the commit, and only then 200.

Several requests may come at once. Those that wait together are taken together, in the order of their numbers.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Sequence
from contextlib import suppress

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.errors import StoreError
from handlers.polling import Hear, Raw
from handlers.web.guard import body
from handlers.web.problems import Problem

LIMIT = 1024 * 1024  # bytes of one update
_HEADER = "x-telegram-bot-api-secret-token"
_log = structlog.get_logger("telegram")


async def _not_yet(_: Sequence[Raw]) -> None:
    raise StoreError("the channel is not open yet")


class Webhook:
    """The receiving end. `hear` returns when what it was given is committed, and raises StoreError.

    The channel sets it when it is ready; until then Telegram is told to come again.
    """

    def __init__(self, path: str, secret: str) -> None:
        self.hear: Hear = _not_yet
        self._secret = secret.encode()
        self._waiting: list[tuple[Raw, asyncio.Future[None]]] = []
        self._worker: asyncio.Task[None] | None = None
        self.route = Route(path, self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        """One update. 503 where it could not be committed: Telegram sends it again."""
        given = request.headers.get(_HEADER, "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, self._secret):
            _log.warning("a push without the right secret")
            return Response(status_code=404)
        try:
            raw = json.loads(await body(request, LIMIT))
            int(raw["update_id"])
        except Problem:
            _log.warning("a push that is too large, dropped")
            return Response(status_code=200)  # it would only come again
        except (ValueError, KeyError, TypeError, RecursionError):
            _log.warning("a push that is no update, dropped")
            return Response(status_code=200)
        try:
            await self._take(raw)
        except StoreError:
            return Response(status_code=503)
        return Response(status_code=200)

    async def _take(self, raw: Raw) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((raw, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                batch.sort(key=lambda one: int(one[0]["update_id"]))
                error: Exception | None = None
                try:
                    await self.hear([raw for raw, _ in batch])
                except Exception as raised:
                    error = raised if isinstance(raised, StoreError) else StoreError(type(raised).__name__)
                for _, future in batch:
                    with suppress(asyncio.InvalidStateError):
                        future.set_exception(error) if error else future.set_result(None)
        finally:
            self._worker = None
