"""The workbench over HTTP. See docs/http.md."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.acts import Enclose, Entered
from bot.channel import Address
from bot.doors import Acted, Actor, Doors, Refusal, Scope, Visitor
from bot.engine.ids import b36
from bot.errors import FileRefused, NoPost, Stranger
from bot.wording import Wording
from handlers.web.chat import Chat
from handlers.web.console_acts import COMMANDS, Fields, given
from handlers.web.guard import Guard, json_body
from handlers.web.problems import Problem
from handlers.web.settings import WebSettings

_ID = re.compile(r"[0-9a-z]{1,13}")
_HASH = re.compile(r"[0-9a-f]{64}")
_STATES = ("own", "recommended", "passed", "all")
LIVE = 600.0  # seconds after which a line is ended, and opened again by the page
BEAT = 20.0  # seconds between two signs of life
T = TypeVar("T")
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class Console:
    """The routes of coordinators and administrators; for everybody else they are not there."""

    def __init__(self, doors: Doors, wording: Wording, chat: Chat, guard: Guard, settings: WebSettings) -> None:
        self._doors = doors
        self._wording = wording
        self._chat = chat
        self._guard = guard
        self._settings = settings

    def routes(self) -> list[Route]:
        """All of them, but the page itself."""
        case = "/api/console/case/{case}"
        return [
            Route("/api/console", self.overview),
            Route("/api/console/list", self.listing),
            Route(case, self.case),
            Route(f"{case}/compare", self.compare),
            Route(f"{case}/history", self.history),
            Route(f"{case}/word", self.word),
            Route(f"{case}/file/{{file}}", self.file),
            Route("/api/console/books", self.books),
            Route("/api/console/people", self.people),
            Route("/api/console/nudge", self.nudge),
            Route("/api/console/calendar", self.calendar),
            Route("/api/console/curve", self.curve),
            Route("/api/console/pack", self.pack),
            Route("/api/console/live", self.live),
            Route("/api/console/act", self.act, methods=["POST"]),
        ]

    async def _visitor(self, request: Request) -> tuple[str, Visitor]:
        """Who asks, with their session's hash. Who oversees nothing finds nothing here."""
        session, visitor = await self._chat.visitor(request)
        if not visitor.posts:
            raise _nothing()
        return session.external, visitor

    def _viewer(self, request: Request) -> Address:
        """Who asks for a view, which looks them up itself."""
        return self._chat.session(request).address

    async def _seen(self, look: Awaitable[T]) -> T:
        try:
            return await look
        except Stranger:
            raise Problem(401, "web.error.who") from None
        except NoPost:
            raise _nothing() from None

    # ------------------------------------------------------------ reading

    async def overview(self, request: Request) -> Response:
        """GET /api/console?edition="""
        viewer = self._viewer(request)
        return JSONResponse(dict(await self._seen(self._doors.console.overview(viewer, _edition(request)))))

    async def listing(self, request: Request) -> Response:
        """GET /api/console/list?queue=&town=&category=&q=&sort=&after="""
        viewer = self._viewer(request)
        wanted = {k: v[:300] for k, v in request.query_params.items() if k != "edition"}
        try:
            return JSONResponse(dict(await self._seen(self._doors.console.listing(viewer, _edition(request), wanted))))
        except ValueError:
            raise Problem(400, "web.error.form") from None

    async def case(self, request: Request) -> Response:
        """GET /api/console/case/{case}?n="""
        viewer = self._viewer(request)
        return _found(await self._seen(self._doors.console.case(viewer, _case(request), _number(request, "n"))))

    async def compare(self, request: Request) -> Response:
        """GET …/compare?from=&to="""
        viewer = self._viewer(request)
        old, new = _number(request, "from"), _number(request, "to")
        return _found(await self._seen(self._doors.console.compare(viewer, _case(request), old, new)))

    async def history(self, request: Request) -> Response:
        """GET …/history"""
        viewer = self._viewer(request)
        return _found(await self._seen(self._doors.console.history(viewer, _case(request))))

    async def books(self, request: Request) -> Response:
        """GET /api/console/books?before=: an event's id"""
        viewer = self._viewer(request)
        text = request.query_params.get("before", "")
        before = int(text, 36) if _ID.fullmatch(text) else 0
        return JSONResponse(dict(await self._seen(self._doors.console.books(viewer, before if before < 2**63 else 0))))

    async def people(self, request: Request) -> Response:
        """GET /api/console/people?edition="""
        viewer = self._viewer(request)
        return JSONResponse(dict(await self._seen(self._doors.console.people(viewer, _edition(request)))))

    async def nudge(self, request: Request) -> Response:
        """GET /api/console/nudge?edition="""
        viewer = self._viewer(request)
        base = self._settings.base_url or str(request.base_url).rstrip("/")
        return JSONResponse(dict(await self._seen(self._doors.console.nudges(viewer, _edition(request), base))))

    async def calendar(self, request: Request) -> Response:
        """GET /api/console/calendar?edition=: the dates, for a calendar."""
        made = await self._seen(self._doors.console.calendar(self._viewer(request), _edition(request)))
        if made is None:
            raise _nothing()
        name = self._wording.say("console.calendar.file")
        return Response(made, media_type="text/calendar", headers={"Content-Disposition": _attached(name)})

    async def curve(self, request: Request) -> Response:
        """GET /api/console/curve?edition=: how it goes, and how it went in a rehearsal, as pictures."""
        return _found(await self._seen(self._doors.console.curve(self._viewer(request), _edition(request))))

    async def word(self, request: Request) -> Response:
        """GET …/word?n=: the submission as it prints."""
        _, visitor = await self._visitor(request)
        made = await self._doors.console.word(visitor, _case(request), _number(request, "n"))
        if made is None:
            raise _nothing()
        return Response(made[1], media_type=_WORD, headers={"Content-Disposition": _attached(made[0])})

    async def file(self, request: Request) -> Response:
        """GET …/file/{hash}[?size=small]: a picture, material or enclosure of the case."""
        _, visitor = await self._visitor(request)
        name, small = request.path_params["file"], request.query_params.get("size") == "small"
        info = None
        if _HASH.fullmatch(name):
            info = await self._doors.console.file(visitor, _case(request), name, prepared=small)
        if info is None:
            raise _nothing()
        headers = {
            "Cache-Control": "private, max-age=3600",
            "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        }
        return FileResponse(info.path, media_type=info.mime, filename=info.name, headers=headers)

    async def pack(self, request: Request) -> Response:
        """GET /api/console/pack?edition=&state=: the zip, as it is made; "own": what the viewer's level recommended."""
        _, visitor = await self._visitor(request)
        state = request.query_params.get("state", "own")
        if state not in _STATES:
            raise Problem(400, "web.error.form")
        edition, level = await self._doors.console.edition(visitor, _edition(request))
        level, state = (level, "recommended") if state == "own" else ("", state)
        made = await self._doors.look.pack(visitor.scope, edition, level=level, state=state) if edition else None
        if made is None:
            raise Problem(404, "console.nothing_to_pack")
        headers = {"Content-Disposition": _attached(made.name)}
        return StreamingResponse(made.pieces, media_type="application/zip", headers=headers)

    async def live(self, request: Request) -> Response:
        """GET /api/console/live: a line whenever something may have changed."""
        _, visitor = await self._visitor(request)
        headers = {"X-Accel-Buffering": "no", "Content-Encoding": "identity"}
        return StreamingResponse(self._beats(request, visitor.scope), media_type="text/event-stream", headers=headers)

    async def _beats(self, request: Request, scope: Scope) -> AsyncIterator[bytes]:
        changes = self._doors.console.changes(scope)
        waiting: asyncio.Task[int | None] | None = None
        end = asyncio.get_running_loop().time() + LIVE
        try:
            while asyncio.get_running_loop().time() < end and not await request.is_disconnected():
                waiting = waiting or asyncio.ensure_future(_next(changes))
                done, _ = await asyncio.wait({waiting}, timeout=BEAT)
                if not done:
                    yield b": here\n\n"
                    continue
                # Who was dismissed meanwhile hears no more.
                await self._visitor(request)
                seq, waiting = waiting.result(), None
                if seq is None:
                    return
                yield f"event: change\ndata: {json.dumps({'seq': str(seq)})}\n\n".encode()
        except Problem:
            return
        finally:
            if waiting is not None:
                waiting.cancel()

    # ------------------------------------------------------------ commanding

    async def act(self, request: Request) -> Response:
        """POST /api/console/act {do, …}: one command of the office."""
        session, visitor = await self._visitor(request)
        self._guard.check(request, session=session)
        fields = Fields(await json_body(request))
        name = fields.text("do", 40)
        if name not in COMMANDS:
            raise Problem(400, "web.error.form")
        command: object = COMMANDS[name](fields)
        command = await self._with_files(visitor, fields, command)
        done = await self._doors.act(Actor(person=visitor.person), command)
        if isinstance(done, Refusal):
            return JSONResponse({"error": self._sentence(done)}, status_code=409)
        return JSONResponse({"ok": True, **self._told(name, done)})

    async def _with_files(self, visitor: Visitor, fields: Fields, command: object) -> object:
        """The uploads that a command names, finished."""
        if isinstance(command, Enclose):
            upload = fields.text("upload", 64)
            sent = await self._finish(visitor, upload)
            return Enclose(case=command.case, kind=command.kind, file=sent.file, name=sent.name)
        uploads = fields.texts("uploads", 50) if fields.has("uploads") else []
        if not uploads:
            return command
        return given(command, tuple([await self._finish(visitor, upload) for upload in uploads]))

    async def _finish(self, visitor: Visitor, upload: str) -> Entered:
        try:
            sent = await self._doors.files.finish(visitor.person, upload)
        except FileRefused as refused:
            raise Problem(422, refused.key, refused.params) from None
        kind = "picture" if sent.kind == "picture" else "file"
        shape = {"size": sent.size, "width": sent.width, "height": sent.height}
        return Entered(file=sent.file, name=sent.name, mime=sent.mime, kind=kind, **shape)  # type: ignore[arg-type]

    def _sentence(self, refusal: Refusal) -> str:
        return self._wording.say(refusal.key, **refusal.params)

    def _told(self, name: str, done: Acted) -> Mapping[str, Any]:
        """What a command gave, and its sentence."""
        result: dict[str, Any] = {}
        for key, value in done.result.items():
            if isinstance(value, str | bool) or value is None or key in ("left", "used", "most", "n", "comments"):
                result[key] = value
            elif isinstance(value, int):
                result[key] = b36(value)
        params = {**done.result}
        key = name
        if name == "pass":
            ids, lost = done.result["done"], done.result["lost"]
            params["count"] = len(ids)
            result["done"] = [b36(id) for id in ids]
            result["lost"] = [{"case": b36(id), "sentence": self._sentence(why)} for id, why in lost.items()]
        if name == "return":
            key = "return_below" if "to" in done.result else key
            params.pop("until")  # it was chosen a moment ago
        if name == "recommend" and (done.result["left"] is None or not done.result["to"]):
            key = "recommend_free"
        if done.result.get("deaf"):
            key = f"{name}_deaf"
        known = f"console.done.{key}" in self._wording.sentences and "until" not in params
        sentence = self._wording.say(f"console.done.{key}" if known else "console.done.act", **params)
        return {**result, "notice": sentence}


async def _next(changes: AsyncIterator[int]) -> int | None:
    """The next change; None when the server is about to stop."""
    return await anext(changes, None)


def _nothing() -> Problem:
    return Problem(404, "web.error.nothing")


def _found(told: Mapping[str, Any] | None) -> Response:
    if told is None:
        raise _nothing()
    return JSONResponse(dict(told))


def _case(request: Request) -> int:
    text = request.path_params["case"]
    value = int(text, 36) if _ID.fullmatch(text) else 0
    if not 0 < value < 2**63:
        raise _nothing()
    return value


def _edition(request: Request) -> int:
    text = request.query_params.get("edition", "")
    value = int(text, 36) if _ID.fullmatch(text) else 0
    return value if value < 2**63 else 0


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise Problem(400, "web.error.form")
    return int(text)


def _attached(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
