"""What the tests of both Telegram libraries share."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from threading import Thread

from handlers.telegram_common import Clip, Heard, Library
from handlers.telegram_fake.telegram import TOKEN
from handlers.transport import Transport

LIBRARIES = ("aiogram", "ptb")
LI = 1001
BOT = {"id": 1000000001, "is_bot": True, "first_name": "Anlitong", "username": "anlitong_bot"}


@asynccontextmanager
async def opened(name: str, url: str, token: str = TOKEN) -> AsyncIterator[Library]:
    """A library with a transport of its own."""
    transport = Transport(tries=1)
    library: Library = import_module(f"handlers.telegram_{name}").open_library(token, url, transport)
    try:
        yield library
    finally:
        await library.close()
        await transport.close()


async def heard_by(library: Library) -> list[Heard]:
    """What waits, read; reading changes nothing of it."""
    raws = await library.updates(0, seconds=0)
    before = json.dumps(raws)
    read = [library.read(raw) for raw in raws]
    assert json.dumps(raws) == before
    return read


async def bytes_of(library: Library, clip: Clip) -> bytes:
    """A file as it comes back."""
    return b"".join([chunk async for chunk in library.fetch(clip.id)])


def everything(error: BaseException | None) -> str:
    """All that hangs on an error."""
    text = ""
    while error is not None:
        text += f"{error!r} {error} {vars(error)} "
        assert error.__cause__ is None or error.__context__ is error.__cause__
        error = error.__context__
    return text


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Something that stands where Telegram should be and answers everything alike: its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
