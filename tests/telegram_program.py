"""A real `anlitong serve` that speaks Telegram, and the fake it speaks to, which survives it on a thread of the test's
process."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from bot.config import Settings, load
from handlers.telegram_fake.phone import Remote
from handlers.telegram_fake.serving import in_thread
from handlers.telegram_fake.telegram import TOKEN, Telegram
from tests.browser import MANY, free_port

PATH, SECRET = "/tg/abcdefgh1234", "a-secret-of-some-length"
UNHELD = {"CHAT_BURST": "100", "CHAT_PER_SECOND": "100", "PER_SECOND": "1000"}  # our own pace out of the way
PLAIN = httpx.Client(trust_env=False, timeout=20, limits=httpx.Limits(max_keepalive_connections=0))
_PATIENCE = 60.0  # seconds


def until(test: Callable[[], object], what: str, seconds: float = _PATIENCE) -> None:
    """Returns when it holds."""
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.01)


class Fake:
    """A Telegram that may go away and come back at the same address; its people stay. `call`: see `phone.Remote`."""

    def __init__(self, *tokens: str) -> None:
        self._telegram = Telegram(*tokens)
        self._port = free_port()
        self._running = ExitStack()
        self.url = f"http://127.0.0.1:{self._port}"
        self.door = Remote(self.url)
        self.call = self.door.call

    def start(self) -> None:
        """From now on it answers."""
        self._running.enter_context(in_thread(self._telegram, self._port))

    def stop(self) -> None:
        """Nobody listens there any more."""
        self._running.close()

    def raw(self, method: str, **fields: Any) -> Any:
        """A request in the bot's own name, past our program."""
        return PLAIN.post(f"{self.url}/bot{TOKEN}/{method}", json=fields).json()

    def pushes(self, to: str = "") -> None:
        """Pushes what waits, and what comes, one after the other to this program; to nobody: keeps it.

        It would go on by itself where it stopped, but after pauses that grow: told anew, it goes on at once.
        """
        url = {"url": to + PATH, "secret_token": SECRET, "max_connections": 1} if to else {"url": ""}
        assert self.raw("setWebhook", **url)["ok"]

    def count(self, *methods: str, fate: str = "200") -> int:
        """How many requests of some kinds were answered so."""
        counts: dict[str, int] = self.call("counts")
        return sum(counts.get(f"{method} {fate}", 0) for method in methods)

    @property
    def answered(self) -> int:
        """How many messages the bot has sent or changed."""
        return self.count("sendMessage", "editMessageText")


@contextmanager
def playing(*, pace: bool = False) -> Iterator[Fake]:
    """A fake that answers, by default without limits of pace."""
    fake = Fake()
    fake.start()
    try:
        fake.call("pace", on=pace)
        yield fake
        assert fake.call("violations") == []
    finally:
        fake.stop()


class Program:
    """`anlitong serve` on one folder and one port, started as often as one likes. `webhook`: whether the next start
    has updates pushed to it; `environ` are settings of its own; `link` opens the page to everybody."""

    def __init__(self, folder: Path, fake: Fake, library: str, *, webhook: bool = False, **environ: str) -> None:
        folder.mkdir(exist_ok=True)
        self.data = folder / "data"
        self.webhook = webhook
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.environ = {"LIBRARY": library, "TOKEN": TOKEN, "API": fake.url, **UNHELD, **environ}
        self.link = ""
        self._out = folder / "program.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _environ(self) -> dict[str, str]:
        pushed = {"WEBHOOK": PATH, "SECRET": SECRET} if self.webhook else {}
        return {
            **MANY,
            "ANLITONG_CALLS__OPEN": '["mca"]',
            "ANLITONG_SITE__PORT": str(self._port),
            **({"ANLITONG_SITE__URL": self.url} if self.webhook else {}),
            **{f"ANLITONG_TELEGRAM__{name}": value for name, value in {**self.environ, **pushed}.items()},
        }

    @property
    def settings(self) -> Settings:
        """What it runs with."""
        return load(data=str(self.data), environ=self._environ)

    @property
    def pid(self) -> int:
        """Of the one that runs."""
        assert self._process is not None
        return self._process.pid

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another `anlitong` command with the same settings and data."""
        command = [sys.executable, "-m", "bot", *words, "--data", str(self.data)]
        env = {**os.environ, **self._environ}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=_PATIENCE, check=False)

    # ------------------------------------------------------------ running

    def start(self, *, speaking: bool = True) -> None:
        """Returns when the page answers, and the bot has made itself known."""
        before = self.said("speaking")
        with self._out.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", "serve", "--data", str(self.data)],
                stdout=out,
                stderr=out,
                env={**os.environ, **self._environ},
            )
        until(self.serves, "the page answers")
        if speaking:
            until(lambda: self.said("speaking") > before, "the bot speaks")

    def serves(self) -> bool:
        """Whether the page answers, and finds the database well."""
        assert self._process is not None and self._process.poll() is None, self._out.read_text()[-2000:]
        try:
            return bool(PLAIN.get(f"{self.url}/healthz").json()["ok"])
        except httpx.TransportError:
            return False

    def ends(self, number: signal.Signals) -> int:
        """Sends it a signal and waits for its end; returns how it ended: a status, or -signal."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(timeout=15)

    def close(self) -> None:
        """Ends it, dead or alive."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    # ------------------------------------------------------------ what is to be seen of it

    def said(self, event: str, **more: object) -> int:
        """How many lines of its log are this event, with these values."""
        written = self._out.read_text() if self._out.exists() else ""
        lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
        return sum(line.items() >= {"event": event, **more}.items() for line in lines)

    @property
    def rss(self) -> float:
        """The memory it holds, in MB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024

    def owes(self) -> int:
        """How many messages are not settled yet."""
        return self.asks("SELECT count(*) FROM deliveries WHERE state IN ('owed', 'claimed')")

    def asks(self, statement: str) -> int:
        """A number from the database, whether the program runs or not."""
        with closing(sqlite3.connect(f"file:{self.data / 'anlitong.db'}?mode=ro", uri=True)) as connection:
            return int(connection.execute(statement).fetchone()[0])


@contextmanager
def program(folder: Path, fake: Fake, library: str = "ptb", **more: Any) -> Iterator[Program]:
    """A program that is ended at the end, and started by whoever wants it."""
    one = Program(folder, fake, library, **more)
    try:
        yield one
    finally:
        one.close()
