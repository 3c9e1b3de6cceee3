"""A bot written by hand, request by request, and the fake Telegram it speaks to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from handlers.telegram_fake.clock import Clock, VirtualTime
from handlers.telegram_fake.phone import Phone, Remote
from handlers.telegram_fake.serving import in_thread
from handlers.telegram_fake.telegram import TOKEN, Telegram


class Bot:
    """The requests of a bot, over HTTP, and the strings behind the fake."""

    def __init__(self, url: str, client: httpx.Client, token: str = TOKEN) -> None:
        self.url = url
        self.client = client
        self.token = token
        self.fake = Remote(url)
        self.li = Phone(self.fake, 1001, first_name="李建国", phone="+8613900001111")

    def raw(self, method: str, **how: Any) -> httpx.Response:
        """One request as httpx puts it together."""
        return self.client.post(f"{self.url}/bot{self.token}/{method}", **how)

    def __call__(self, method: str, /, files: dict[str, Any] | None = None, **fields: Any) -> Any:
        """One request as libraries make it; the whole answer."""
        data = {k: v if isinstance(v, str) else json.dumps(v) for k, v in fields.items()}
        return self.raw(method, data=data, files=files).json()

    def do(self, method: str, /, files: dict[str, Any] | None = None, **fields: Any) -> Any:
        """One request that goes well; its result."""
        answer = self(method, files, **fields)
        assert answer["ok"], answer
        return answer["result"]

    def refused(self, method: str, /, files: dict[str, Any] | None = None, **fields: Any) -> tuple[int, str]:
        """One request that does not; the code and the words."""
        answer = self(method, files, **fields)
        assert not answer["ok"], answer
        return answer["error_code"], answer["description"]

    def call(self, verb: str, **arguments: Any) -> Any:
        """A string behind the fake; see `handlers.telegram_fake.rig.Rig`."""
        return self.fake.call(verb, **arguments)

    @property
    def violations(self) -> list[str]:
        """What the fake found wrong so far."""
        return list(self.call("violations"))


@contextmanager
def bot_and_fake(clock: Clock | None = None, *, started: bool = True) -> Iterator[Bot]:
    """A fake on a thread of its own, by default with time that stands still, and a bot without limits of pace;
    李建国 has started it."""
    telegram = Telegram(clock=clock or VirtualTime())
    with in_thread(telegram) as url, httpx.Client(trust_env=False, timeout=20) as client:
        bot = Bot(url, client)
        bot.call("pace", on=False)
        if started:
            bot.li.start()
            bot.do("getUpdates", offset=2**40)
            bot.call("clear")
        yield bot
