"""A loop whose time runs on by itself: whoever waits for a timer is woken when nothing else is left to do.

Sockets are real. What a server on the same loop answers is there before the time moves.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from bot.world import World

T = TypeVar("T")
_EPOCH = 1_795_300_000.0  # where the loop's time begins; small numbers keep floats exact to the nanosecond
_REAL = 0.0005  # seconds in which a packet on the loopback has arrived


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing that is not there: the loop's time moves instead."""

    loop: Loop

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready; else the time is later."""
        ready = super().select(0 if timeout == 0 else _REAL)
        if not ready and timeout is None:
            raise AssertionError("everybody waits, and nobody for a time")
        if not ready and timeout:
            self.loop.at += timeout
        return ready


class Loop(asyncio.SelectorEventLoop):
    """An event loop with a time of its own."""

    def __init__(self) -> None:
        self.at = 1000.0
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Seconds, as it sees them."""
        return self.at


class Lapse(World):
    """The time of the running loop; chance is always the same."""

    def __init__(self, fraction: float = 0.5) -> None:
        self._fraction = fraction

    def now(self) -> datetime:
        """The present instant of the loop."""
        return datetime.fromtimestamp(_EPOCH + self.monotonic(), UTC)

    def monotonic(self) -> float:
        """The loop's seconds."""
        return asyncio.get_running_loop().time()

    def fraction(self) -> float:
        """What it was given."""
        return self._fraction


def lapse(story: Callable[[], Awaitable[T]], *, debug: bool = False) -> T:
    """Runs a story to its end, in no time."""

    async def told() -> T:
        return await story()

    with asyncio.Runner(loop_factory=Loop, debug=debug) as runner:
        return runner.run(told())
