"""The engine's own state, as frozen values. Names are those of the glossary.

Everything is plain data that storage can keep as columns or JSON. Texts live in fragments alone; an
answer refers to them by number, so an undo entry can hold an earlier answer without holding a text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, TypeVar

from bot.engine.definition import Call, Edition, Extension, LateKey, offered
from bot.engine.values import value
from bot.engine.vocabulary import Vocabulary

if TYPE_CHECKING:
    from bot.engine.findings import Finding
    from bot.engine.messages import Clip

Mode = Literal["ask", "gather", "thin", "caption", "edit", "find", "replace", "review", "confirm", "mend"]
AnswerState = Literal["open", "closed", "skipped", "none"]
DraftState = Literal["writing", "handed_in", "returned", "closed"]
SectionState = Literal["todo", "partial", "done", "advice", "now"]
_Value = TypeVar("_Value")
PROFILE = "profile"  # the id of the questionnaire about the person, and of the draft that holds it


class NotLoaded(Exception):
    """The view lacks the texts of this draft. The caller loads them and steps again: a step is pure."""

    def __init__(self, draft: int) -> None:
        super().__init__(f"draft {draft} is not loaded")
        self.draft = draft


class Unread(dict[int, _Value]):
    """The fragments or attachments of a draft that were not read: it knows those that came since, and no other.

    Asked for anything else it raises NotLoaded, even for `in` and `get`: that it holds no such number does
    not mean that there is none. What is only written to never costs a read.
    """

    __slots__ = ("draft",)

    def __init__(self, draft: int) -> None:
        self.draft = draft

    def _unknown(self, *_: Any) -> NoReturn:
        raise NotLoaded(self.draft)

    __missing__ = __len__ = __eq__ = __ne__ = keys = values = items = _unknown

    def __iter__(self) -> Iterator[int]:
        self._unknown()

    def __contains__(self, id: object) -> bool:
        return super().__contains__(id) or self._unknown()

    def get(self, id: int, default: Any = None) -> Any:
        """The value. Raises NotLoaded: whether it is missing is not known."""
        return self[id]

    def copy(self) -> Self:
        """A second one that is written to by itself."""
        other = type(self)(self.draft)
        other.update(self.known())
        return other

    def known(self) -> dict[int, _Value]:
        """Those that came since."""
        return dict(super().items())


@value
class Focus:
    """Where the conversation stands, by ids.

    `at` says what within the question: the picture's number in mode "caption", the fragment's in
    "replace"; else "". In "review" and "confirm" there is no question, and a section only while one of its
    questions is to be picked. `back`: the question that was left for this one's sake, and is come back to.
    """

    draft: int
    section: str = ""
    question: str = ""
    mode: Mode = "ask"
    at: str = ""
    back: str = ""


@value
class Fragment:
    """One piece of text as sent, cleaned at the door. `id` counts within its draft.

    `words` is the 字数 it adds to the paper: its own and the mark that joins or ends it.
    `source` is the ref of the update it came with.
    """

    draft: int
    id: int
    question: str
    text: str
    words: int
    source: str = ""


@value
class Answer:
    """Version n of the answer to a question of a draft; versions are only ever added.

    `question` may be "photos#3": the caption of attachment 3. `parts` are fragments' ids, or, for
    pictures and files, attachments' ids, in order. `picks` are options' ids.
    """

    draft: int
    question: str
    n: int
    state: AnswerState
    parts: tuple[int, ...] = ()
    picks: tuple[str, ...] = ()
    words: int = 0


@value
class Attachment:
    """A picture or file of a draft; `id` counts within the draft, together with the fragments.

    `file` is the hash of what is kept on disk; width and height are those seen upright (0: no picture).
    """

    draft: int
    id: int
    question: str
    kind: Literal["picture", "file", "voice"]
    file: str
    name: str
    mime: str
    size: int
    width: int = 0
    height: int = 0
    source: str = ""


@value
class Reminded:
    """What somebody was reminded of in one edition: when last, how often since they last came, and whether they want
    no more of it."""

    edition: int
    told: datetime | None = None
    unanswered: int = 0
    off: bool = False


@value
class Draft:
    """One text being written for one edition, with the summary columns that lists and plans live on.

    `edition` is 0 for the profile. `next` numbers fragments and attachments. `n` counts submissions.
    `at` is the question last in focus, so that a draft put aside resumes where it was left. `track` is the one
    chosen, where the call has tracks.
    """

    id: int
    person: int
    call: str
    edition: int = 0
    state: DraftState = "writing"
    title: str = ""
    words: int = 0
    sections_done: int = 0
    next: int = 1
    n: int = 0
    case: int = 0
    at: str = ""
    seen_at: datetime | None = None
    track: str = ""


@value
class Texts:
    """All that was written in one draft: the latest answers by question, fragments and attachments by id."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    fragments: Mapping[int, Fragment] = field(default_factory=dict)
    attachments: Mapping[int, Attachment] = field(default_factory=dict)


@value
class Undo:
    """What an undo puts back: earlier answers (references, no texts), the focus, and the action's name.

    `notes`: what had been answered to comments of the office, as (id, answer, explained).
    """

    what: str
    draft: int
    answers: tuple[Answer, ...] = ()
    focus: Focus | None = None
    notes: tuple[tuple[int, str, str], ...] = ()


@value
class Pending:
    """Something said that waits for the next word: kind "ambiguous" keeps the text itself, "erase" a consent."""

    kind: Literal["ambiguous", "erase"]
    text: str = ""
    source: str = ""
    draft: int = 0


@value
class Arriving:
    """An album that still comes in, message by message, for a draft. Without clips: it was answered, and not taken."""

    draft: int
    channel: str
    album: str
    clips: tuple[Clip, ...] = ()


@value
class Conversation:
    """One per person. `consent` is the version of the words agreed to, "" before; `declined`: they have
    gone, by saying no or by having all of it deleted.

    `typing` is the half-typed text with the question key it belongs to. `seq` is the last message's. `spoke` is the
    channel on which the person spoke last. `pressed`: the last button that counted, by its message and its id.
    """

    id: int
    person: int
    version: int = 0
    seq: int = 0
    focus: Focus | None = None
    pending: Pending | None = None
    typing: tuple[str, str] = ("", "")
    undo: tuple[Undo, ...] = ()
    consent: str = ""
    declined: bool = False
    seen_at: datetime | None = None
    arriving: Arriving | None = None
    spoke: str = ""
    pressed: str = ""


@value
class Unit:
    """A node of the tree. `path` are the names from the root down, itself included."""

    id: int
    path: tuple[str, ...]
    level: str
    confirmed: bool = True


@value
class Person:
    """One human being. `invited` is the unit their invite named; `unit` where they belong now.

    `oversees`: they hold, or held for a time, a post of the office.
    """

    id: int
    invited: Unit
    unit: Unit | None = None
    name: str = ""
    post: str = ""
    phone: str = ""
    oversees: bool = False


@value
class CaseView:
    """What the writer's side may know of a case. `first`: it stands at the first level.

    While it is returned, `back_by` is until when it is to come back, and `route_back` to whom (direct | again).
    """

    id: int
    draft: int
    number: str
    n: int
    level: str
    state: str
    first: bool
    opened: bool
    back_by: datetime | None = None
    route_back: str = ""


@value
class Comment:
    """What the office noted on submission n, as its writer has been given it.

    `section` and `question` are the call's ids, `block` the content's; `quote` is the sentence spoken of, beginning at
    `start` in the block's text ("": the whole section, or the whole case), `change` what is proposed in its place.
    `answer`: what the writer did about it; `explained`: why nothing was changed.
    """

    id: int
    draft: int
    n: int
    section: str = ""
    question: str = ""
    block: str = ""
    start: int = 0
    quote: str = ""
    text: str = ""
    change: str | None = None
    answer: Literal["", "changed", "explained"] = ""
    explained: str = ""


@value
class Caps:
    """What a channel can do, as far as the wording depends on it.

    `page`: previews, picture chooser and prefilled box are there; else the Word file stands for a preview.
    `edits`: a card that stands is given another text. `shares`: a phone or a place can be given with a button.
    `menu`: the words for any time stand in a menu as well.
    """

    name: str = "page"
    page: bool = True
    edits: bool = False
    shares: bool = False
    menu: bool = False


@value
class View:
    """All a step may look at, loaded by the desk; frozen. `new_id` is an unused id for a new draft.

    `texts` holds the loaded drafts (at least the profile's and the focused one's, where they exist).
    `units` are known units below the invited one, for picking. `consent` is the current version of the
    consent's words; `levels` are the names of the tree's levels, from the top down. `bot` and `home`: Telegram's name
    of us and the page's address, "" where there is none.
    """

    now: datetime
    person: Person
    profile: Call
    editions: Mapping[int, Edition]
    drafts: Mapping[int, Draft]
    texts: Mapping[int, Texts]
    cases: Mapping[int, CaseView] = field(default_factory=dict)
    units: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()
    late_keys: tuple[LateKey, ...] = ()
    findings: Mapping[int, tuple[Finding, ...]] = field(default_factory=dict)
    comments: Mapping[int, tuple[Comment, ...]] = field(default_factory=dict)
    touched: Mapping[int, Collection[str]] = field(default_factory=dict)
    reminded: Mapping[int, Reminded] = field(default_factory=dict)
    caps: Caps = Caps()
    vocabulary: Vocabulary = Vocabulary()
    levels: tuple[str, ...] = ()
    consent: str = "1"
    bot: str = ""
    home: str = ""
    new_id: int = 0

    def open_editions(self) -> tuple[Edition, ...]:
        """The editions one can write for now, by date."""
        return offered(self.editions.values(), self.now)

    def call_of(self, draft: Draft) -> Call:
        """The questionnaire of a draft."""
        return self.profile if draft.call == PROFILE else self.editions[draft.edition].call.in_track(draft.track)

    def text_of(self, draft: int) -> Texts:
        """What was written in a draft. Raises NotLoaded."""
        try:
            return self.texts[draft]
        except KeyError:
            raise NotLoaded(draft) from None
