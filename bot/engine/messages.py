"""What goes into a step and what comes out of it: frozen, keyword-only values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Literal

from bot.engine.content import Content
from bot.engine.model import Answer, Attachment, Comment, Conversation, Draft, Fragment, Person, Reminded
from bot.engine.values import value

# ---------------------------------------------------------------- what people and the house say


@value
class Incoming:
    """The base of all. `at` is when it counts (UTC); `ref` is the update's, kept as a fragment's source."""

    at: datetime
    ref: str = ""


@value
class Said(Incoming):
    """A text. `done`: the sender closes the question with it. `cut`: the messenger cut it off the one before.

    `about`: the question key the sender was looking at ("<draft>/<question>", page only), which is where the
    text belongs, wherever the conversation has gone meanwhile. `editing`: the text is the whole answer, to
    take the place of version `base` (-1: unknown); a base that is behind means that another device was quicker.
    """

    text: str
    done: bool = False
    cut: bool = False
    about: str = ""
    editing: bool = False
    base: int = -1


@value
class Pressed(Incoming):
    """A button. `press` is its id, `label` what stood on it and `under` the message it stood under, where the channel
    knows."""

    press: str
    label: str = ""
    under: str = ""


@value
class SentFile:
    """A file that already lies in the store, looked at from its header.

    What came by messenger has the ref of its message as `source`, and the `caption` that stood under it.
    """

    kind: Literal["picture", "file", "voice"]
    file: str
    name: str
    mime: str
    size: int
    width: int = 0
    height: int = 0
    source: str = ""
    caption: str = ""


@value
class Sent(Incoming):
    """Pictures or files, with the text that came along. `album` groups what a messenger split."""

    files: tuple[SentFile, ...]
    caption: str = ""
    album: str = ""


@value
class Clip:
    """A file that still lies at the messenger. `remote` is its id there, `source` the ref of its message.

    `order` is the messenger's number of that message; `caption` stood under it. `size` 0: not known.
    """

    kind: Literal["picture", "file", "voice"]
    remote: str
    name: str = ""
    mime: str = ""
    size: int = 0
    source: str = ""
    order: int = 0
    caption: str = ""


@value
class Arrived(Incoming):
    """Files came by messenger and are to be fetched from there. `album` groups what the messenger split."""

    clips: tuple[Clip, ...]
    channel: str
    caption: str = ""
    album: str = ""


@value
class Unreadable(Incoming):
    """A file that was refused at the door; `key` and `params` name the sentence."""

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


@value
class Edited(Incoming):
    """The person changed a message they had sent; `source` is the ref of that one."""

    source: str
    text: str


@value
class Shared(Incoming):
    """A phone number or a place given through the messenger's own button."""

    phone: str = ""
    place: str = ""


@value
class Reach(Incoming):
    """The person has closed a messenger to us, or opened it again."""

    open: bool


@value
class Typing(Incoming):
    """Half a text. No reply, no new version; kept with the question key it belongs to."""

    question: str
    text: str


@value
class Knock(Incoming):
    """Somebody opens an invite link, or comes with a 接续码; who they are is decided by the desk.

    `intent`: "" (not said), "new" (第一次来) or "again" (我写过, with name and the last four of the phone).
    Exactly one of `link` and `code` is set.
    """

    link: str = ""
    code: str = ""
    intent: Literal["", "new", "again"] = ""
    name: str = ""
    last4: str = ""


@value
class Joined(Incoming):
    """An invite was redeemed, or a known person opened the link again.

    `first`: the conversation is new. `role`: what the invite makes of the person. `by_code`: a further device came
    by a 接续码, and those that were there before hear of it.
    """

    first: bool = False
    role: str = "writer"
    by_code: bool = False


@value
class Told(Incoming):
    """The office did something the writer hears of: wording key "told.<event>"."""

    event: str
    params: Mapping[str, Any] = field(default_factory=dict)
    draft: int = 0


@value
class Done(Incoming):
    """A job that a turn wanted is finished; `result` as the job's kind says, {} when it could not be done."""

    job: str
    args: Mapping[str, Any]
    result: Mapping[str, Any]


@value
class Woke(Incoming):
    """A wake that was set has come due."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


# ---------------------------------------------------------------- what comes out


@value
class Moment:
    """An instant with the zone it is to be read in. `until`: exclusive, so midnight reads as 24时 the day before.

    `now`: when it is spoken of; a day of another year is then said with its year.
    """

    at: datetime
    zone: str
    now: datetime | None = None


@value
class Say:
    """A sentence by its key in the wording, with what goes into its gaps.

    A value may be str, int, float, bool, None, Moment, Say, Button, a tuple of values or a mapping of
    values (mappings and tuples are for cards and for lists of lines).
    """

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


@value
class Button:
    """A button: `press` is its id (64 bytes at most). Its face is `label`, or the wording "button.<key>".

    `note` explains what is chosen with it, for channels that have room.
    """

    press: str
    key: str = ""
    label: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    strong: bool = False
    note: str = ""


@value
class Reply(Say):
    """A message of the assistant.

    `slot`: "" or "card" | "gather" | "question": the newest message of a slot replaces the one before.
    `card`: "" for plain speech, else the kind of card a rich channel may draw from the params
    ("question", "overview", "preview", "document", "editions", "cases", "pictures"); the text says it all
    the same for the channels that cannot. `to`: the ref of the person's message that it speaks of, where that is not
    simply the last one.
    """

    buttons: tuple[Button, ...] = ()
    slot: str = ""
    card: str = ""
    to: str = ""


@value
class Event:
    """Who did what: append-only, for audit; params hold ids and numbers, never an answer's text."""

    kind: str
    draft: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)


@value
class Want:
    """Slow work for a worker after the commit; it comes back as Done with the same job and args.

    "paper": {"draft", "submission": n or 0} -> {"file", "name", "size"}; "picture": {"file"} -> {"ok"};
    "export": {} -> {"file", "name", "size"};
    "fetch": {"channel", "draft", "clips"} -> {"files", "refused", "missing"}, see `bot.engine.arriving`.
    """

    job: str
    args: Mapping[str, Any] = field(default_factory=dict)


@value
class Wake:
    """Set (or, with at=None, drop) the one wake of this kind of the conversation."""

    kind: str
    at: datetime | None
    data: Mapping[str, Any] = field(default_factory=dict)


@value
class Submitted:
    """A draft is handed in. The desk freezes the content, makes or moves the case, draws the number and
    puts it into the gap "number" of the replies. `late`: "" in time; grace: it was on its way at the date, and came
    within the minutes of grace; key: by a late key."""

    draft: int
    n: int
    content: Content
    late: str = ""


@value
class LateUse:
    """One use of a late key: the desk takes it, lost if somebody had the last one meanwhile."""

    key: int
    edition: int
    until: datetime


@value
class TakenBack:
    """The writer takes an unopened case back: one conditional move, lost if it was opened meanwhile."""

    draft: int
    case: int
    n: int


@value
class Nominated:
    """The writer lays a case that was not recommended before the next level, whose unit is at `path`."""

    draft: int
    case: int
    n: int
    level: str
    path: tuple[str, ...]


@value
class UnitNamed:
    """The writer's own unit, as a name below the invited unit; the desk finds or makes the node."""

    name: str


@value
class Turn:
    """What one step changes. Tuples hold only what is new or changed; the rest stays as it is."""

    conversation: Conversation
    person: Person | None = None
    unit: UnitNamed | None = None
    drafts: tuple[Draft, ...] = ()
    answers: tuple[Answer, ...] = ()
    fragments: tuple[Fragment, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    comments: tuple[Comment, ...] = ()
    replies: tuple[Reply, ...] = ()
    events: tuple[Event, ...] = ()
    wants: tuple[Want, ...] = ()
    wakes: tuple[Wake, ...] = ()
    reminded: tuple[Reminded, ...] = ()
    submitted: Submitted | None = None
    taken_back: TakenBack | None = None
    nominated: Nominated | None = None
    late_key: LateUse | None = None
    code_wanted: bool = False
    erase: bool = False
    conflict: bool = False
