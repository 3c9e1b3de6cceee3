"""What the serving process costs: the time to its first answer, its memory, what it has loaded.

The start is timed from the process's creation to a 200 on /healthz, in an empty folder (schema, demonstration
county) and in the same folder again.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.crowd import LIFTED, NEW, gather, source
from benchmarks.figures import Figure, median_of, resident
from tests.browser import free_port, serving
from tests.http_person import HttpPerson

STARTS = 7
START_LIMIT, IDLE_LIMIT, BUSY_LIMIT = 1.5, 100, 250  # seconds, MB, MB
MANY = 10_000
LANES = 64  # connections, as a reverse proxy would hold them
LAZY = ("jieba", "docx", "PIL", "numpy", "aiogram", "telegram")
_LOADED = """
import asyncio, sys
from pathlib import Path
from bot.app import House
from bot.config import load
from handlers import open_channel

async def main():
    async with House(load(data=sys.argv[1], environ={}), served=True) as house:
        open_channel("page")(house.doors, house.web_settings(), house.wording, house.world)
        import uvicorn
        await asyncio.sleep(1)
        print(*[name for name in sys.argv[2:] if name in sys.modules])

asyncio.run(main())
"""


def figures() -> list[Figure]:
    """Starts, idle memory, loaded libraries, memory after 10,000 people have written."""
    with tempfile.TemporaryDirectory() as place:
        new = [_start(Path(place) / f"new{n}") for n in range(STARTS)]
        again = [_start(Path(place) / "new0") for _ in range(STARTS)]
        loaded = _loaded(Path(place) / "new0")
    return [
        median_of("start in an empty folder", [s for s, _ in new], "s", START_LIMIT),
        median_of("start in a folder that is there", [s for s, _ in again], "s", START_LIMIT),
        median_of("memory after the start", [m for _, m in [*new, *again]], "MB", IDLE_LIMIT),
        Figure(f"of {', '.join(LAZY)} loaded: {' '.join(loaded) or 'none'}", len(loaded), "", 0),
        *asyncio.run(_busy()),
    ]


def _start(folder: Path) -> tuple[float, float]:
    """Seconds until it answers, and the memory it then has."""
    port = free_port()
    command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--data", str(folder)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            asyncio.run(_well(f"http://127.0.0.1:{port}"))
            return time.perf_counter() - began, resident(process.pid)
        finally:
            process.terminate()


async def _well(url: str) -> None:
    person = HttpPerson(url, pause=lambda _: 0.005)
    await person.until_answered("GET", "/healthz")
    person.close()


def _loaded(folder: Path) -> list[str]:
    command = [sys.executable, "-c", _LOADED, str(folder), *LAZY]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return re.findall(r"\w+", done.stdout)


async def _busy() -> list[Figure]:
    """Everybody writes one message, and the first thousand ten more."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        cookies = await gather(folder, MANY)
        environ: Mapping[str, str] = {**os.environ, **LIFTED}
        with serving(folder, environ=environ) as served:
            waiting = iter([*cookies, *cookies[:1000] * 10])
            began = time.perf_counter()
            refused = sum(await asyncio.gather(*[_lane(served.url, source(n), waiting) for n in range(LANES)]))
            wall = time.perf_counter() - began
            written = MANY + 10_000
            return [
                Figure(
                    f"memory after {MANY:,} people wrote {written:,} messages", resident(served.pid), "MB", BUSY_LIMIT
                ),
                Figure("  its greatest", resident(served.pid, peak=True), "MB"),
                Figure("  messages a second meanwhile", written / wall, "/s"),
                Figure("  refused", refused, "", 0),
            ]


async def _lane(url: str, address: str, waiting: Iterator[str]) -> int:
    refused = 0
    lane = HttpPerson(url, source=address)
    for lane.cookie in waiting:
        answer = await lane.ask("POST", "/api/say", {"cid": os.urandom(8).hex(), "base_seq": 0, "text": NEW})
        refused += answer.status != 200
    lane.close()
    return refused
