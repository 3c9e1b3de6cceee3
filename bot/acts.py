"""What the office can be told to do: frozen values for the door `act`. `bot.office` carries them out.

Units are given by their paths from the root down ("云溪县/石桥镇"), "" for the root; people, cases, comments and
editions by their ids. `n` is the submission that whoever commands has before them: if the writer has handed in
another since, the command is refused. What each gives back stands in braces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from bot.engine.route import TOTAL

WRITER, COORDINATOR, ADMINISTRATOR = "writer", "coordinator", "administrator"
ROLES = (WRITER, COORDINATOR, ADMINISTRATOR)
DAYS = 30  # an invite's life, unless another is given

# ---------------------------------------------------------------- editions, the tree, invites


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenEdition:
    """Opens an edition of a call with real dates. Gives {"edition", "title", "due"}.

    `first`: only where the call has none yet, open or closed; else it gives {}. `next`: only where the last round of a
    call that rolls by month has ended; drafts that were not handed in go on in the new one.
    """

    call: str
    first: bool = False
    next: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AddUnits:
    """Makes the nodes of these paths where they are missing, with those above; those that are there are confirmed.

    `kinds`: path -> kind of unit, where one is to be set. Gives {"units": how many were named, "made", "confirmed"}.
    """

    paths: tuple[str, ...]
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class MakeInvite:
    """An invite for a unit, given by its path ("" = the root). Gives {"invite", "link", "unit", "until", …}.

    Units that are missing are made; "made" are their paths, from the top down.
    `uses` 1 makes it personal; None: without limit for writers, 1 for the others, who cannot be open.
    """

    unit: str = ""
    role: str = WRITER
    uses: int | None = None
    days: int = DAYS
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkAll:
    """A personal link for each writer and each idle unit within the actor's units that has none. Gives {"made"}."""

    edition: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokeInvite:
    """All links of an invite are void from now on; who came by it stays. Gives {"invite", "unit", "role"}."""

    invite: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Extend:
    """More time for one unit at one level ("" = the writer's date): until the end of a day. Gives {"until"}.

    `until` None takes an extension back.
    """

    edition: int
    unit: str
    until: date | None
    level: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MakeLateKey:
    """A secret by which `uses` people of one unit may hand in after the date, until the end of a day.

    Gives {"key", "code", "unit", "title", "until"}; `unit` is its name.
    """

    edition: int
    unit: str
    until: date
    uses: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokeLateKey:
    """A late key opens nothing any more, also for those who have entered it and not handed in. Gives {"unit"}."""

    key: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeOut:
    """Up to `limit` cases that their level has not decided by its date are out of time. Gives {"closed"}.

    The program's own; nobody else may.
    """

    limit: int = 10


# ---------------------------------------------------------------- who may do what


@dataclass(frozen=True, kw_only=True, slots=True)
class NameMyself:
    """Who commands tells their name, post and phone, as the console and the writers see them. Gives {}."""

    name: str
    post: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SetPin:
    """A number that is asked on another device; "" takes it away. Gives {"set"}."""

    pin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HandOver:
    """Somebody leaves a post: their office there ends when the successor opens the link. Gives {"invite", "link"}."""

    person: int
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StandIn:
    """Somebody acts for a unit's coordinators until the end of a day, during a leave. Gives {"until"}."""

    person: int
    unit: str
    until: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Dismiss:
    """A role of somebody at a unit ends now. Gives {}."""

    person: int
    role: str
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmUnit:
    """A unit that a writer named is one: it stands in lists from now on. Gives {"unit"}."""

    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MergeUnit:
    """A unit that a writer named is another one, written differently: what is its own goes there. Gives {"unit"}."""

    unit: str
    into: str


# ---------------------------------------------------------------- reading and answering


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkOpened:
    """A reader has opened a case: its writer hears of it and cannot take it back any more. Once is enough."""

    case: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What a comment speaks of: a sentence (`quote`, beginning at `start` of a block of the content), a whole section
    (`section` alone), or the whole case (all empty)."""

    section: str = ""
    question: str = ""
    block: str = ""
    start: int = 0
    quote: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AddComment:
    """A comment on a submission, which the writer gets when it is returned. Gives {"comment"}.

    `change`: what is proposed in the quote's place.
    """

    case: int
    n: int
    text: str
    place: Place = Place()
    change: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeComment:
    """Another text for a comment that has not been sent yet. Gives {"comment"}."""

    comment: int
    text: str
    change: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DropComment:
    """A comment that has not been sent yet goes. Gives {"case"}."""

    comment: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepPhrase:
    """A comment to be used again by the office of the actor's unit. Gives {"phrase"}."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DropPhrase:
    """It is not used any more. Gives {}."""

    phrase: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnCase:
    """退回修改: to the writer with the comments made so far, or to the level below. Gives {"comments", "until"}.

    `until`: the last day to hand it in again. `route` "direct" (直达退回): it then comes straight back to whoever
    returned it; "again" (退回重审): through the whole chain. `reason` is needed where there is no comment.
    """

    case: int
    n: int
    to: Literal["writer", "below"] = "writer"
    route: Literal["direct", "again"] = "direct"
    until: date | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PassCases:
    """通过: the texts are fit. `cases`: (case, n). Gives {"done": ids, "lost": {id: Refusal}}."""

    cases: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reopen:
    """What was passed, or not recommended, at this level is looked at again. Gives {}."""

    case: int
    n: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Correct:
    """直接改: a slip is put right in a new submission; the writer hears what was changed. Gives {"n"}."""

    case: int
    n: int
    block: str
    start: int
    quote: str
    to: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """A file that came with a case on paper: its hash in the store, name, media type and kind, size and pixels."""

    file: str
    name: str
    mime: str
    kind: Literal["picture", "file"]
    size: int = 0
    width: int = 0
    height: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class EnterCase:
    """代录: a case that came on paper or by other ways, for somebody of a unit. Gives {"case", "number"}.

    `text` has the sections under their headings, or is the body of the first section as a whole.
    """

    edition: int
    unit: str
    name: str
    title: str
    text: str
    post: str = ""
    phone: str = ""
    category: str = ""
    files: tuple[Entered, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Enclose:
    """Lays a file beside a case: the sealed scan, or the paper it was entered from. Gives {"enclosure"}."""

    case: int
    kind: Literal["sealed", "source"]
    file: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DropEnclosure:
    """Takes it away again. Gives {}."""

    enclosure: int


# ---------------------------------------------------------------- choosing


@dataclass(frozen=True, kw_only=True, slots=True)
class Rank:
    """The order of choice among what a unit has passed: the first has rank 1. Gives {"ranked"}.

    Cases of the unit that are not named lose their rank.
    """

    edition: int
    cases: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommend:
    """推荐: uses one of the unit's places. Gives {"to": the level's title, "left": places left, None without limit}.

    `swap`: a case recommended before that gives its place back, while the level above has not opened it; this
    needs a reason.
    """

    case: int
    n: int
    swap: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotRecommend:
    """不推荐, with its reason in kind words. Gives {}."""

    case: int
    n: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SetQuota:
    """How many cases a unit may hand upward, by a key (TOTAL, "category:ID", "kind:KIND"). Gives {"used", "most"}.

    `most` None: as the call says. Never below what is used already.
    """

    edition: int
    level: str
    unit: str
    most: int | None
    key: str = TOTAL
