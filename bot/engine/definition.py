"""What a call asks for: the frozen values a call definition (TOML) is turned into.

Nothing here knows a file format, a clock or a sentence. `bot.calls` builds these values and checks
them; the engine walks them. Every list of real calls differs, so all that differs is data here.
Lengths are 字数 (see `bot.engine.count`); dates are aware UTC datetimes, exclusive: "12月15日24时"
is stored as the next midnight in the call's zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

QuestionKind = Literal["text", "line", "names", "choice", "phone", "unit", "place", "pictures", "files", "declare"]
SHORT: tuple[QuestionKind, ...] = ("line", "names", "unit")  # what must be given in words to go on, if required
TRACK = "track"  # the head question whose answer decides which sections there are, and how long the whole may be


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """A length in 字数; 0 means that nothing is said. `hard` makes `max` block a submission."""

    min: int = 0
    about: int = 0
    max: int = 0
    hard: bool = False

    @property
    def goal(self) -> int:
        """The one number to show as the aim: `about`, else the middle of min and max, else either."""
        if self.about:
            return self.about
        if self.min and self.max:
            return (self.min + self.max) // 2
        return self.max or self.min


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One choice. `id` travels in buttons and must be short ASCII; `label` is what a person reads.

    `limit`: of a track, the length of the whole text where that differs from the call's.
    """

    id: str
    label: str
    note: str = ""
    limit: Limit | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Followup:
    """Asked once when an answer closes with fewer than `below` 字."""

    below: int
    ask: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureRule:
    """How many pictures and of what quality. `original`: the call wants the untouched file as well."""

    min: int = 0
    max: int = 9
    caption: bool = True
    min_width: int = 800
    min_bytes: int = 0
    original: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRule:
    """Other material: how many files, which endings (lower case, no dot; empty = any allowed kind)."""

    min: int = 0
    max: int = 3
    kinds: tuple[str, ...] = ()
    max_bytes: int = 20 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One thing asked. `label` names it in lists ("联系电话"); `ask` is the full wording.

    `most` is how many options may be chosen, or how many people named (0: as many as there are), `least` how few;
    `other` allows an answer of one's own beside the options.
    `pictures` is set for kind "pictures", `files` for kind "files".
    `printed`: the answer is part of the document's body.
    """

    id: str
    kind: QuestionKind
    ask: str
    label: str = ""
    hint: str = ""
    example: str = ""
    required: bool = False
    limit: Limit = Limit()
    followup: Followup | None = None
    options: tuple[Option, ...] = ()
    other: bool = False
    most: int = 1
    least: int = 0
    pictures: PictureRule | None = None
    files: FileRule | None = None
    printed: bool = True

    def option(self, option_id: str) -> Option | None:
        """The option with this id, or None."""
        return next((o for o in self.options if o.id == option_id), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A heading with its questions. `numbered` sections stand in the overview and on paper.

    `tracks`: those it belongs to; none means all of them.
    """

    id: str
    heading: str
    questions: tuple[Question, ...]
    limit: Limit = Limit()
    numbered: bool = True
    tracks: tuple[str, ...] = ()

    def question(self, question_id: str) -> Question | None:
        """The question with this id, or None."""
        return next((q for q in self.questions if q.id == question_id), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """Places a level may hand upward; None = no limit, 0 = none at all."""

    total: int | None = None
    by_category: Mapping[str, int] = field(default_factory=dict)
    by_kind: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """One step of the route. `due` is the date rule as written ("08-30", "2026-12-15", "" = inherits)."""

    id: str
    title: str
    due: str = ""
    quota: Quota = Quota()


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """What reviewers look for, with its weight in per cent (0 = no weight given)."""

    label: str
    weight: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """Patterns with {单位} {标题} {联系人} {电话} {类别} {序号} {编号} for what leaves the house.

    `number` makes the case number: {县} {年} (two digits) {号} (three digits).
    """

    file: str = "{单位}-{标题}"
    folder: str = "{序号}-{单位}-{标题}"
    number: str = "{县}{年}-{号}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """How the collecting body chooses, told to people on request; numbers of winners per rank."""

    steps: tuple[str, ...] = ()
    ranks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    """Whom to remind of a date, and when: so many `days` before its last day, 0 meaning that day's morning.

    `level`: whose date, "" the writers'. `words`: the sentences' place in the wording.
    """

    days: tuple[int, ...]
    states: tuple[str, ...]
    level: str = ""
    words: str = "remind"


WRITING_STATES = ("idle", "half", "ready", "returned")
"""Of a writer: nothing begun, half written, ready but not handed in, returned."""
OFFICE_STATES = ("waiting", "unused")
"""Of an office: cases wait for it, places of its quota are free."""
REMINDING_DAYS = (14, 7, 3, 1, 0)
"""Where a call says nothing of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """The rules of one kind of collecting (征集).

    `head` (title, category, …) is asked before the overview, `sections` are the task list (the
    pictures' and materials' section is one of them, the last), `tail` holds the declarations asked at
    submission. `limit` is the total over printed text. The profile questionnaire is a Call as well,
    with everything in `head` and no sections.
    """

    id: str
    title: str
    short: str = ""
    about: str = ""
    head: tuple[Question, ...] = ()
    sections: tuple[Section, ...] = ()
    tail: tuple[Question, ...] = ()
    limit: Limit = Limit()
    minutes: int = 0
    grace: int = 0
    sample: str = ""
    zone: str = "Asia/Shanghai"
    opens: str = ""
    due: str = ""
    levels: tuple[Level, ...] = ()
    self_nomination: bool = False
    qualities: tuple[Quality, ...] = ()
    names: Names = Names()
    layout: str = "gbt9704"
    outputs: tuple[str, ...] = ("text",)
    selection: Selection = Selection()
    reminders: tuple[Reminder, ...] | None = None

    _parts: tuple[Section, ...] = field(init=False, repr=False, compare=False, default=())
    _places: Mapping[str, tuple[Section, Question]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _tracks: dict[str, Call] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        head = [Section(id="head", heading="", questions=self.head, numbered=False)] if self.head else []
        tail = [Section(id="tail", heading="", questions=self.tail, numbered=False)] if self.tail else []
        parts = (*head, *self.sections, *tail)
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "_places", {q.id: (s, q) for s in reversed(parts) for q in s.questions})

    @property
    def monthly(self) -> bool:
        """Whether it rolls: a round a month, each opened when the one before has ended."""
        dues = (self.due, *(level.due for level in self.levels))
        return next((due for due in dues if due), "").startswith("*")

    @property
    def reminding(self) -> tuple[Reminder, ...]:
        """Its own rules; where it has none, all states at the usual days before each date."""
        if self.reminders is not None:
            return self.reminders
        offices = (Reminder(days=REMINDING_DAYS, states=OFFICE_STATES, level=level.id) for level in self.levels)
        return (Reminder(days=REMINDING_DAYS, states=WRITING_STATES), *offices)

    def in_track(self, track: str) -> Call:
        """The call as it is for who chose this track; itself for "" and for what is no track of it."""
        asked = self._places.get(TRACK)
        option = asked[1].option(track) if asked else None
        if option is None:
            return self
        if track not in self._tracks:
            sections = tuple(s for s in self.sections if not s.tracks or track in s.tracks)
            self._tracks[track] = replace(self, sections=sections, limit=option.limit or self.limit)
        return self._tracks[track]

    def parts(self) -> tuple[Section, ...]:
        """Head, sections and tail in walking order; head and tail as unnumbered sections, if any."""
        return self._parts

    def section(self, section_id: str) -> Section | None:
        """The section with this id ("head" and "tail" included), or None."""
        return next((s for s in self._parts if s.id == section_id), None)

    def find(self, question_id: str) -> tuple[Section, Question] | None:
        """Where a question stands. Question ids are unique within a call."""
        return self._places.get(question_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """The promises made to a writer, all of them settings of the deployment or the edition."""

    unit: str
    keeper: str
    contact: str
    phone: str
    answer_days: int
    keep_until: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Edition:
    """A call opened with real dates, kept as they were resolved. `due`: the writer's date.

    `dates`: level id -> that level's date. All are exclusive instants in UTC.
    """

    id: int
    call: Call
    title: str
    opened_at: datetime
    due: datetime
    dates: Mapping[str, datetime]
    office: Office
    closed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    """More time for one unit at one level ("" = the writer's date); where a `person` is named, for them alone, who
    entered the late key `key`."""

    edition: int
    level: str
    unit: int
    until: datetime
    person: int = 0
    key: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LateKey:
    """A secret by which somebody of a unit may hand in for an edition after the date.

    `code`: what is typed; `left`: how many may still enter it; `until`: for how long it counts (exclusive, UTC).
    """

    id: int
    code: str
    edition: int
    unit: int
    left: int
    until: datetime
    revoked: bool = False


def offered(editions: Iterable[Edition], now: datetime) -> tuple[Edition, ...]:
    """What can be begun now, by date: all that are open, but of a call that rolls by month the last round alone."""
    found = [e for e in editions if not e.closed]
    last = {e.call.id: e.due for e in sorted(found, key=lambda e: e.due)}
    still = (e for e in found if not e.call.monthly or e.due > now or e.due == last[e.call.id])
    return tuple(sorted(still, key=lambda e: (e.due, e.id)))


def closes(edition: Edition, level: str) -> bool:
    """Whether a level has a date after the writers': with theirs it would have no minute left to decide anything."""
    return edition.dates.get(level, edition.due) > edition.due


def deadline(
    edition: Edition,
    level: str,
    unit: int,
    extensions: tuple[Extension, ...] = (),
    *,
    back_by: datetime | None = None,
    person: int = 0,
) -> datetime:
    """The only answer to "until when": the latest of the level's date and the unit's extensions, a `person`'s own among
    them.

    `level` "" means the writer's own date. A level the edition does not name has the writer's date. `back_by`: the day
    that was set when the case was returned, which counts instead; a late key that the person entered goes beyond it.
    """
    granted = [
        e.until
        for e in extensions
        if (e.edition, e.level, e.unit) == (edition.id, level, unit)
        and (e.person == person if e.person else back_by is None)
    ]
    plain = edition.dates.get(level, edition.due) if level else edition.due
    return max([plain if back_by is None else back_by, *granted])
