"""What is left until a date: the rules, and a page left open across them, by the server's clock and not its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.acts import COORDINATOR, MakeInvite
from bot.doors import Acted
from bot.engine.countdown import left
from tests.browser import Phone, Served
from tests.homes import VILLAGE, Clock, home
from tests.person import WORDING
from tests.telegram_house import page_of

DUE = datetime(2026, 12, 15, 16, tzinfo=UTC)
BEGIN = DUE - timedelta(days=8, minutes=30)
DESK = {"width": 1280, "height": 800}


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (timedelta(days=30), "还有30天"),
        (timedelta(days=8), "还有8天"),
        (timedelta(days=8) - timedelta(seconds=1), "还有7天"),
        (timedelta(days=7), "还有7天"),
        (timedelta(days=2), "还有2天"),
        (timedelta(days=1), "还有1天"),
        (timedelta(days=1) - timedelta(seconds=1), "还有24小时"),
        (timedelta(hours=5, minutes=20), "还有5小时20分"),
        (timedelta(hours=5), "还有5小时"),
        (timedelta(hours=1), "还有1小时"),
        (timedelta(minutes=59), "还有59分"),
        (timedelta(seconds=1), "还有1分"),
        (timedelta(0), "已截止"),
        (timedelta(days=-3), "已截止"),
    ],
)
def test_days_then_hours_then_minutes(rest: timedelta, words: str) -> None:
    """The last minute counts as one."""
    assert WORDING.text(left(DUE, DUE - rest)) == words


class Held:
    """A house with a clock moved by hand, and the page's server, on a thread of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock(BEGIN)
        self.links: tuple[str, ...] = ()
        self.url = ""
        self._up, self._end = threading.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Held:
        self._thread.start()
        assert self._up.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(30)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with home(self.folder, world=self.clock) as house, page_of(house) as url:
            made = [
                await house.act(MakeInvite(unit=VILLAGE)),
                await house.act(MakeInvite(unit=VILLAGE.partition("/")[0], role=COORDINATOR)),
            ]
            self.links = tuple(f"{url}/i/{one.result['link']}" for one in made if isinstance(one, Acted))
            self.url = url
            self._up.set()
            await self._end.wait()

    def served(self) -> Served:
        """As a phone wants it."""
        return Served(url=self.url, links=self.links, folder=self.folder, pid=0)

    def forward(self, page: Any, **by: float) -> None:
        """Time passes, for the server and for the open page."""
        self.clock.forward(**by)
        page.clock.fast_forward(int(timedelta(**by).total_seconds() * 1000))


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    with Held(tmp_path) as one:
        yield one


def begin(phone: Phone) -> None:
    """To the title of a case."""
    phone.introduce()
    phone.say("片长进院坝")
    phone.press("就用这个")


@pytest.mark.browser
def test_an_open_page_counts_by_the_servers_clock(browser: Any, held: Held) -> None:
    """The phone's clock is three days wrong. Days, hours, minutes, over; each by itself."""
    phone = Phone(browser, held.served())
    page = phone.page
    page.clock.install(time=BEGIN - timedelta(days=3))
    phone.join()
    begin(phone)
    shown = page.locator("#sub .left")
    page.locator("#sub .left", has_text="还有8天").wait_for()
    held.forward(page, hours=1)
    page.locator("#sub .left", has_text="还有7天").wait_for()
    assert page.locator("#ticked").inner_text() == "还有7天"
    phone.shot("count-days")
    held.forward(page, days=7, hours=4)
    page.locator("#sub .left", has_text="还有19小时").wait_for()
    read_out = page.locator("#ticked").inner_text()
    before = shown.inner_text()
    held.forward(page, minutes=2)
    page.locator("#sub .left:not(:text-is('" + before + "'))").wait_for()
    assert page.locator("#ticked").inner_text() == read_out, "single minutes are not read out"
    phone.shot("count-hours")
    page.locator("#list").click()
    page.locator("dialog[open] .due .left, .sheet .due .left", has_text="小时").first.wait_for()
    phone.shot("count-list")
    page.keyboard.press("Escape")
    held.forward(page, hours=19, minutes=15)
    page.locator("#sub .left", has_text="分").wait_for()
    held.forward(page, minutes=30)
    page.locator("#sub .left", has_text="已截止").wait_for()
    phone.shot("count-over")
    assert page.locator("#ticked").inner_text() == "已截止"
    assert phone.faults == []
    phone.close()


@pytest.mark.browser
def test_the_server_says_it_right_without_a_script(browser: Any, held: Held) -> None:
    """Where no script runs, what came with the page is right."""
    phone = Phone(browser, held.served())
    phone.join()
    begin(phone)
    held.clock.at = DUE - timedelta(hours=2)
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(phone.context.cookies())
    page = context.new_page()
    page.goto(held.url + "/chat")
    assert page.locator("#sub .left").inner_text().endswith("还有2小时")
    context.close()
    phone.close()


@pytest.mark.browser
def test_the_workbench_counts_too(browser: Any, held: Held) -> None:
    """The date in the bar, by the same rules."""
    held.clock.at = DUE - timedelta(days=2, minutes=30)
    context = browser.new_context(viewport=DESK, locale="zh-CN")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.clock.install(time=BEGIN)
    page.goto(held.links[1])
    page.locator("button.btn.go").first.click()
    page.wait_for_url("**/console**")
    page.locator("#due .left", has_text="还有2天").wait_for()
    held.forward(page, days=1, minutes=45)
    page.locator("#due .left", has_text="还有23小时45分").wait_for()
    assert "作者不能提交" in page.locator("#after").inner_text()
    page.screenshot(path=str(Path(os.environ.get("ANLITONG_SHOTS") or held.folder) / "count-desk.png"))
    held.forward(page, days=1)
    page.locator("#due .left", has_text="已截止").wait_for()
    assert faults == []
    context.close()
