"""The page that plays the phone: one screen, its script and its looks."""

from __future__ import annotations

from importlib import resources

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.wording import Wording

_PREFIX = "telegram_fake."
_SCRIPTS = ("common.js", "messages.js", "sending.js", "phone.js")
_TYPES = {**dict.fromkeys(_SCRIPTS, "text/javascript"), "phone.css": "text/css"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Page:
    """The page and its files."""

    def __init__(self, wording: Wording) -> None:
        pages = Environment(loader=PackageLoader("handlers.telegram_fake", "pages"), autoescape=True)
        pages.globals.update(say=wording.say)
        words = {k.removeprefix(_PREFIX): v for k, v in wording.sentences.items() if k.startswith(_PREFIX)}
        self._page = pages.get_template("phone.html").render(words=words)

    async def page(self, _: Request) -> Response:
        """GET /."""
        return HTMLResponse(self._page, headers=_HEADERS)

    async def asset(self, request: Request) -> Response:
        """GET /phone/{name}."""
        name = request.path_params["name"]
        if name not in _TYPES:
            return Response(status_code=404)
        data = (resources.files(__package__) / "pages" / name).read_bytes()
        return Response(data, media_type=_TYPES[name], headers=_HEADERS)
