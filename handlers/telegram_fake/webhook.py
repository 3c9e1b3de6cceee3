"""The webhook: updates are pushed, and pushed again with growing pauses until the bot has taken them."""

from __future__ import annotations

import asyncio
import json
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
        self._queue: asyncio.Queue[tuple[Json, int]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""
        self.secret = ""
        self.most = 40
        self.last_error: tuple[float, str] | None = None

    @property
    def info(self) -> Json:
        """The Bot API's WebhookInfo."""
        about: Json = {"url": self.url, "has_custom_certificate": False, "pending_update_count": len(self._updates)}
        if self.url:
            about |= {"max_connections": self.most, "ip_address": "127.0.0.1"}
        if self.last_error:
            about |= {"last_error_date": int(self.last_error[0]), "last_error_message": self.last_error[1]}
        if self._updates.allowed:
            about["allowed_updates"] = list(self._updates.allowed)
        return about

    def set(self, url: str, secret: str, most: int) -> None:
        """Pushes to this address from now on, what waits first. Raises Refused for one that is not on this machine."""
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK:
            raise bad("bad webhook: the fake pushes to http:// on this machine alone")
        if not 1 <= most <= _MOST:
            raise bad("bad webhook: max_connections must be between 1 and 100", breach=True)
        self.remove()
        self.url, self.secret, self.most = url, secret, most
        self._updates.webhook_set()
        self._queue = asyncio.Queue()
        for update in self._updates.pending():
            self._push(update)
        self._updates.pushing = self._push
        for _ in range(most):
            self._start(_Worker(self, self._queue).run())

    def remove(self) -> None:
        """No more pushes."""
        self.url = self.secret = ""
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

    def taken(self, update: Json) -> None:
        """The bot has it."""
        self._updates.done(update)

    def again(self, update: Json, tries: int, why: str) -> None:
        """The bot has not taken it: once more, a little later."""
        self.last_error = (self._clock.now(), why)
        self._start(self._later(update, tries))

    def _push(self, update: Json) -> None:
        self._queue.put_nowait((update, 0))

    async def _later(self, update: Json, tries: int) -> None:
        await self._clock.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
        self._queue.put_nowait((update, tries + 1))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Worker:
    """One connection to the bot."""

    def __init__(self, hook: Webhook, queue: asyncio.Queue[tuple[Json, int]]) -> None:
        self._hook = hook
        self._queue = queue
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self) -> None:
        """Brings one update after the other, until it is cancelled."""
        try:
            while True:
                update, tries = await self._queue.get()
                try:
                    async with asyncio.timeout(_PATIENCE):
                        status = await self._post(update)
                except TimeoutError:
                    self._leave()
                    self._hook.again(update, tries, "Read timeout expired")
                except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                    self._leave()
                    refused = isinstance(error, ConnectionRefusedError)
                    self._hook.again(update, tries, "Connection refused" if refused else "Connection reset by peer")
                else:
                    if 200 <= status < 300:
                        self._hook.taken(update)
                    else:
                        self._hook.again(update, tries, f"Wrong response from the webhook: {status}")
        finally:
            self._leave()

    async def _post(self, update: Json) -> int:
        parts = urlsplit(self._hook.url)
        if self._open and self._open[0].at_eof():  # closed by the bot's server while nothing was to be said
            self._leave()
        if self._open is None:
            self._open = await asyncio.open_connection(parts.hostname, parts.port or 80)
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
