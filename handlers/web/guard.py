"""What every changing request must pass: Origin, the custom header, rates, sizes."""

from __future__ import annotations

import ipaddress
import json
import time
from typing import Any
from urllib.parse import urlsplit

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from handlers.web.problems import Problem
from handlers.web.settings import WebSettings

HEADER = "x-anlitong"
MAX_JSON = 256 * 1024


class Guard:
    """Checks requests; every refusal is a Problem."""

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._proxies = [ipaddress.ip_network(p, strict=False) for p in settings.trusted_proxies]
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def check(self, request: Request, *, session: str = "", kind: str = "say") -> None:
        """Raises Problem unless the request comes from our own page and within the rates.

        `kind`: "say", "join" or "upload"; `session` is the session's hash, "" before there is one.
        """
        self._check_origin(request)
        rates = {"say": self._settings.session_rate, "upload": self._settings.upload_rate}
        self._count(self._settings.address_rate, "address", self.client(request))
        if kind == "join":
            self._count(self._settings.join_rate, "join", self.client(request))
        elif session:
            self._count(rates[kind], kind, session)

    def opening(self, request: Request) -> None:
        """Counts the opening of a link's page by its address. Raises Problem 429."""
        self._count(self._settings.join_rate, "open", self.client(request))

    def client(self, request: Request) -> str:
        """The address a request comes from: the last one in X-Forwarded-For that no trusted proxy has."""
        peer = request.client.host if request.client else ""
        chain = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
        while self._trusted(peer) and chain:
            peer = chain.pop()
        return peer

    def _trusted(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self._proxies)

    def _check_origin(self, request: Request) -> None:
        # A foreign page cannot set the header without a preflight that nobody answers; the Origin says
        # the same a second time. Programs that are no browser send no Origin.
        if request.headers.get(HEADER) != "1":
            raise Problem(403, "web.error.origin")
        origin = request.headers.get("origin")
        if origin is None:
            return
        own = {request.headers.get("host", ""), urlsplit(self._settings.base_url).netloc}
        if not urlsplit(origin).netloc or urlsplit(origin).netloc not in own:
            raise Problem(403, "web.error.origin")

    def _count(self, rate: int, *identifiers: str) -> None:
        item = RateLimitItemPerMinute(rate)
        if not self._limiter.hit(item, *identifiers):
            reset = self._limiter.get_window_stats(item, *identifiers).reset_time
            raise Problem(429, "web.error.rate", retry_after=max(1, int(reset - time.time())))


async def body(request: Request, limit: int) -> bytes:
    """The body of a request, read no further than `limit` bytes. Raises Problem 413."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise Problem(413, "web.error.large")
    return bytes(data)


async def json_body(request: Request) -> dict[str, Any]:
    """The JSON object a request carries. Raises Problem 400 or 413."""
    try:
        value = json.loads(await body(request, MAX_JSON))
    except (ValueError, RecursionError):
        raise Problem(400, "web.error.form") from None
    if not isinstance(value, dict):
        raise Problem(400, "web.error.form")
    return value


def text_in(data: dict[str, Any], key: str, limit: int, default: str = "") -> str:
    """A text field of a JSON body. Raises Problem 400 when it is no text, 413 when it is too long."""
    value = data.get(key, default)
    if not isinstance(value, str):
        raise Problem(400, "web.error.form")
    if len(value) > limit:
        raise Problem(413, "web.error.long", {"limit": limit})
    return value


def number_in(data: dict[str, Any], key: str, default: int) -> int:
    """A whole number of a JSON body, within 63 bits. Raises Problem 400."""
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise Problem(400, "web.error.form")
    return value
