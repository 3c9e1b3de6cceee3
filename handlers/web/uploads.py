"""Pictures and files: up in chunks that may be repeated, down for those who may see them."""

from __future__ import annotations

import re
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from bot.channel import clean
from bot.doors import Doors
from bot.engine.content import Content
from bot.errors import FileRefused
from handlers.web.chat import Chat
from handlers.web.guard import Guard, body, json_body, number_in, text_in
from handlers.web.problems import Problem
from handlers.web.settings import WebSettings

MAX_CHUNK = 1024 * 1024
_UPLOAD = re.compile(r"[A-Za-z0-9_-]{8,64}")
_HASH = re.compile(r"[0-9a-f]{64}")


class Uploads:
    """The routes of files and of the document in the page."""

    def __init__(self, doors: Doors, chat: Chat, guard: Guard, settings: WebSettings) -> None:
        self._doors = doors
        self._chat = chat
        self._guard = guard
        self._settings = settings

    async def begin(self, request: Request) -> Response:
        """POST /api/uploads {upload, name, size}: opens an upload, or finds it again."""
        session, visitor = await self._chat.visitor(request)
        self._guard.check(request, session=session.external, kind="upload")
        data = await json_body(request)
        upload, size = _upload(text_in(data, "upload", 64)), number_in(data, "size", 0)
        if size > self._settings.max_upload:
            raise Problem(413, "web.error.file_large", {"mb": self._settings.max_upload // (1024 * 1024)})
        if size < 1:
            raise Problem(400, "web.error.file_empty")
        name = clean(text_in(data, "name", 200)).strip() or "file"
        try:
            offset = await self._doors.files.begin(visitor.person, upload, name, size)
        except FileRefused as refused:
            raise Problem(422, refused.key, refused.params) from None
        return JSONResponse({"offset": offset})

    async def put(self, request: Request) -> Response:
        """PUT /api/uploads/{upload}?offset=N: the bytes from N on."""
        session, visitor = await self._chat.visitor(request)
        self._guard.check(request, session=session.external, kind="upload")
        upload, raw = _upload(request.path_params["upload"]), request.query_params.get("offset", "")
        if not raw.isascii() or not raw.isdigit() or len(raw) > 12:
            raise Problem(400, "web.error.form")
        data = await body(request, MAX_CHUNK)
        try:
            offset = await self._doors.files.put(visitor.person, upload, int(raw), data)
        except FileRefused as refused:
            raise Problem(422, refused.key, refused.params) from None
        return JSONResponse({"offset": offset})

    async def finish(self, request: Request) -> Response:
        """POST /api/uploads/{upload}/finish: looks at the whole file and keeps it."""
        session, visitor = await self._chat.visitor(request)
        self._guard.check(request, session=session.external, kind="upload")
        try:
            sent = await self._doors.files.finish(visitor.person, _upload(request.path_params["upload"]))
        except FileRefused as refused:
            raise Problem(422, refused.key, refused.params) from None
        return JSONResponse(asdict(sent))

    async def file(self, request: Request) -> Response:
        """GET /file/{hash}[?size=small]: the bytes, for whom they are in scope."""
        _, visitor = await self._chat.visitor(request)
        name = request.path_params["file"]
        small = request.query_params.get("size") == "small"
        info = None
        if _HASH.fullmatch(name):
            info = await self._doors.look.file(visitor.scope, name, prepared=small)
        if info is None:
            raise Problem(404, "web.error.nothing")
        headers = {
            "Cache-Control": "private, max-age=3600",
            # Whatever the bytes are, nothing in them runs.
            "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        }
        return FileResponse(info.path, media_type=info.mime, filename=info.name, headers=headers)

    async def paper(self, request: Request) -> Response:
        """GET /api/paper/{draft}?n=0: the document's content, to be drawn in the page."""
        _, visitor = await self._chat.visitor(request)
        draft, raw = request.path_params["draft"], request.query_params.get("n", "0")
        if not re.fullmatch(r"[0-9a-z]{1,13}", draft) or not re.fullmatch(r"[0-9]{1,6}", raw):
            raise Problem(404, "web.error.nothing")
        paper = await self._doors.look.paper(visitor.scope, int(draft, 36), int(raw))
        if paper is None:
            raise Problem(404, "web.error.nothing")
        answer = {"name": paper.name, "draft": paper.draft, "words": paper.words, **_content(paper.content)}
        return JSONResponse(answer)


def _upload(upload: str) -> str:
    if not _UPLOAD.fullmatch(upload):
        raise Problem(400, "web.error.form")
    return upload


def _content(content: Content) -> dict[str, object]:
    return {
        "title": content.title,
        "unit": content.unit,
        "sections": [
            {"n": s.n, "heading": s.heading, "paragraphs": [b.text for b in s.blocks]} for s in content.sections
        ],
        "pictures": [
            {"n": p.n, "file": p.file, "caption": p.caption, "width": p.width, "height": p.height}
            for p in content.pictures
        ],
        "fields": [{"label": f.label, "value": f.value} for f in content.fields],
    }
