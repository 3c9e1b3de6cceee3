"""The page's ASGI application: routes, headers, and every refusal as one sentence."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.doors import Doors
from bot.errors import StoreError
from bot.wording import Wording
from bot.world import World
from handlers.web.chat import Chat
from handlers.web.console import Console
from handlers.web.guard import Guard
from handlers.web.problems import Problem
from handlers.web.session import Sessions
from handlers.web.settings import WebSettings
from handlers.web.shell import Shell, Static
from handlers.web.uploads import Uploads

_log = structlog.get_logger(__name__)

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def make_app(
    doors: Doors, settings: WebSettings, wording: Wording, world: World | None = None, *, more: Sequence[Route] = ()
) -> Starlette:
    """The application. `world` is the clock of sessions and updates, the real one by default; `more` are the routes
    of others."""
    world = world or World()
    sessions, guard, static = Sessions(settings, world), Guard(settings), Static()
    chat = Chat(doors, wording, sessions, guard, world)
    uploads = Uploads(doors, chat, guard, settings)
    shell = Shell(doors, wording, sessions, chat, guard, static, settings)
    console = Console(doors, wording, chat, guard, settings)
    failures = _Failures(wording, shell, world)

    async def healthz(_: Request) -> Response:
        health = await doors.look.health()
        return JSONResponse(dict(health), status_code=200 if health.get("ok", True) else 503)

    return Starlette(
        routes=[
            Route("/", shell.home),
            Route("/i/{link}", shell.invite),
            Route("/chat", shell.chat),
            Route("/console", shell.console),
            Route("/qr/{link}", shell.qr),
            Route("/api/join", chat.join, methods=["POST"]),
            Route("/api/say", chat.say, methods=["POST"]),
            Route("/api/typing", chat.typing, methods=["POST"]),
            Route("/api/events", chat.events),
            Route("/api/uploads", uploads.begin, methods=["POST"]),
            Route("/api/uploads/{upload}", uploads.put, methods=["PUT"]),
            Route("/api/uploads/{upload}/finish", uploads.finish, methods=["POST"]),
            Route("/api/paper/{draft}", uploads.paper),
            Route("/file/{file}", uploads.file),
            Route("/static/{hash}/{name}", static.serve),
            Route("/healthz", healthz),
            *console.routes(),
            *more,
        ],
        middleware=[Middleware(_Edge), Middleware(GZipMiddleware, minimum_size=500, compresslevel=6)],
        exception_handlers={
            Problem: failures.problem,
            StoreError: failures.store,
            HTTPException: failures.http,
            Exception: failures.bug,
        },
    )


class _Failures:
    """Refusals and bugs as answers: JSON for the page's requests, a page for a person's."""

    def __init__(self, wording: Wording, shell: Shell, world: World) -> None:
        self._wording = wording
        self._shell = shell
        self._world = world

    async def problem(self, request: Request, problem: Exception) -> Response:
        """A Problem as its sentence."""
        assert isinstance(problem, Problem)
        response = self._answer(request, problem.status, self._wording.say(problem.key, **problem.params))
        if problem.retry_after:
            response.headers["Retry-After"] = str(problem.retry_after)
        return response

    async def store(self, request: Request, _: Exception) -> Response:
        """The database does not take it now: nothing was stored, the same may be sent again."""
        return await self.problem(request, Problem(503, "web.error.store", retry_after=5))

    async def http(self, request: Request, error: Exception) -> Response:
        """What Starlette itself refuses: an unknown path, another method."""
        assert isinstance(error, HTTPException)
        response = self._answer(request, error.status_code, self._wording.say("web.error.nothing"))
        response.headers.update(error.headers or {})
        return response

    async def bug(self, request: Request, error: Exception) -> Response:
        """Anything else: a number for the person, the trace for the log, no answer's text in either."""
        number = self._world.digits(6)
        _log.error("page.bug", number=number, path=_route(request), error=type(error).__name__, exc_info=error)
        response = self._answer(request, 500, self._wording.say("web.error.bug", number=number))
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def _answer(self, request: Request, status: int, sentence: str) -> Response:
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": sentence}, status_code=status)
        return self._shell.page(request, "trouble.html", status, sentence=sentence)


def _route(request: Request) -> str:
    # Only the first part: the rest of a path may be a link, and a link is a secret.
    return "/" + request.url.path.lstrip("/").split("/", 1)[0]


class _Edge:
    """Security headers on every answer, and no keeping of what is somebody's own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, sending)
