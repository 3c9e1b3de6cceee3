"""One bot and everything around it: its chats, files, updates, commands, journal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from handlers.telegram_fake.chats import Chat, File, Files, Query
from handlers.telegram_fake.clock import Clock
from handlers.telegram_fake.faults import Faults
from handlers.telegram_fake.journal import Journal
from handlers.telegram_fake.limits import Pace
from handlers.telegram_fake.reading import Part
from handlers.telegram_fake.trouble import bad
from handlers.telegram_fake.updates import Updates
from handlers.telegram_fake.webhook import Webhook

Json = dict[str, Any]
QUERY_LIFE = 60.0  # seconds in which a pressed button can be answered


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has passed the table: its fields decoded, its files by the name of their part."""

    method: str
    fields: Json
    parts: dict[str, Part]

    def get(self, name: str) -> Any:
        """A field, or None."""
        return self.fields.get(name)


class Bell:
    """Rings whenever there is something new to see."""

    def __init__(self) -> None:
        self.version = 0
        self._silent = False
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Something has changed."""
        self.version += 1
        waiting, self._waiting = self._waiting, set()
        for one in waiting:
            if not one.done():
                one.set_result(None)

    def end(self) -> None:
        """Lets everybody go, now and from now on."""
        self._silent = True
        self.ring()

    async def wait(self, after: int, seconds: float) -> int:
        """The version, as soon as it is another than `after`, or when so many (real) seconds are over."""
        if self.version == after and not self._silent:
            one: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(one)
            await asyncio.wait({one}, timeout=seconds)
            self._waiting.discard(one)
        return self.version


@dataclass(slots=True)
class Account:
    """A bot's account. `journal`, `faults`, `pace` and `latency` (seconds before each answer) are its rig."""

    token: str
    clock: Clock
    name: str = "Anlitong"
    username: str = "anlitong_bot"
    journal: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    pace: Pace = field(default_factory=Pace)
    latency: float = 0.0
    query_life: float = QUERY_LIFE
    chats: dict[int, Chat] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    bell: Bell = field(default_factory=Bell)
    updates: Updates = field(init=False)
    webhook: Webhook = field(init=False)
    files: Files = field(init=False)
    numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.updates = Updates(self.clock)
        self.webhook = Webhook(self.updates, self.clock)
        self.files = Files(self.id)

    @property
    def id(self) -> int:
        """The bot's own id, the token's first part."""
        return int(self.token.partition(":")[0])

    @property
    def user(self) -> Json:
        """The bot as the Bot API's User."""
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def now(self) -> float:
        """The fake's time."""
        return self.clock.now()

    def chat(self, chat_id: int | str) -> Chat:
        """A chat by its id. Raises Refused."""
        known = self.chats.get(chat_id) if isinstance(chat_id, int) else None
        if known is None:
            raise bad("chat not found")
        return known

    def open_chat(self, chat_id: int | str) -> Chat:
        """A chat in which the bot may speak. Raises Refused."""
        chat = self.chat(chat_id)
        chat.check_open()
        return chat

    def message(self, chat: Chat, message_id: int, what: str) -> Json:
        """A message that there is. Raises Refused, `what` being what was to be done with it."""
        if message_id not in chat.messages:
            raise bad(f"message to {what} not found")
        return chat.messages[message_id]

    def photo(self, data: bytes) -> list[File]:
        """A photo kept in its sizes. Raises FileRefused for what is no picture."""
        from bot.paper.pictures import look

        info = look(data)
        return self.files.photo(data, info.width, info.height)

    def member(self, chat: Chat, who: Json, before: str, after: str) -> None:
        """Tells the bot that its own place in a chat has changed."""

        def place(status: str) -> Json:
            more = {"until_date": 0} if status == "kicked" else {}
            return {"user": self.user, "status": status, **more}

        changed = {"chat": chat.about, "from": who, "date": int(self.now())}
        self.updates.add(
            "my_chat_member", {**changed, "old_chat_member": place(before), "new_chat_member": place(after)}
        )
