"""The webhook: updates are pushed, and pushed again with growing pauses until the bot has taken them.

What comes from one chat is brought in its order, one at a time, as Telegram does it; chats do not wait for each other.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import deque
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from handlers.telegram_fake.clock import Clock
from handlers.telegram_fake.trouble import bad
from handlers.telegram_fake.updates import Updates

Json = dict[str, Any]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PATIENCE = 60.0  # seconds for the bot's answer
_PAUSES = (1, 2, 4, 8, 16, 32, 60)  # seconds before it is tried again
_MOST = 100


class Webhook:
    """Where updates go, and the workers that bring them there: one connection each, kept open."""

    def __init__(self, updates: Updates, clock: Clock) -> None:
        self._updates = updates
        self._clock = clock
        self._ready: asyncio.Queue[int] = asyncio.Queue()  # chats whose next update may go
        self._lines: dict[int, deque[Json]] = {}
        self._tries: dict[int, int] = {}  # how often a chat's next update was brought in vain
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""
        self.secret = ""
        self.most = 40
        self.trusted: ssl.SSLContext | None = None  # who may show which certificate; None: it is not asked for one
        self.own = False  # a certificate was handed in
        self.last_error: tuple[float, str] | None = None

    @property
    def info(self) -> Json:
        """The Bot API's WebhookInfo."""
        about: Json = {"url": self.url, "has_custom_certificate": self.own, "pending_update_count": len(self._updates)}
        if self.url:
            about |= {"max_connections": self.most, "ip_address": "127.0.0.1"}
        if self.last_error:
            about |= {"last_error_date": int(self.last_error[0]), "last_error_message": self.last_error[1]}
        if self._updates.allowed:
            about["allowed_updates"] = list(self._updates.allowed)
        return about

    def set(self, url: str, secret: str, most: int, certificate: bytes = b"") -> None:
        """Pushes to this address from now on, what waits first; `certificate`: the one (PEM) that is shown there.

        Raises Refused for an address that is not on this machine. Other than Telegram, it takes http:// as well.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname not in LOOPBACK:
            raise bad("bad webhook: the fake pushes to this machine alone")
        if not 1 <= most <= _MOST:
            raise bad("bad webhook: max_connections must be between 1 and 100", breach=True)
        trusted = _trusted(certificate) if parts.scheme == "https" else None
        self.remove()
        self.url, self.secret, self.most = url, secret, most
        self.trusted, self.own = trusted, bool(certificate)
        self._updates.webhook_set()
        self._ready, self._lines, self._tries = asyncio.Queue(), {}, {}
        for update in self._updates.pending():
            self._push(update)
        self._updates.pushing = self._push
        for _ in range(most):
            self._start(_Worker(self, self._ready).run())

    def remove(self) -> None:
        """No more pushes."""
        self.url = self.secret = ""
        self.trusted, self.own = None, False
        self.last_error = None
        self._updates.pushing = None
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    async def close(self) -> None:
        """Ends all that is under way."""
        tasks = list(self._tasks)
        self.remove()
        await asyncio.gather(*tasks, return_exceptions=True)

    def next_of(self, chat: int) -> Json:
        """What is to be brought of a chat."""
        return self._lines[chat][0]

    def taken(self, chat: int) -> None:
        """The bot has it: the chat's next one may go."""
        line = self._lines[chat]
        self._updates.done(line.popleft())
        self._tries.pop(chat, None)
        if line:
            self._ready.put_nowait(chat)
        else:
            del self._lines[chat]

    def again(self, chat: int, why: str) -> None:
        """The bot has not taken it: once more, a little later."""
        self.last_error = (self._clock.now(), why)
        tries = self._tries[chat] = self._tries.get(chat, 0) + 1
        self._start(self._later(chat, _PAUSES[min(tries, len(_PAUSES)) - 1]))

    def _push(self, update: Json) -> None:
        chat = _chat_of(update)
        line = self._lines.setdefault(chat, deque())
        line.append(update)
        if len(line) == 1:
            self._ready.put_nowait(chat)

    async def _later(self, chat: int, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._ready.put_nowait(chat)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _trusted(certificate: bytes) -> ssl.SSLContext:
    """Whom to believe: this certificate alone, else whoever this machine does. Raises Refused for what is none."""
    try:
        return ssl.create_default_context(cadata=certificate.decode("ascii") if certificate else None)
    except (ssl.SSLError, ValueError):
        raise bad("bad webhook: failed to set custom certificate file", breach=True) from None


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return "SSL error {certificate verify failed}"
    return "Connection refused" if isinstance(error, ConnectionRefusedError) else "Connection reset by peer"


def _chat_of(update: Json) -> int:
    """The chat that an update belongs to; 0 for none, and for whatever a test has made up."""
    kinds = [about for name, about in update.items() if name != "update_id" and isinstance(about, dict)]
    places = [about.get("chat") or about.get("message", {}).get("chat") or {} for about in kinds]
    return next((int(place["id"]) for place in places if "id" in place), 0)


class _Worker:
    """One connection to the bot."""

    def __init__(self, hook: Webhook, ready: asyncio.Queue[int]) -> None:
        self._hook = hook
        self._ready = ready
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self) -> None:
        """Brings one update after the other, until it is cancelled."""
        try:
            while True:
                chat = await self._ready.get()
                try:
                    async with asyncio.timeout(_PATIENCE):
                        status = await self._post(self._hook.next_of(chat))
                except TimeoutError:
                    self._leave()
                    self._hook.again(chat, "Read timeout expired")
                except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                    self._leave()
                    self._hook.again(chat, _why(error))
                else:
                    if 200 <= status < 300:
                        self._hook.taken(chat)
                    else:
                        self._hook.again(chat, f"Wrong response from the webhook: {status}")
        finally:
            self._leave()

    async def _post(self, update: Json) -> int:
        parts = urlsplit(self._hook.url)
        if self._open and self._open[0].at_eof():  # closed by the bot's server while nothing was to be said
            self._leave()
        if self._open is None:
            trusted = self._hook.trusted
            port = parts.port or (443 if trusted else 80)
            self._open = await asyncio.open_connection(parts.hostname, port, ssl=trusted)
        reader, writer = self._open
        body = json.dumps(update, ensure_ascii=False).encode("utf-8", "surrogatepass")
        head = [f"POST {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1", f"Host: {parts.netloc}"]
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        if self._hook.secret:
            head.append(f"X-Telegram-Bot-Api-Secret-Token: {self._hook.secret}")
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await writer.drain()
        return await self._answer(reader)

    async def _answer(self, reader: asyncio.StreamReader) -> int:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if "content-length" in headers:
            await reader.readexactly(int(headers["content-length"]))
        if "content-length" not in headers or headers.get("connection", "").lower() == "close":
            self._leave()
        return int(lines[0].split(" ")[1])

    def _leave(self) -> None:
        if self._open:
            with suppress(OSError, RuntimeError):  # the loop may be gone already
                self._open[1].close()
            self._open = None
