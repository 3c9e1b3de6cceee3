"""Where the views of the workbench are read: in a process of their own while there is one, on a reader otherwise."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import structlog

from bot.workbench import views
from bot.workbench.aside import HEAD, frame, taken
from bot.workbench.base import Tools
from bot.workbench.views import Asked
from storage import posts
from storage.readers import Readers

_log = structlog.get_logger("views")
_HERE = Path(__file__).parents[2]  # where `bot` is imported from


class Room:
    """Reads views. `place` is the database's; `run` keeps the process, and without it each is read on a reader."""

    def __init__(self, *, readers: Readers, tools: Tools, place: str, now: Callable[[], datetime]) -> None:
        self._readers = readers
        self.tools = tools
        self._place = place
        self._now = now
        self._process: Process | None = None  # while it answers
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._wanted = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process that answers, if there is one."""
        return self._process.pid if self._process is not None else None

    async def ask(self, asked: Asked) -> Any:
        """A view. Raises ValueError for what there is not, StoreBusy while the database is away."""
        self._wanted.set()
        if self._process is not None and self._process.stdin is not None:
            number = next(self._numbers)
            self._asked[number] = answer = asyncio.get_running_loop().create_future()
            try:
                self._process.stdin.write(frame((number, asked)))
                return await answer
            except EOFError:
                pass  # it has died over this or something else: nothing was changed, so it may be read again
            finally:
                self._asked.pop(number, None)
        return await self._readers.run(lambda c: views.seen(c, self.tools, asked))

    async def run(self) -> None:
        """Keeps the process, from the first look on, or at once where there is somebody who might look.

        Returns when it has died; then it is to be called again.
        """
        if not await self._readers.run(posts.widest):
            await self._wanted.wait()
        path = os.pathsep.join(filter(None, (str(_HERE), os.environ.get("PYTHONPATH"))))
        command = (sys.executable, "-m", "bot.workbench.aside")
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, env={**os.environ, "PYTHONPATH": path}
        )
        assert process.stdin is not None
        try:
            process.stdin.write(frame((self._place, self.tools, self._now())))
            await self._hear(process)
        except (EOFError, ConnectionError):
            _log.warning("the reading process has died")
        finally:
            self._process = None
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(EOFError())
            process.stdin.close()
            await _gone(process)

    async def _hear(self, process: Process) -> None:
        assert process.stdout is not None
        while True:
            head = await process.stdout.readexactly(HEAD.size)
            told = taken(await process.stdout.readexactly(HEAD.unpack(head)[0]))
            if self._process is None:
                self._process = process  # its first word: it is ready
                continue
            number, fine, value = told
            answer = self._asked.get(number)
            if answer is None or answer.done():
                continue  # whoever asked has gone
            if fine:
                answer.set_result(value)
            else:
                answer.set_exception(value)


async def _gone(process: Process) -> None:
    """Waits until it has ended, which it does with its input; a view that takes for ever is cut off."""
    try:
        await asyncio.wait_for(process.wait(), 2)
    except TimeoutError:
        process.kill()
        await process.wait()
