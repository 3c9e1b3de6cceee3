"""The port to a messenger: what comes in, what goes out, and what a channel must be able to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from bot.engine.messages import Incoming
from bot.engine.values import value


@value
class Address:
    """(channel, external id). For the page `external` is the hash of the session token."""

    channel: str
    external: str


@value
class Update:
    """One thing that happened on a channel. (channel, ref) counts once.

    `digest` is the hash of the content: the same ref with another digest is a conflict. Texts are
    cleaned by `clean` before an Update is made.
    """

    address: Address
    ref: str
    incoming: Incoming
    digest: str = ""


@value
class Face:
    """A button as it is shown; `note`, if there is one, stands beside or below the label."""

    press: str
    label: str
    strong: bool = False
    note: str = ""


@value
class Outgoing:
    """A message ready to be shown. `text` is complete by itself; `card` is for channels that draw.

    A card is {"kind": …} with rendered texts and numbers only, ready for JSON.
    `author` is "bot" or "me"; what the person said is kept and shown the same way.
    """

    text: str
    buttons: tuple[Face, ...] = ()
    slot: str = ""
    card: Mapping[str, Any] | None = None
    author: Literal["bot", "me"] = "bot"


@value
class Taken:
    """What became of an update, after the commit.

    `seq` is the conversation's last message; `conversation` is 0 where there is none (a stranger).
    `replies` are the assistant's messages caused by it, with their seqs in `seqs`. `wants`: a worker has
    something to do for it. `stands`: how the conversation stands now, for `Look.after` alone.
    """

    outcome: Literal["fresh", "repeat", "conflict", "refused"]
    seq: int = 0
    conversation: int = 0
    replies: tuple[Outgoing, ...] = ()
    seqs: tuple[int, ...] = ()
    wants: bool = False
    stands: object = None


@value
class Sent:
    """The messenger's id of what was sent."""

    external: str


@value
class ChannelCaps:
    """A channel's abilities as data: text limit and its unit, edits, sizes, who may speak first."""

    page: bool = False
    push: bool = False
    edits: bool = False
    text_limit: int = 4096
    text_unit: Literal["utf16", "chars"] = "chars"
    max_upload: int = 20 * 1024 * 1024
    may_speak_first: bool = False
    redelivers: bool = False


Take = Callable[[Sequence[Update]], Awaitable[list[Taken]]]


class Channel(Protocol):
    """One way to reach people. `run` may be empty: a notice-only channel is a channel."""

    name: str
    caps: ChannelCaps

    async def run(self, take: Take) -> None: ...

    async def send(self, to: Address, message: Outgoing, key: str) -> Sent:
        """Raises Blocked, TryLater(after), NotYet(until) or Refused."""

    def fetch(self, file: str) -> AsyncIterator[bytes]: ...


_DROP = {c: None for c in range(0x20) if c not in (0x09, 0x0A)} | {0x7F: None}


def clean(text: str) -> str:
    """Text as it may enter the house: line ends as \\n, NUL and C0 dropped, lone surrogates as U+FFFD.

    PostgreSQL refuses NUL and both databases refuse surrogates; one such message would poison a batch.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_DROP)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
