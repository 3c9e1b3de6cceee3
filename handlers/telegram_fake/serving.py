"""The fake's server: uvicorn, taught to hand out its connections so that faults can cut them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from handlers.telegram_fake.app import TRANSPORT, make_app
from handlers.telegram_fake.telegram import Telegram
from handlers.telegram_fake.webhook import LOOPBACK

_DRAIN = 1  # seconds for answers under way


class _Protocol(HttpToolsProtocol):
    """Every request finds its connection in the scope's state."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][TRANSPORT] = self.transport


class Server(uvicorn.Server):
    """Serves a fake on a socket that is already bound; signals are its owner's."""

    def __init__(self, telegram: Telegram) -> None:
        super().__init__(
            uvicorn.Config(
                make_app(telegram),
                http=_Protocol,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=_DRAIN,
                timeout_keep_alive=75,
            )
        )
        self.telegram = telegram

    def capture_signals(self) -> Any:
        """None of its own."""
        return nullcontext()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Whoever waits for news is let go first, so that nothing has to be cut off."""
        await self.telegram.close()
        await super().shutdown(sockets)

    async def run_on(self, listening: socket.socket) -> None:
        """Serves until `should_exit`."""
        await self.serve(sockets=[listening])


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A bound socket of this machine; port 0 is any free one. Raises OSError, ValueError for another host's name."""
    if host not in LOOPBACK:
        raise ValueError(host)
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(512)
    except OSError:
        listening.close()
        raise
    return listening


def address(listening: socket.socket) -> str:
    """The URL of a socket."""
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@asynccontextmanager
async def serving(telegram: Telegram, port: int = 0) -> AsyncIterator[str]:
    """The fake on this loop: its address. Use `phone.Here` beside it."""
    listening = listen(port=port)
    server = Server(telegram)
    task = asyncio.create_task(server.run_on(listening))
    try:
        yield address(listening)
    finally:
        server.should_exit = True
        await task


@contextmanager
def in_thread(telegram: Telegram, port: int = 0) -> Iterator[str]:
    """The fake on a thread of its own: its address. Use `phone.Remote` beside it."""
    listening = listen(port=port)
    server = Server(telegram)
    thread = threading.Thread(target=lambda: asyncio.run(server.run_on(listening)), name="telegram-fake")
    thread.start()
    try:
        yield address(listening)
    finally:
        server.should_exit = True
        thread.join()
