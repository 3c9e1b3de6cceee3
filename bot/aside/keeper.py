"""Gives work to the process aside while there is one; otherwise it is done here."""

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

from bot.aside.errands import Errand, Here
from bot.aside.process import HEAD, frame, taken
from storage import posts

_log = structlog.get_logger("aside")
_HERE = Path(__file__).parents[2]  # where `bot` is imported from


class Aside:
    """Does work. `place` is the database's; `run` keeps the process, and without it all is done in threads here."""

    def __init__(self, here: Here, *, place: str, folder: Path, now: Callable[[], datetime]) -> None:
        self.here = here
        self._place = place
        self._folder = folder
        self._now = now
        self._process: Process | None = None  # while it answers
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._wanted = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process that answers, if there is one."""
        return self._process.pid if self._process is not None else None

    async def ask(self, errand: Errand) -> Any:
        """What comes of an errand. Raises what it raises, StoreBusy while the database is away."""
        self._wanted.set()
        if self._process is not None and self._process.stdin is not None:
            number = next(self._numbers)
            self._asked[number] = answer = asyncio.get_running_loop().create_future()
            try:
                self._process.stdin.write(frame((number, errand)))
                return await answer
            except EOFError:
                pass  # it has died over this or something else: nothing was changed, so it may be done again
            finally:
                self._asked.pop(number, None)
        return await asyncio.to_thread(errand.do, self.here)

    async def run(self) -> None:
        """Keeps the process, from the first work on, or at once where there is somebody who oversees something.

        Returns when it has died; then it is to be called again.
        """
        if not await self.here.readers.run(posts.widest):
            await self._wanted.wait()
        path = os.pathsep.join(filter(None, (str(_HERE), os.environ.get("PYTHONPATH"))))
        command = (sys.executable, "-m", "bot.aside.process")
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, env={**os.environ, "PYTHONPATH": path}
        )
        assert process.stdin is not None
        try:
            process.stdin.write(frame((self._place, self._folder, self.here.tools, self._now())))
            await self._hear(process)
        except (EOFError, ConnectionError):
            _log.warning("the process has died")
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
    """Waits until it has ended, which it does with its input; what takes for ever is cut off."""
    try:
        await asyncio.wait_for(process.wait(), 2)
    except TimeoutError:
        process.kill()
        await process.wait()
