"""The pages themselves: HTML from templates, sentences from the wording, static files by their hash."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

import segno
from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.doors import Doors
from bot.wording import Wording
from handlers.web.chat import Chat
from handlers.web.guard import Guard
from handlers.web.problems import Problem
from handlers.web.session import Sessions
from handlers.web.settings import WebSettings

SHOWN_AT_FIRST = 40  # messages that come with the page itself
_LINK = re.compile(r"[A-Za-z0-9_-]{1,120}")
_SIZES = ("0", "1", "2", "3")
# Comments on lines of their own are for whoever reads the source; the wire is spared a quarter of it.
_COMMENT = re.compile(rb"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*\n", re.MULTILINE | re.DOTALL)
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _Asset:
    plain: bytes
    packed: bytes
    mime: str


class Static:
    """The files of `static/`, under a folder named by the hash of them all, so that a browser may keep them.

    One hash for the folder, not one a file: modules then import each other by plain relative names.
    """

    def __init__(self) -> None:
        files = sorted((f for f in (resources.files(__package__) / "static").iterdir()), key=lambda f: f.name)
        self._assets: dict[str, _Asset] = {}
        whole = hashlib.sha256()
        for file in files:
            mime = _TYPES.get("." + file.name.rpartition(".")[2])
            if mime:
                data = file.read_bytes()
                if mime == "text/javascript":
                    data = _COMMENT.sub(b"", data)
                whole.update(file.name.encode() + b"\0" + data)
                self._assets[file.name] = _Asset(data, gzip.compress(data, 9, mtime=0), mime)
        alone = ("start.js", "print.js")
        self.modules = [n for n in self._assets if n.endswith(".js") and n not in alone and not n.startswith("console")]
        self.root = f"/static/{whole.hexdigest()[:16]}"

    async def serve(self, request: Request) -> Response:
        """GET /static/{hash}/{name}: an older hash gets the present file, but may not keep it."""
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            raise Problem(404, "web.error.nothing")
        present = request.url.path.startswith(self.root + "/")
        packed = "gzip" in request.headers.get("accept-encoding", "")
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if present else "no-cache",
            "Vary": "Accept-Encoding",
        }
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Response(asset.packed if packed else asset.plain, media_type=asset.mime, headers=headers)


class Shell:
    """The routes that answer with HTML."""

    def __init__(
        self,
        doors: Doors,
        wording: Wording,
        sessions: Sessions,
        chat: Chat,
        guard: Guard,
        static: Static,
        settings: WebSettings,
    ) -> None:
        self._guard = guard
        self._doors = doors
        self._wording = wording
        self._sessions = sessions
        self._chat = chat
        self._settings = settings
        self._pages = Environment(
            loader=PackageLoader("handlers.web", "pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self._pages.globals.update(say=wording.say, root=static.root, modules=static.modules)

    def page(self, request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A template with its values, in the letter size the browser keeps."""
        fs = request.cookies.get("fs", "0")
        return HTMLResponse(
            self._pages.get_template(name).render(fs=fs if fs in _SIZES else "0", **values),
            status_code=status,
            headers={"Cache-Control": "no-store"},
        )

    async def home(self, request: Request) -> Response:
        """GET /: what this is, and where a 接续码 is typed; a known browser goes on to its conversation."""
        session = self._sessions.read(request)
        known = await self._doors.look.visitor(session.address) if session else None
        if known is not None:
            return RedirectResponse("/console" if known.posts else "/chat", status_code=303)
        response = self.page(request, "home.html", words=self._words("web.start."))
        self._sessions.write(response, session or self._sessions.new(), always=session is None)
        return response

    async def invite(self, request: Request) -> Response:
        """GET /i/{link}: shows what the link is for. Consumes nothing: messengers fetch links for previews."""
        self._guard.opening(request)
        link = request.path_params["link"]
        face = await self._doors.look.invite(link if _LINK.fullmatch(link) else "")
        session = self._sessions.read(request)
        visitor = await self._doors.look.visitor(session.address) if session else None
        # Whoever has no name here has nothing to go on with: nobody yet, or nobody any more.
        known = visitor is not None and bool(visitor.name)
        response = self.page(request, "invite.html", face=face, link=link, known=known, words=self._words("web.start."))
        self._sessions.write(response, session or self._sessions.new(), always=session is None)
        return response

    async def chat(self, request: Request) -> Response:
        """GET /chat: the conversation. The last messages come with it: one way there and back less."""
        try:
            session, visitor = await self._chat.visitor(request)
        except Problem:
            return RedirectResponse("/", status_code=303)
        state = await self._chat.state(visitor, -1, SHOWN_AT_FIRST)
        response = self.page(request, "chat.html", state=state, words=self._words("web.page."), board=state["board"])
        self._sessions.write(response, session)
        return response

    async def console(self, request: Request) -> Response:
        """GET /console: the workbench, for who oversees a unit."""
        try:
            session, visitor = await self._chat.visitor(request)
        except Problem:
            return RedirectResponse("/", status_code=303)
        if not visitor.posts:
            return RedirectResponse("/chat", status_code=303)
        response = self.page(request, "console.html", words=self._words("console.page."))
        self._sessions.write(response, session)
        return response

    async def qr(self, request: Request) -> Response:
        """GET /qr/{link}: a sheet to print with the link as a QR code."""
        self._guard.opening(request)
        link = request.path_params["link"]
        face = await self._doors.look.invite(link if _LINK.fullmatch(link) else "")
        if face.trouble:
            sentence = self._wording.say(face.trouble, contact=face.contact, phone=face.phone)
            return self.page(request, "trouble.html", 404, sentence=sentence)
        base = self._settings.base_url or str(request.base_url).rstrip("/")
        url = f"{base}/i/{link}"
        code = segno.make(url, error="m", micro=False).svg_data_uri(scale=8, border=2)
        return self.page(request, "qr.html", face=face, url=url, code=code)

    def _words(self, prefix: str) -> dict[str, str]:
        """A page's own sentences, and those of what is left until a date."""
        found = self._wording.sentences.items()
        left = {k.replace(".", "_"): v for k, v in found if k.startswith("left.")}
        return {**left, **{k[len(prefix) :]: v for k, v in found if k.startswith(prefix)}}
