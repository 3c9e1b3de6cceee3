"""What the fake knows of people, chats, messages and files. Messages are kept in the Bot API's own shape."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handlers.telegram_fake.limits import DOWNLOAD
from handlers.telegram_fake.trouble import bad, forbidden

Json = dict[str, Any]
SIZES = (90, 320)  # the long sides of a photo's small copies, in pixels
_PREFIX = {"photo": "AgAC", "document": "BQAC", "voice": "AwAC", "sticker": "CAAC"}
_FOLDER = {"photo": "photos", "document": "documents", "voice": "voice", "sticker": "stickers"}
_ENDING = {"photo": ".jpg", "voice": ".oga", "sticker": ".webp"}


@dataclass(slots=True)
class Query:
    """A pressed button that waits for its answer. `answer` is None until it has one."""

    id: str
    message: int
    data: str
    at: float
    answer: Json | None = None


@dataclass(slots=True)
class Chat:
    """One chat of the bot: a person's private chat (its id is the person's) or a group.

    `about` is the Bot API's Chat. `open`: the person has written before, or the bot is in the group.
    """

    about: Json
    open: bool = False
    blocked: bool = False
    deactivated: bool = False
    moved_to: int | None = None
    phone: str = ""
    language: str = ""
    last: int = 0
    messages: dict[int, Json] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    keyboard: Json | None = None
    keyed: set[int] = field(default_factory=set)  # messages that came with a keyboard under the box
    queries: list[Query] = field(default_factory=list)
    action: str = ""

    @property
    def id(self) -> int:
        """Telegram's id of the chat."""
        return int(self.about["id"])

    @property
    def private(self) -> bool:
        """Whether it is with one person."""
        return bool(self.about["type"] == "private")

    @property
    def user(self) -> Json:
        """The person of a private chat, as the Bot API's User."""
        names: Json = {name: self.about[name] for name in ("first_name", "last_name", "username") if name in self.about}
        tongue = {"language_code": self.language} if self.language else {}
        return {"id": self.id, "is_bot": False} | names | tongue

    def add(self, sender: Json, date: float, content: Mapping[str, Any]) -> Json:
        """A new message with the next id."""
        self.last += 1
        self.action = ""
        message = {"message_id": self.last, "from": sender, "chat": self.about, "date": int(date), **content}
        self.messages[self.last] = message
        return message

    def check_open(self) -> None:
        """Raises Refused where the bot may not send, in Telegram's words."""
        if self.moved_to is not None:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=self.moved_to)
        if self.deactivated:
            raise forbidden("user is deactivated")
        if self.blocked:
            raise forbidden("bot was blocked by the user")
        if not self.open:
            group = "bot is not a member of the group chat"
            raise forbidden("bot can't initiate conversation with a user" if self.private else group)


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file on Telegram's side."""

    id: str
    unique: str
    path: str
    kind: str
    name: str
    mime: str
    data: bytes
    width: int = 0
    height: int = 0

    @property
    def about(self) -> Json:
        """What the Bot API says of every kind of file."""
        return {"file_id": self.id, "file_unique_id": self.unique, "file_size": len(self.data)}

    @property
    def document(self) -> Json:
        """The Bot API's Document."""
        return {**self.about, "file_name": self.name, "mime_type": self.mime}

    @property
    def size(self) -> Json:
        """The Bot API's PhotoSize."""
        return {**self.about, "width": self.width, "height": self.height}


class Files:
    """All files of one bot. Ids are numbered, so that the same story always gives the same ones."""

    def __init__(self, bot: int) -> None:
        self._bot = bot
        self._files: dict[str, File] = {}
        self._paths: dict[str, File] = {}

    def keep(self, kind: str, data: bytes, name: str = "", mime: str = "", size: tuple[int, int] = (0, 0)) -> File:
        """Stores bytes as a file of a kind: photo, document, voice, sticker."""
        n = len(self._files) + 1
        mime = mime or mimetypes.guess_type(name)[0] or "application/octet-stream"
        ending = _ENDING.get(kind) or _ending(name)
        file = File(
            id=f"{_PREFIX[kind]}{self._bot}-{n:06d}",
            unique=f"AQAD{n:06d}",
            path=f"{_FOLDER[kind]}/file_{n}{ending}",
            kind=kind,
            name=name,
            mime=mime,
            data=data,
            width=size[0],
            height=size[1],
        )
        self._files[file.id] = self._paths[file.path] = file
        return file

    def photo(self, data: bytes, width: int, height: int) -> list[File]:
        """A photo in its sizes, the smallest first. The small ones have the great one's bytes: only their names and
        measures differ, which is enough to see which one a bot fetches."""
        wanted = [side for side in SIZES if side < max(width, height)]
        sizes = [(max(1, width * s // max(width, height)), max(1, height * s // max(width, height))) for s in wanted]
        return [self.keep("photo", data, size=size) for size in (*sizes, (width, height))]

    def by_id(self, file_id: str) -> File:
        """A file that may be sent or fetched. Raises Refused."""
        if file_id not in self._files:
            raise bad("wrong file_id or the file is temporarily unavailable")
        return self._files[file_id]

    def to_fetch(self, file_id: str) -> File:
        """A file that is small enough to be fetched. Raises Refused."""
        file = self.by_id(file_id)
        if len(file.data) > DOWNLOAD:
            raise bad("file is too big")
        return file

    def by_path(self, path: str) -> File | None:
        """What `/file/bot<token>/<path>` gives."""
        return self._paths.get(path)


def _ending(name: str) -> str:
    _, dot, ending = name.rpartition(".")
    return f".{ending}" if dot and ending.isascii() and ending.isalnum() else ""
