"""The port to a messenger: what comes in, what goes out, and what a channel must be able to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from bot.engine.messages import Incoming
from bot.engine.values import evolve, value


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
    `author` is "bot" or "me"; what the person said is kept and shown the same way. `to`: the ref of the person's
    message that it answers, "" where that goes without saying.
    """

    text: str
    buttons: tuple[Face, ...] = ()
    slot: str = ""
    card: Mapping[str, Any] | None = None
    author: Literal["bot", "me"] = "bot"
    to: str = ""


@value
class Trace:
    """What stands at an address, by the messenger's ids ("": nothing): all that a further message has to know.

    `card`: the pinned overview. `gather`: the acknowledgement that grows, while it is the last message. `live`: the
    message whose buttons stand. `keys`: a keyboard stands under the box.
    """

    card: str = ""
    gather: str = ""
    live: str = ""
    keys: bool = False


NOTHING = Trace()


@value
class Debt:
    """A message that is owed to an address; `id` is the delivery's. `notice`: nobody there has just spoken.

    `trace` is what is known to stand there from what was noted before.
    """

    id: int
    to: Address
    conversation: int
    seq: int
    message: Outgoing
    notice: bool = False
    trace: Trace = NOTHING


@value
class Taken:
    """What became of an update, after the commit.

    `seq` is the conversation's last message; `conversation` is 0 where there is none (a stranger).
    `replies` are the assistant's messages caused by it, with their seqs in `seqs`. `wants`: a worker has
    something to do for it; `wakes`: a clock was set. `owed`: what this process has claimed to deliver.
    `stands`: how the conversation stands now, for `Look.after` alone.
    """

    outcome: Literal["fresh", "repeat", "conflict", "refused"]
    seq: int = 0
    conversation: int = 0
    replies: tuple[Outgoing, ...] = ()
    seqs: tuple[int, ...] = ()
    wants: bool = False
    wakes: bool = False
    owed: tuple[Debt, ...] = ()
    stands: object = None


SHARE = "share:"  # a button that lets the messenger give a phone or a place: its keyboard stands under the box


def traced(trace: Trace, message: Outgoing, external: str) -> Trace:
    """What stands at an address when a message was sent (or put in an older one's place) under this id."""
    if message.slot == "card":
        return evolve(trace, card=external)
    live = external if message.buttons else trace.live
    if message.slot == "question" and not message.buttons and live != external:
        live = ""  # an answered question's buttons go
    keys = any(button.press.startswith(SHARE) for button in message.buttons)
    live = "" if keys else live
    return Trace(card=trace.card, gather=external if message.slot == "gather" else "", live=live, keys=keys)


@value
class Sent:
    """The messenger's id of what was sent, and what stands there now."""

    external: str
    trace: Trace = Trace()


@value
class ChannelCaps:
    """A channel's abilities as data: limits of a text and of a file's caption and their unit, edits, sizes.

    `edits`: a message can be given another text; `edit_every`: seconds between two edits of the same one. `shares`:
    a phone or a place can be given with a button of the messenger's. `menu`: commands stand in one of the messenger's.
    """

    page: bool = False
    push: bool = False
    edits: bool = False
    edit_every: float = 0.0
    shares: bool = False
    menu: bool = False
    text_limit: int = 4096
    caption_limit: int = 1024
    text_unit: Literal["utf16", "chars"] = "chars"
    max_upload: int = 20 * 1024 * 1024


Take = Callable[[Sequence[Update]], Awaitable[list[Taken]]]


class Channel(Protocol):
    """One way to reach people. `run` may be empty: a notice-only channel is a channel."""

    name: str
    caps: ChannelCaps

    async def run(self, take: Take) -> None: ...

    async def send(self, to: Address, message: Outgoing, trace: Trace, *, notice: bool = False) -> Sent:
        """One message, as long as the channel takes it. Raises Blocked, TryLater(after), NotYet(until) or Refused."""
        ...

    def fetch(self, file: str) -> AsyncIterator[bytes]:
        """A file that somebody sent, by the messenger's id. Raises as `send` does."""
        ...

    def health(self) -> Mapping[str, Any]:
        """Counts for GET /healthz."""
        ...

    async def close(self) -> None:
        """Nothing more is sent."""
        ...


_DROP = {c: None for c in range(0x20) if c not in (0x09, 0x0A)} | {0x7F: None}


def clean(text: str) -> str:
    """Text as it may enter the house: line ends as \\n, NUL and C0 dropped, lone surrogates as U+FFFD.

    PostgreSQL refuses NUL and both databases refuse surrogates; one such message would poison a batch.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_DROP)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
