"""A person's phone as an object: for tests and benchmarks, in the fake's own process or in another one.

    fake = Remote("http://127.0.0.1:8081")          # or Here(telegram), on the loop the fake runs on
    li = Phone(fake, 1001, first_name="…", phone="+86…")
    li.start("7Kq2")
    li.wait("…")                                     # until a message with these words is to be seen
    li.press("…")
    li.screen().messages[-1].text

Whatever `handlers.telegram_fake.rig.Rig` has is called through the door: `fake.call("violations")`.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from handlers.telegram_fake.control import Control
from handlers.telegram_fake.telegram import Telegram

_STEP = 5.0  # seconds of one wait

Json = dict[str, Any]


class Door(Protocol):
    """A way to the fake's control interface."""

    def call(self, verb: str, **arguments: Any) -> Any:
        """Does something at once. Raises ValueError for what cannot be done."""
        ...

    async def changed(self, after: int, seconds: float) -> int:
        """Waits for something new to see."""
        ...


class Here:
    """A fake on the loop one is on oneself."""

    def __init__(self, telegram: Telegram, bot: str = "") -> None:
        self._control = Control(telegram)
        self._bot = bot

    def call(self, verb: str, **arguments: Any) -> Any:
        """See `Door`."""
        return self._control.call(verb, bot=self._bot, **arguments)

    async def changed(self, after: int, seconds: float) -> int:
        """See `Door`."""
        return await self._control.wait(after, seconds, self._bot)


class Remote:
    """A fake in another thread or process, by its address. Never use it on the very loop that serves the fake."""

    def __init__(self, url: str, bot: str = "") -> None:
        self._url = url.rstrip("/")
        self._bot = bot
        self._opener = build_opener(ProxyHandler({}))  # it is on this machine, whatever proxy the machine has

    def call(self, verb: str, **arguments: Any) -> Any:
        """See `Door`."""
        body = json.dumps({"bot": self._bot, **arguments}).encode()
        request = Request(f"{self._url}/control/{verb}", body, {"Content-Type": "application/json"})
        try:
            with self._opener.open(request, timeout=60) as response:
                return json.load(response)["result"]
        except HTTPError as error:
            with error:
                raise ValueError(json.load(error)["error"]) from None

    async def changed(self, after: int, seconds: float) -> int:
        """See `Door`."""
        return int(await asyncio.to_thread(self.call, "wait", after=after, seconds=seconds))


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A button under a message: `data` of a callback, or `url`."""

    label: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A message as it stands now, by whoever `name` is. `text` is the caption where there is one; `kind` is text,
    photo, document, voice, contact, location, sticker, pinned_message, new_chat_members or service; `file` has id,
    name and size; `about` is the Bot API's object of a voice, contact, location or sticker; `reply_to` 0: to none."""

    id: int
    mine: bool
    name: str
    date: int
    edited: bool
    kind: str
    text: str
    entities: tuple[Json, ...]
    file: Json | None
    about: Json | None
    album: str
    reply_to: int
    pinned: bool
    buttons: tuple[tuple[Button, ...], ...]

    @property
    def labels(self) -> list[str]:
        """The buttons' labels, row after row."""
        return [button.label for row in self.buttons for button in row]


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """A chat: its messages, oldest first; the pinned one; the keyboard under the box (the Bot API's
    ReplyKeyboardMarkup); the menu's commands; `action` such as "typing"; `waiting` are the ids of pressed buttons that
    have no answer yet, `answers` what others were answered (query, text, alert). `open`: it has been started."""

    version: int
    open: bool
    messages: tuple[Seen, ...]
    pinned: Seen | None
    keyboard: Json | None
    commands: tuple[Json, ...]
    action: str
    blocked: bool
    waiting: tuple[str, ...]
    answers: tuple[Json, ...]

    @property
    def texts(self) -> list[str]:
        """The texts of all messages."""
        return [message.text for message in self.messages]

    @property
    def from_bot(self) -> list[Seen]:
        """The other side's messages."""
        return [message for message in self.messages if not message.mine]

    @property
    def keys(self) -> list[str]:
        """The labels of the keyboard under the box."""
        return [key["text"] for row in (self.keyboard or {}).get("keyboard", ()) for key in row]


Test = str | Callable[[Screen], bool]


class Phone:
    """What one person does; see `people.People` for each. Raises ValueError for what cannot be done."""

    def __init__(self, door: Door, user: int, first_name: str = "", **about: str) -> None:
        self.door = door
        self.user = user
        door.call("person", user=user, first_name=first_name, **about)

    def _do(self, verb: str, **arguments: Any) -> Any:
        return self.door.call(verb, user=self.user, **arguments)

    def start(self, payload: str = "") -> int:
        """Follows a start link, or types what comes after `start=`."""
        return int(self._do("start", payload=payload))

    def say(self, text: str, chat: int | None = None) -> list[int]:
        """Writes; the ids of the messages that came of it."""
        return list(self._do("say", text=text, chat=chat))

    def edit(self, message: int, text: str) -> None:
        """Edits a message of one's own: its text, or its caption ("" for none)."""
        self._do("edit", message=message, text=text)

    def delete(self, message: int) -> None:
        """Deletes a message for both sides."""
        self._do("delete", message=message)

    def press(self, label: str = "", *, data: str = "", message: int | None = None) -> str:
        """Presses the newest button with this label (or data), in the chat or on the keyboard: the query's id."""
        return str(self._do("press", label=label, data=data, message=message))

    def press_gone(self, message: int, data: str) -> str:
        """Presses a button that is not there (any more)."""
        return str(self._do("press_gone", message=message, data=data))

    def photo(self, data: bytes, caption: str = "") -> int:
        """Sends a photo."""
        return int(self._do("photo", data=_text(data), caption=caption))

    def document(self, data: bytes, name: str, mime: str = "", caption: str = "") -> int:
        """Sends a file as it is."""
        return int(self._do("document", data=_text(data), name=name, mime=mime, caption=caption))

    def album(self, photos: Sequence[bytes], caption: str = "") -> list[int]:
        """Sends photos together."""
        return list(self._do("album", items=[{"data": _text(data)} for data in photos], caption=caption))

    def files(self, files: Sequence[tuple[str, bytes]], caption: str = "") -> list[int]:
        """Sends files together: name and bytes of each."""
        items = [{"name": name, "data": _text(data)} for name, data in files]
        return list(self._do("album", items=items, caption=caption))

    def voice(self, seconds: int = 3, data: bytes = b"OggS") -> int:
        """Sends a voice message."""
        return int(self._do("voice", seconds=seconds, data=_text(data)))

    def sticker(self, emoji: str = "\N{THUMBS UP SIGN}") -> int:
        """Sends a sticker."""
        return int(self._do("sticker", emoji=emoji))

    def contact(self, phone: str = "", first_name: str = "", of: int | None = None) -> int:
        """Shares one's own number, or somebody else's."""
        return int(self._do("contact", phone=phone, first_name=first_name, of=of))

    def location(self, latitude: float = 31.05, longitude: float = 107.1) -> int:
        """Shares a place."""
        return int(self._do("location", latitude=latitude, longitude=longitude))

    def block(self) -> None:
        """Stops the bot."""
        self._do("block")

    def unblock(self) -> None:
        """Lets the bot speak again."""
        self._do("unblock")

    def deactivate(self) -> None:
        """Deletes the account."""
        self._do("deactivate")

    def add_to_group(self, title: str = "Group") -> int:
        """Makes a group with the bot in it: its id, for `say(…, chat=…)` and `screen(chat=…)`."""
        return int(self._do("add_to_group", title=title))

    def screen(self, chat: int | None = None, last: int = 200) -> Screen:
        """What is to be seen now."""
        given = self._do("screen", chat=chat, last=last)
        given["messages"] = tuple(_message(message) for message in given["messages"])
        given["pinned"] = _message(given["pinned"]) if given["pinned"] else None
        parts: Json = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
        return Screen(**parts)

    def fetch(self, message: Seen) -> bytes:
        """The bytes of a message's file."""
        if message.file is None:
            raise ValueError("this message has no file")
        return b64decode(self.door.call("file", id=message.file["id"]))

    def wait(self, test: Test, seconds: float = 20) -> Screen:
        """Waits (through a `Remote` only, and not on a loop) until the test holds; a text means: a message of the
        bot's with these words. Raises TimeoutError with what is to be seen."""
        return asyncio.run(self.comes(test, seconds))

    async def comes(self, test: Test, seconds: float = 20) -> Screen:
        """As `wait`, on a loop. The seconds are real ones."""
        end = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if any(test in m.text for m in screen.from_bot) if isinstance(test, str) else test(screen):
                return screen
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{test} did not come; the last messages are {screen.texts[-5:]}")
            await self.door.changed(screen.version, min(left, _STEP))


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _message(given: Json) -> Seen:
    buttons = tuple(tuple(Button(**button) for button in row) for row in given["buttons"])
    return Seen(**{**given, "buttons": buttons, "entities": tuple(given["entities"])})
