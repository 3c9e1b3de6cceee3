"""Reading and writing from the event loop: work on a connection, done in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine

from bot.errors import StoreBusy
from storage.database import is_outage

T = TypeVar("T")


class Run(Protocol):
    """Runs work on a connection inside one transaction and gives back what it returns."""

    async def __call__(self, work: Callable[[Connection], T], /) -> T: ...


class Readers:
    """A few threads with reading connections; nothing done here can change the database."""

    def __init__(self, engine: Engine, threads: int = 4) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` in one reading transaction. Raises StoreBusy while the database is away."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.now, work)

    def now(self, work: Callable[[Connection], T]) -> T:
        """The same in the present thread."""
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except Exception as error:
            if is_outage(error):
                raise StoreBusy(type(error).__name__) from error
            raise

    def close(self) -> None:
        """Waits for what is running and lets the connections go."""
        self._pool.shutdown()
        self._engine.dispose()
