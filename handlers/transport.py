"""HTTP for whatever speaks to Telegram: one aiohttp session, the pace, and a second try where the way was broken.

A library's own HTTP client is put aside; its requests come here as plain fields and files and go back as status and
bytes. The URL holds the token and therefore gets into no text: what is raised names the method alone and hangs on
no other exception.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from bot.engine.values import value
from bot.errors import Refused, TryLater
from bot.world import World
from handlers.limiter import UNHELD, Limiter

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientTimeout, FormData

_Plain = str | int | float | bool
_CONNECTIONS = 100
_IDLE = 50.0  # seconds for which a connection without requests is kept
_CONNECT = 10.0  # seconds to reach the server at all
_FIRST, _MOST = 0.4, 2.0  # seconds: at most so long before the second try, twice that before the third, and so on
_AFTER = 3.0  # seconds that Unreachable asks for
_CHUNK = 64 * 1024  # bytes
_POLL = "getUpdates"  # tried once: whoever polls tries on
_JSON = {"Content-Type": "application/json"}
_QUOTED = {**dict.fromkeys(range(32), "_"), 127: "_", ord('"'): "_", ord("\\"): "_"}  # not possible in a file's name
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@value
class Part:
    """A file to be sent: its name as it is shown, its bytes, its type."""

    name: str
    data: bytes
    mime: str = "application/octet-stream"


class Unreachable(TryLater):
    """No answer, however often it was tried. The text names the method alone."""

    def __init__(self, method: str) -> None:
        super().__init__(_AFTER, f"{method}: no answer")


class Transport:
    """Posts requests and fetches files. `tries`: how often at most, altogether; without a limiter nothing waits.

    Belongs to the loop on which it is first used; a closed one stays closed.
    """

    def __init__(self, limiter: Limiter | None = None, *, tries: int = 3, world: World | None = None) -> None:
        self._limiter = limiter
        self._tries = max(1, tries)
        self._world = world or World()
        self._session: ClientSession | None = None
        self._broken: tuple[type[Exception], ...] = (OSError,)
        self._closed = False
        self._counts: Counter[str] = Counter()

    async def post(
        self,
        url: str,
        fields: Mapping[str, _Plain],
        files: Mapping[str, Part] | None = None,
        *,
        seconds: float = 20,
    ) -> tuple[int, bytes]:
        """The status and body of Telegram's answer, refusals (4xx) included; `seconds` is for one try.

        The method is the URL's last segment, the chat its field `chat_id`. A message whose answer was lost is sent
        again: better twice than never. Raises Unreachable.
        """
        method, chat = url.rpartition("/")[2], _chat(fields)
        for n in range(1 if method == _POLL else self._tries):
            if n:
                await self._pause(n)
            if self._limiter is not None:
                await self._limiter.passes(chat, method)
            if self._closed:
                break
            answer = await self._once(url, fields, files, seconds)
            if answer is not None:
                self._note(method, chat, *answer)
                return answer
        raise Unreachable(method)

    async def stream(self, url: str, *, seconds: float = 60) -> AsyncIterator[bytes]:
        """The bytes of a file, in chunks; `seconds` for all of them.

        Raises Refused for 4xx; Unreachable also where it breaks off: begin anew.
        """
        status = 0
        for n in range(self._tries):
            if n:
                await self._pause(n)
            if self._closed:
                break
            begun, status = False, 0
            self._counts["requests"] += 1
            try:
                async with self._open().get(url, timeout=_timeout(seconds), allow_redirects=False) as answer:
                    status = answer.status
                    if status == 200:
                        async for chunk in answer.content.iter_chunked(_CHUNK):
                            begun = True
                            yield chunk
                        return
            except self._broken:
                status = 0
            if _is_refusal(status):
                break
            self._counts["broken"] += 1
            if begun:
                break
        # Outside, so that nothing with the URL in it hangs on what is raised.
        if _is_refusal(status):
            self._counts["refused"] += 1
            raise Refused(f"file: {status}")
        raise Unreachable("file")

    def counts(self) -> Mapping[str, int]:
        """Since the start: `requests` sent, second and later tries included; of these `retries`, `floods` (429),
        `refused` (other 4xx), `broken` (no answer, 5xx, or none of Telegram's). `waiting`: how many do now."""
        names = ("requests", "retries", "floods", "refused", "broken")
        waiting = self._limiter.waiting if self._limiter is not None else 0
        return {**{name: self._counts[name] for name in names}, "waiting": waiting}

    async def close(self) -> None:
        """Lets the connections go; requests under way end as Unreachable."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    # ------------------------------------------------------------ one try

    async def _once(
        self, url: str, fields: Mapping[str, _Plain], files: Mapping[str, Part] | None, seconds: float
    ) -> tuple[int, bytes] | None:
        """Telegram's answer; None if none came."""
        self._counts["requests"] += 1
        try:
            session = self._open()
            body = _form(fields, files) if files else _written(dict(fields)).encode("utf-8", "replace")
            headers = None if files else _JSON
            async with session.post(
                url, data=body, headers=headers, timeout=_timeout(seconds), allow_redirects=False
            ) as answer:
                status, said = answer.status, await answer.read()
            if _is_refusal(status) or status == 429 or (status == 200 and said.startswith(b"{")):
                return status, said
        except self._broken:
            pass
        self._counts["broken"] += 1
        return None

    def _open(self) -> ClientSession:
        """The session, made at its first use: where nobody speaks to Telegram aiohttp need not be there."""
        if self._session is None:
            import aiohttp

            # An answer that is no HTTP, an address that is none: all of it is a way that is broken.
            self._broken = (aiohttp.ClientError, OSError)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=_IDLE),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept-Encoding"),
                trust_env=False,
            )
        return self._session

    async def _pause(self, n: int) -> None:
        """After the nth try, at random, so that many do not come back as one."""
        self._counts["retries"] += 1
        await asyncio.sleep(self._world.fraction() * min(_MOST, _FIRST * 2 ** (n - 1)))

    def _note(self, method: str, chat: int | None, status: int, said: bytes) -> None:
        """Counts a refusal; a 429 is obeyed from now on. Waiting for one's own turn again is the caller's."""
        if status == 429:
            self._counts["floods"] += 1
            if self._limiter is not None and method not in UNHELD:
                self._limiter.hold(chat, _retry_after(said))
        elif _is_refusal(status):
            self._counts["refused"] += 1


def _is_refusal(status: int) -> bool:
    return 400 <= status < 500 and status != 429


def _retry_after(said: bytes) -> float:
    """Seconds; one where Telegram does not say."""
    try:
        return max(0.0, float(json.loads(said)["parameters"]["retry_after"]))
    except (ValueError, TypeError, LookupError):
        return 1.0


def _chat(fields: Mapping[str, _Plain]) -> int | None:
    """The chat a request belongs to; None if to none, or to one that is known by its name."""
    try:
        return int(fields.get("chat_id", ""))
    except ValueError:
        return None


@cache
def _timeout(seconds: float) -> ClientTimeout:
    from aiohttp import ClientTimeout

    return ClientTimeout(total=seconds, sock_connect=min(seconds, _CONNECT))


def _form(fields: Mapping[str, _Plain], files: Mapping[str, Part]) -> FormData:
    """A multipart body, good for one try. Names go out as they are, in UTF-8, as Telegram shows them."""
    from aiohttp import FormData

    form = FormData(quote_fields=False, default_to_multipart=True)
    for name, given in fields.items():
        form.add_field(name, _text(given))
    for name, part in files.items():
        shown = part.name.translate(_QUOTED).encode("utf-8", "replace").decode()
        form.add_field(name, BytesIO(part.data), filename=shown, content_type=part.mime)
    return form


def _text(given: _Plain) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    return given.encode("utf-8", "replace").decode() if isinstance(given, str) else str(given)
