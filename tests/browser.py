"""A real `anlitong serve` on a folder of its own, and a phone (Chromium) that walks through it."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests import pictures
from tests.needs import need

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MANY = {"ANLITONG_LIMITS__LINKS_PER_MINUTE": "10000", "ANLITONG_LIMITS__POSTS_PER_MINUTE": "10000"}  # one address here
HALF = "每月5号晚上开院坝会，一户来一个人。大家先把烦心事摆出来，"
WAIT = 10_000  # milliseconds
_LINK = re.compile(r"(http://[\w.:]+)/i/([\w-]+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A running program: its address, the links it printed (writer, coordinator, administrator), its folder."""

    url: str
    links: tuple[str, ...]
    folder: Path
    pid: int

    @property
    def writer(self) -> str:
        """The link anybody may follow to write."""
        return self.links[0]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def serving(folder: Path, *, port: int = 0, environ: Mapping[str, str] | None = None) -> Iterator[Served]:
    """`anlitong serve` on the folder until the block ends."""
    port = port or free_port()
    command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--data", str(folder)]
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **(environ or {})}
    log = folder.parent / f"{folder.name}.{port}.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=env) as process,
    ):
        try:
            url, links = _printed(process, log)
            yield Served(url=url, links=links, folder=folder, pid=process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _printed(process: subprocess.Popen[bytes], log: Path) -> tuple[str, tuple[str, ...]]:
    """Reads what the program prints until it answers: its address and the three links of the demonstration."""
    assert process.stdout is not None
    said = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        # Straight from the pipe: a buffer in between would hold lines that `select` cannot see.
        ready, _, _ = select.select([process.stdout], [], [], 0.5)
        said += os.read(process.stdout.fileno(), 65536) if ready else b""
        links = [m.group(0) for m in _LINK.finditer(said[: said.rfind(b"\n") + 1].decode())]
        if len(links) >= 3:
            url = links[0].split("/i/")[0]
            if _answers(url):
                return url, tuple(links)
        if process.poll() is not None:
            break
    raise AssertionError(f"the program did not start: {log.read_text()[-2000:]}")


def _answers(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with socket.socket() as s:
            if s.connect_ex((host, int(port))) == 0:
                return True
    return False


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, or a skip where there is none."""
    need("Chromium", Path(CHROMIUM).exists(), f"{CHROMIUM} is missing")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


class Phone:
    """One person's phone. `faults` collects what the page's scripts complained of."""

    def __init__(self, browser: Browser, served: Served, *, width: int = 390, height: int = 844) -> None:
        self.served = served
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height}, device_scale_factor=2, locale="zh-CN", has_touch=True
        )
        self.context.set_default_timeout(WAIT)
        self.faults: list[str] = []
        self.page: Page = self.open_tab()

    def open_tab(self) -> Page:
        """Another tab of the same browser."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda m: self.faults.append(m.text) if _complaint(m.type, m.text) else None)
        return page

    def close(self) -> None:
        """Puts the phone away."""
        self.context.close()

    # ------------------------------------------------------------ what a person does

    def join(self, link: str = "") -> None:
        """Opens a link, taps its first button, and is in the chat."""
        self.page.goto(link or self.served.writer)
        self.page.locator("#first button").first.click()
        self.ready()

    def open(self) -> None:
        """Opens the chat again."""
        self.page.goto(self.served.url + "/chat")
        self.ready()

    def ready(self, page: Page | None = None) -> None:
        """Waits until the page's scripts have begun."""
        (page or self.page).wait_for_selector("html[data-ready]")

    def type(self, text: str) -> None:
        """Writes into the box and sends nothing."""
        self.page.locator("#box").fill(text)

    def say(self, text: str) -> None:
        """Writes into the box and taps 发送; waits for the answer."""
        self.type(text)
        with self.turn():
            self.page.locator("#send").click()

    def press(self, label: str) -> None:
        """Taps the newest button (in a message, in the chips or in a sheet) with this label; waits for the answer."""
        with self.turn():
            self.button(label).click()

    def button(self, label: str) -> Locator:
        """The newest visible button with exactly this label."""
        pattern = re.compile(rf"^\s*{re.escape(label)}\s*$")
        found = self.page.locator("button:visible:not([aria-disabled])").filter(has_text=pattern)
        found.last.wait_for()
        return found.last

    def has_button(self, label: str) -> bool:
        """Whether such a button is to be seen now."""
        pattern = re.compile(rf"^\s*{re.escape(label)}\s*$")
        return self.page.locator("button:visible").filter(has_text=pattern).count() > 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for the answer to what is done within, and until the page has drawn it."""
        with self.page.expect_response(lambda r: r.url.endswith("/api/say")) as waiting:
            yield
        seq = waiting.value.json().get("seq", 0)
        self.page.wait_for_function("() => document.getElementById('saved').dataset.s === 'ok'")
        assert isinstance(seq, int)

    def send_pictures(self, paths: Sequence[Path | str], *, wait: bool = True) -> None:
        """Chooses pictures from the album; waits until they have arrived, unless told otherwise."""
        self.page.locator("#pictures").set_input_files([str(p) for p in paths])
        if wait:
            self.page.wait_for_function(
                "() => document.getElementById('saved').dataset.s === 'ok' && !document.querySelector('[data-upload]')"
            )

    # ------------------------------------------------------------ what a person sees

    def wait_for_text(self, text: str, page: Page | None = None) -> None:
        """Waits until a visible message holds the text."""
        (page or self.page).locator("#log").get_by_text(text).last.wait_for()

    def transcript(self) -> list[str]:
        """The messages on the screen, oldest first."""
        return self.page.locator("#log > [data-seq]:visible").all_inner_texts()

    @property
    def box(self) -> str:
        """What stands in the box."""
        return self.page.locator("#box").input_value()

    @property
    def status(self) -> str:
        """The word at the top right."""
        return self.page.locator("#saved").inner_text().strip()

    def shot(self, name: str, folder: Path | None = None) -> Path:
        """A picture of the screen; into ANLITONG_SHOTS where that is set."""
        place = Path(os.environ.get("ANLITONG_SHOTS") or folder or self.served.folder)
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{name}.png"
        self.page.screenshot(path=str(path))
        return path

    # ------------------------------------------------------------ ways that tests share

    def introduce(self, name: str = "李建国", village: str = "槐树村") -> None:
        """Consent and the questions about the person, however the invite was made."""
        self.press("同意，开始")
        self.wait_for_text("姓名")
        self.say(name)
        if self.has_button("是的"):
            self.press("是的")
        elif self.has_button(village):
            self.press(village)
        else:
            self.say(village)
        self.press("村党支部书记")
        self.press("先跳过")
        self.press("对")

    def begin_case(self, call: str = "", title: str = "片长进院坝，小事不出片") -> None:
        """From the invite to the overview of a new case: `call` is the row to choose, the first one by default.

        What else is asked before the overview (a category) gets its first option.
        """
        self.introduce()
        row = self.page.locator(".choice [data-press]:visible")
        row = row.filter(has_text=call) if call else row
        with self.turn():
            row.first.click()
        self.say(title)
        self.press("就用这个")
        while not self.has_button("从第1节开始"):
            with self.turn():
                self.page.locator(".acts [data-press^='pick:']:visible").first.click()


def _complaint(kind: str, text: str) -> bool:
    # A browser writes every refused or cut request to the console; the page deals with those itself.
    return kind in ("error", "warning") and "Failed to load resource" not in text


def photos(folder: Path, how_many: int) -> list[Path]:
    """Photos in a folder, no two the same."""
    paths = []
    for n in range(how_many):
        path = folder / f"院坝会{n + 1}.jpg"
        path.write_bytes(pictures.jpeg(1600 + 10 * n, 1200))
        paths.append(path)
    return paths
