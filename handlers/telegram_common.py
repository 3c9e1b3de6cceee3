"""What both Telegram libraries are spoken to with: plain values for what comes in and for what is asked for.

A library's own file reads its `Update` into a `Heard`, carries out the `Ask`s, and maps its errors to those below
and to `bot.errors`. Nothing here knows a library.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from bot.engine.values import value
from bot.errors import ChannelError, Refused

CHANNEL = "telegram"  # the same for both libraries: a person does not notice a change
TEXT_LIMIT = 4096  # UTF-16 code units, as the next one
CAPTION_LIMIT = 1024
DOWNLOAD_LIMIT = 20 * 1024 * 1024  # bytes that getFile gives
ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")


@value
class TelegramSettings:
    """What the channel needs to know of the deployment; `bot.app` fills it from the settings.

    `webhook`: the path on our own server, "" to fetch updates instead; `url` is that server's public address.
    `per_second` bounds notices over all chats; a chat takes `chat_burst` messages at once, then `chat_per_second`.
    """

    library: str
    token: str
    api: str
    webhook: str = ""
    url: str = ""
    secret: str = ""
    connections: int = 4
    per_second: float = 30.0
    chat_burst: float = 3.0
    chat_per_second: float = 1.0

    @property
    def host(self) -> str:
        """Where the interface is, for logs: the host and its port, and nothing that may be a secret."""
        return urlsplit(self.api).netloc.rpartition("@")[2]


# ---------------------------------------------------------------- what comes in


@value
class Clip:
    """A file that lies at Telegram. `size` 0: not said. `mime` and `name` are the sender's word."""

    id: str
    kind: Literal["picture", "file", "voice"]
    name: str = ""
    mime: str = ""
    size: int = 0


@value
class Heard:
    """One update, whatever library read it.

    `kind`: "message", "edited" (of a text or caption), "pressed" (a callback query), "member" (the bot's own place
    in the chat has changed: `inside` says whether it may speak there now), "other" (nothing for us).
    `user` is who did it, `chat` where (0: nowhere); `private` says that the chat is the user's own.
    `message` is the message's id (for "pressed" the one under which the button stands), `date` its Unix time.
    `text` is a text's or a caption's, of a pressed button the text above it. `odd`: a message with a content that
    we cannot take (a sticker, a film); `service`: one that nobody wrote (a pin, a new title).
    `query`, `data` and `label` belong to a pressed button; `label` is "" where the message is gone.
    `phone` is a shared contact's, `place` (latitude, longitude), `venue` a place's name and address.
    """

    update: int
    kind: Literal["message", "edited", "pressed", "member", "other"]
    chat: int = 0
    private: bool = False
    user: int = 0
    message: int = 0
    date: int = 0
    text: str = ""
    album: str = ""
    clips: tuple[Clip, ...] = ()
    odd: bool = False
    service: bool = False
    phone: str = ""
    place: tuple[float, float] | None = None
    venue: str = ""
    query: str = ""
    data: str = ""
    label: str = ""
    inside: bool = False


# ---------------------------------------------------------------- what is asked of Telegram

Rows = tuple[tuple[tuple[str, str], ...], ...]  # rows of buttons, each a label and its callback data


@value
class Ask:
    """The base of all requests that go to a chat."""

    chat: int


@value
class Speak(Ask):
    """A message. `rows` are buttons under it.

    `keys` are rows of a keyboard under the box instead, each key a label and what it gives: "" (its own label as a
    text), "phone" or "place". `clear`: a keyboard that stands goes away. At most one of the three. `reply`: the message
    that it answers, as long as that is there; 0: none. Gives the id.
    """

    text: str
    rows: Rows = ()
    keys: tuple[tuple[tuple[str, Literal["", "phone", "place"]], ...], ...] = ()
    clear: bool = False
    reply: int = 0


@value
class Hand(Ask):
    """A file as a document, with a caption. Gives the message's id."""

    name: str
    data: bytes
    caption: str = ""
    rows: Rows = ()


@value
class Change(Ask):
    """Another text (and other buttons) for one of our own messages. Raises Gone where there is none any more."""

    message: int
    text: str
    rows: Rows = ()


@value
class Strip(Ask):
    """The buttons under one of our own messages go away. Raises Gone."""

    message: int


@value
class Pin(Ask):
    """One of our own messages is pinned, silently. Raises Gone."""

    message: int


@value
class Leave(Ask):
    """We leave a group."""


@value
class Answered:
    """A pressed button stops turning; `text` is shown for a moment. A query that is too old is fine."""

    query: str
    text: str = ""


@value
class Menu:
    """The commands offered by the app: name (a-z0-9_) and what each does."""

    commands: tuple[tuple[str, str], ...]


@value
class Webhook:
    """Updates are pushed to this address with this secret; with `url` "" they are fetched again.

    `certificate`: the server's own one (PEM), where it has signed it itself; else Telegram trusts the known signers.
    """

    url: str
    secret: str = ""
    max_connections: int = 4
    certificate: bytes = b""


Request = Ask | Answered | Menu | Webhook


class Gone(Refused):
    """The message that was to be changed is not there any more, or is too old to be changed."""


class Moved(ChannelError):
    """A group has become another chat; `chat` is its new id."""

    def __init__(self, chat: int) -> None:
        self.chat = chat
        super().__init__("the chat has moved")


class WrongToken(ChannelError):
    """Nobody has this token (401, or 404 for one of the wrong form)."""


class Conflict(ChannelError):
    """Somebody else fetches the updates of this bot, or a webhook is set (409)."""


class Unread(Exception):
    """An update that the library cannot read. The text holds no content of it."""


@value
class Me:
    """The bot itself."""

    id: int
    username: str


class Library(Protocol):
    """One library, with our transport underneath. Made by `open_library(token, api, transport)` in its file.

    Every method but `read` raises what `bot.errors.ChannelError` has below it and nothing else: Blocked (403),
    TryLater (429 with the exact seconds, no connection, 5xx), Refused (400), Gone, Moved, WrongToken, Conflict.
    "message is not modified" is no error, nor is a query that is too old. No token in any text.
    """

    name: str

    async def me(self) -> Me: ...
    async def updates(self, offset: int, *, seconds: int) -> Sequence[Mapping[str, Any]]:
        """The updates from an offset on as they came, unread, waiting up to so many seconds for one."""
        ...

    def read(self, raw: Mapping[str, Any]) -> Heard:
        """One update. Raises Unread."""
        ...

    async def do(self, request: Request) -> int:
        """Carries a request out; gives the id of a message that was sent, else 0."""
        ...

    async def webhook(self) -> Mapping[str, Any]:
        """What Telegram knows of the webhook: url, pending_update_count, last_error_message and so on."""
        ...

    def fetch(self, file: str) -> AsyncIterator[bytes]:
        """The bytes of a file by its id. Raises Refused where there is none (any more)."""
        ...

    async def close(self) -> None: ...
