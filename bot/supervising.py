"""What keeps running whatever happens to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

_RESTART_AT_MOST = 60.0
_log = structlog.get_logger("house")


async def supervise(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Runs something for ever: when it breaks or returns it is started again, each time a little later."""
    pause = 1.0
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await run()
            _log.warning("ended", part=name)
        except Exception as error:
            _log.error("broke off", part=name, kind=type(error).__name__)
        lived = asyncio.get_running_loop().time() - began
        pause = 1.0 if lived > _RESTART_AT_MOST else min(pause * 2, _RESTART_AT_MOST)
        await asyncio.sleep(pause)
