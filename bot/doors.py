"""The four doors between the house and what stands outside it.

Handlers get a `Doors` and nothing else; `bot.app` puts it together. `take` carries what people said and
did, `act` the office's commands, `look` reads (always for somebody), `files` keeps bytes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.channel import Address, Outgoing, Take, Taken, Update
from bot.engine.content import Content
from bot.engine.messages import SentFile


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Whose eyes read: a person's own things (`person`), and the subtrees of these units, by path prefix.

    `units` are materialised paths ("云溪县/石桥镇"); "" would be everything and is given to nobody but the
    root's administrators.
    """

    person: int
    units: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """An overseeing role (coordinator, administrator) bound to a unit, given by its id, path and level of the tree.

    `until`: a stand-in's last instant, exclusive; `instead`: whom they stand in for.
    """

    role: str
    unit: int
    path: str
    level: str
    until: datetime | None = None
    instead: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who commands the office; 0 is the command line. Which posts they hold is read when the command is carried out."""

    person: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Acted:
    """A command was carried out and committed; `result` is what it gave (links, ids, numbers)."""

    result: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A command was refused and changed nothing: wording key and what goes into its gaps."""

    key: str
    params: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Who an address belongs to, with the overseeing posts they hold at this instant."""

    person: int
    conversation: int
    name: str
    scope: Scope
    posts: tuple[Post, ...] = ()


Viewer = Visitor | Address


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A stored message with its place in the conversation and its cause (an update's ref, or "")."""

    seq: int
    at: datetime
    message: Outgoing
    cause: str


Screen = tuple[list[Shown], Mapping[str, Any]]  # messages, and the board beside them


@dataclass(frozen=True, kw_only=True, slots=True)
class InviteFace:
    """What a link's page shows before anything is redeemed. `trouble` is a wording key, "" if all is well."""

    trouble: str = ""
    unit: str = ""
    title: str = ""
    contact: str = ""
    phone: str = ""
    open: bool = False
    role: str = "writer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """A draft or submission to look at: its content, the layout's name and the readable file name."""

    content: Content
    layout: str
    name: str
    draft: bool
    words: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FileInfo:
    """A kept file as it may be served: path on disk, media type, readable name, size in bytes."""

    path: str
    mime: str
    name: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Pack:
    """An edition's cases as a zip on its way: its readable name, how many cases, and the bytes as they are made."""

    name: str
    cases: int
    pieces: AsyncIterator[bytes]


class Look(Protocol):
    """The read side. Every method is async and runs on a reader, never on the writer thread."""

    async def visitor(self, address: Address) -> Visitor | None: ...
    async def events(self, scope: Scope, conversation: int, after: int, limit: int = 200) -> list[Shown]:
        """Messages with seq > after, oldest first; with after < 0 the last `limit` ones."""

    async def wait(self, conversation: int, after: int, seconds: float) -> None:
        """Returns when the conversation has a message after `after`, or when the time is over."""

    async def board(self, scope: Scope, conversation: int, channel: str) -> Mapping[str, Any]:
        """The state of the page beside the messages: see docs/http.md. Rendered, ready for JSON."""

    async def screen(self, scope: Scope, conversation: int, channel: str, after: int, limit: int = 200) -> Screen:
        """`events` and `board` of one instant."""

    def after(self, taken: Taken, channel: str, after: int) -> Screen | None:
        """What `screen` would read right after an update of one's own, at once; None: it must be read."""

    async def paper(self, scope: Scope, draft: int, n: int = 0) -> Paper | None:
        """A draft as it stands (n = 0) or its submission n; None when it is not in scope."""

    async def file(self, scope: Scope, file: str, *, prepared: bool = False) -> FileInfo | None:
        """A file the scope may see: an attachment of an own draft, or a document made for the person."""

    async def pack(
        self,
        scope: Scope,
        edition: int,
        *,
        level: str = "",
        state: str = "recommended",
        progress: Callable[[int, int], None] | None = None,
    ) -> Pack | None:
        """The cases a level has recommended ("passed", "all": see `bot.pack.choosing`), for who oversees their units.

        None where there are none. `progress` hears how many cases of how many are made.
        """

    async def invite(self, link: str) -> InviteFace: ...
    async def health(self) -> Mapping[str, Any]:
        """{"version", "database", "schema", "ok", …} for GET /healthz."""


class ConsoleLook(Protocol):
    """The workbench's read side, rendered and ready for JSON: see docs/http.md. None is what lies outside the scope.

    Whoever is named by an address is looked up with the view itself: Stranger where it is nobody's, NoPost where they
    oversee nothing.
    """

    async def overview(self, viewer: Viewer, edition: int) -> Mapping[str, Any]: ...
    async def listing(self, viewer: Viewer, edition: int, wanted: Mapping[str, str]) -> Mapping[str, Any]:
        """A page of a queue. Raises ValueError for a queue, an order or a cursor that there is not."""

    async def case(self, viewer: Viewer, case: int, n: int) -> Mapping[str, Any] | None: ...
    async def compare(self, viewer: Viewer, case: int, old: int, new: int) -> Mapping[str, Any] | None: ...
    async def history(self, viewer: Viewer, case: int) -> Mapping[str, Any] | None: ...
    async def books(self, viewer: Viewer, before: int) -> Mapping[str, Any]: ...
    async def people(self, viewer: Viewer, edition: int) -> Mapping[str, Any]: ...
    async def nudges(self, viewer: Viewer, edition: int, base: str) -> Mapping[str, Any]:
        """Texts to be copied; `base`: the address that links begin with."""

    async def curve(self, viewer: Viewer, edition: int) -> Mapping[str, str] | None:
        """Pictures as SVG texts: "drawn" of how the edition goes, "rehearsed" of its call's last rehearsal."""
        ...

    async def calendar(self, viewer: Viewer, edition: int) -> bytes | None:
        """The dates of an edition as an iCalendar file; None where there is none."""

    async def edition(self, visitor: Visitor, edition: int) -> tuple[int, str]:
        """The edition that is shown where this one is asked for, 0 for none, and the level the viewer holds there."""

    async def file(self, visitor: Visitor, case: int, hash: str, *, prepared: bool = False) -> FileInfo | None: ...
    async def word(self, visitor: Visitor, case: int, n: int) -> tuple[str, bytes] | None:
        """The Word file of a submission with its name; n = 0: the last one."""

    def changes(self, scope: Scope) -> AsyncIterator[int]:
        """A number, at once and whenever something was noted of a unit in scope."""


class Files(Protocol):
    """Bytes on disk, named by their hash. Uploads are resumable: `offset` is how much is there."""

    async def begin(self, owner: int, upload: str, name: str, size: int) -> int:
        """Opens (or finds) the upload of this owner; returns the offset to go on from. Raises FileRefused."""

    async def put(self, owner: int, upload: str, offset: int, data: bytes) -> int:
        """Appends at `offset`; returns the new offset. A repeated chunk changes nothing. Raises FileRefused."""

    async def finish(self, owner: int, upload: str) -> SentFile:
        """The complete file, looked at, hashed and kept. May be repeated. Raises FileRefused."""

    def get(self, file: str) -> AsyncIterator[bytes]: ...


class Doors(Protocol):
    """What a handler is given."""

    take: Take
    look: Look
    console: ConsoleLook
    files: Files

    async def act(self, actor: Actor, command: object) -> Acted | Refusal: ...
    async def set_aside(self, update: Update, why: str) -> None:
        """Puts an update that could not even be read into the quarantine, for an engineer. Raises StoreError."""
        ...
