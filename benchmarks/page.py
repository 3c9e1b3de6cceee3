"""What the phone page weighs, and how long it takes on a poor net.

The weight is all bytes of the answers that /chat needs (headers too, packed as a phone asks for them). The time is
Chromium's, from the call of the address to the page's own sign that it takes input, with nothing in the cache.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.crowd import LIFTED, gather
from benchmarks.figures import Figure, median_of
from tests.browser import CHROMIUM, Served, chromium, serving
from tests.http_person import HttpPerson

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WEIGHT_LIMIT, TIME_LIMIT = 40, 3.0  # KB of 1024 bytes, seconds
BYTES_A_SECOND, ROUND_TRIP = 400_000 / 8, 400  # 400 kbit/s; milliseconds
LOADS = 7
_NEEDED = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"')


def figures() -> list[Figure]:
    """The weight by kind and in all, and the time until the page takes input."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        (cookie,) = asyncio.run(gather(folder, 1))
        with serving(folder, environ=LIFTED) as served:
            weight = asyncio.run(_weigh(served.url, cookie))
            found = [
                Figure("first paint of /chat, over the wire", sum(weight.values()) / 1024, "KB", WEIGHT_LIMIT),
                *[Figure(f"  {kind}", size / 1024, "KB") for kind, size in weight.items()],
            ]
            if Path(CHROMIUM).exists():
                with chromium() as browser:
                    times = [_load(browser, served, cookie) for _ in range(LOADS)]
                found.append(median_of("usable at 400 kbit/s and 400 ms there and back", times, "s", TIME_LIMIT))
    return found


async def _weigh(url: str, cookie: str) -> dict[str, int]:
    person = HttpPerson(url, cookie=cookie)
    html = await person.ask("GET", "/chat")
    weight = {"html": html.wire, "css": 0, "js": 0}
    for path in dict.fromkeys(_NEEDED.findall(html.body.decode())):
        weight[path.rpartition(".")[2]] += (await person.ask("GET", path)).wire
    person.close()
    return weight


def _load(browser: Browser, served: Served, cookie: str) -> float:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": served.url}])
    page = context.new_page()
    net = context.new_cdp_session(page)
    net.send("Network.enable")
    conditions = {"offline": False, "latency": ROUND_TRIP, "downloadThroughput": BYTES_A_SECOND}
    net.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": BYTES_A_SECOND})
    began = time.perf_counter()
    page.goto(served.url + "/chat", wait_until="commit")
    page.wait_for_selector("html[data-ready]")
    took = time.perf_counter() - began
    context.close()
    return took
