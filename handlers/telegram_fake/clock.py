"""Time as the fake sees it: the real one, or one that stands still until it is moved."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from typing import Protocol

from bot.world import World


class Clock(Protocol):
    """Whatever tells the time and can wait."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        ...


class RealTime:
    """The time there is."""

    def __init__(self, world: World | None = None) -> None:
        self._world = world or World()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._world.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        """Waits as long as it says."""
        await asyncio.sleep(seconds)


class VirtualTime:
    """Time that moves only by `advance`: whoever sleeps wakes when it has come so far."""

    def __init__(self, start: float = 1_795_300_000.0) -> None:
        self._now = start
        self._number = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Waits for somebody to advance the time."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._number), woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Moves the time on; to be called on the loop of those who sleep."""
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
