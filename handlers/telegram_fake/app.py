"""The fake as an ASGI application: Telegram's side, the control interface, and the page that plays the phone."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.wording import Wording
from handlers.telegram_fake.account import Account
from handlers.telegram_fake.control import Control
from handlers.telegram_fake.page import Page
from handlers.telegram_fake.reading import read
from handlers.telegram_fake.telegram import Answer, Telegram
from handlers.telegram_fake.trouble import Refused

TRANSPORT = "anlitong.transport"  # where the server puts a connection, so that it can be cut
_TOKEN = re.compile(r"\d{1,16}:[\w-]{20,64}", re.ASCII)
_RESET = struct.pack("ii", 1, 0)  # linger no second: the connection ends with a reset


def make_app(telegram: Telegram) -> Starlette:
    """The application. It answers on names of this machine alone."""
    control, bots, page = Control(telegram), _Bots(telegram), Page(Wording.load())
    return Starlette(
        routes=[
            Route("/bot{token}/{method}", _Raw(bots.method)),
            Route("/file/bot{token}/{path:path}", bots.file),
            Route("/control/{verb}", control.http, methods=["POST"]),
            Route("/", page.page),
            Route("/phone/{name}", page.asset),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


class _Raw:
    """An endpoint that answers for itself, so that it may also not answer at all."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._handle(Request(scope, receive), send)


class _Bots:
    """What bots ask."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    def _account(self, request: Request) -> Account:
        token = request.path_params["token"]
        if token not in self._telegram.accounts:
            known = _TOKEN.fullmatch(token)
            raise Refused(401, "Unauthorized") if known else Refused(404, "Not Found")
        return self._telegram.accounts[token]

    async def method(self, request: Request, send: Send) -> None:
        """/bot<token>/<method>."""
        method = request.path_params["method"]
        try:
            account = self._account(request)
            try:
                raw = await read(request)
            except Refused as refused:
                account.journal.violations.append(f"{method}: {refused.description}")
                raise
        except Refused as refused:
            body = {"ok": False, "error_code": refused.status, "description": refused.description}
            await _json(body, refused.status)(request.scope, request.receive, send)
            return
        answer = await self._until_gone(request, self._telegram.answer(account, method, raw))
        if answer is None:
            return
        if answer.fate:
            await _cut(request, reset=answer.fate == "reset")
            return
        if answer.body is None:
            response = Response("<html><h1>502 Bad Gateway</h1></html>", answer.status, media_type="text/html")
        else:
            after = answer.body.get("parameters", {}).get("retry_after")
            response = _json(answer.body, answer.status, {"Retry-After": str(after)} if after else {})
        await response(request.scope, request.receive, send)

    async def _until_gone(self, request: Request, work: Any) -> Answer | None:
        """The answer; None if the bot has gone away while a poll waited, which ends the poll."""
        if request.path_params["method"].lower() != "getupdates":
            done: Answer = await work
            return done
        answering: asyncio.Task[Answer] = asyncio.create_task(work)
        gone = asyncio.ensure_future(request.receive())
        either: set[asyncio.Future[Any]] = {answering, gone}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            return answering.result()
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        return None

    async def file(self, request: Request) -> Response:
        """/file/bot<token>/<path>."""
        try:
            account = self._account(request)
        except Refused as refused:
            return _json({"ok": False, "error_code": refused.status}, refused.status)
        file = account.files.by_path(request.path_params["path"])
        fault = account.faults.take("file", None)
        if fault is not None and (refusal := fault.refusal()):
            return _json({"ok": False, "error_code": refusal.status}, refusal.status)
        if file is None:
            return _json({"ok": False, "error_code": 404, "description": "Not Found"}, 404)
        return Response(file.data, media_type="application/octet-stream")


def _json(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    # Escaped, as Telegram writes it, so that a lone surrogate from a test's own update can travel.
    return Response(json.dumps(body), status, headers, media_type="application/json")


async def _cut(request: Request, *, reset: bool) -> None:
    """Ends the connection without an answer."""
    transport = request.scope.get("state", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("this server cannot cut a connection")
    if reset:
        with suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
    while (await request.receive())["type"] != "http.disconnect":
        pass
