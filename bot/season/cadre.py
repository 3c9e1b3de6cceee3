"""One invented writer: how they are, and what they say next to whatever stands before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Literal

from bot.channel import Address, Face
from bot.engine.definition import Call, Question
from bot.engine.messages import Incoming, Knock, Pressed, Reach, Said, Sent, SentFile
from bot.engine.model import PROFILE, Draft, Focus

if TYPE_CHECKING:
    from bot.rows import Mind

Habit = Literal["steady", "prompted", "late", "forgetful", "refuses", "quiet", "blocks", "never"]
# How many of a hundred are so.
HABITS: Mapping[Habit, int] = {
    "steady": 34,
    "prompted": 30,
    "late": 14,
    "forgetful": 10,
    "refuses": 3,
    "quiet": 2,
    "blocks": 2,
    "never": 5,
}
WAYS = ("submit:", "skip:", "nocap:", "done:")  # buttons that lead on
HEEDS: Mapping[Habit, float] = {"steady": 0.9, "prompted": 0.7, "late": 0.5, "forgetful": 0.15}
"""How likely somebody sits down to it on the day on which they are reminded."""


@dataclass(slots=True)
class Words:
    """What invented people say, out of the wording: short answers by the kind of question, and a sentence that is
    repeated with other numbers."""

    name: str
    post: str
    yes: str
    right: str
    title: str
    line: str
    names: str
    sentence: str

    def text(self, words: int, chance: Random) -> str:
        """An answer of about so many characters."""
        out = ""
        while len(out) < words:
            out += self.sentence.format(n=chance.randint(1, 40), m=chance.randint(12, 90))
        return out


@dataclass(frozen=True, slots=True)
class Before:
    """How their conversation stands, as far as it decides what they say next; of thousands no more is kept in memory.

    `row`: the draft of the question; `cases`: the states of those that are not their own particulars; `told`: they were
    reminded; `empty`: nothing stands below the question.
    """

    consent: bool
    told: bool
    focus: Focus | None
    row: Draft | None
    cases: tuple[str, ...]
    empty: bool

    @classmethod
    def of(cls, mind: Mind) -> Before:
        """What is kept of a whole state."""
        focus = mind.conversation.focus
        written = mind.texts.get(focus.draft) if focus is not None else None
        answer = written.answers.get(focus.question) if written is not None and focus is not None else None
        return cls(
            consent=bool(mind.conversation.consent),
            told=any(known.told is not None for known in mind.reminded.values()),
            focus=focus,
            row=mind.drafts.get(focus.draft) if focus is not None else None,
            cases=tuple(draft.state for draft in mind.drafts.values() if draft.call != PROFILE),
            empty=answer is None or not answer.parts,
        )


@dataclass(slots=True)
class Cadre:
    """Somebody with a habit. `start`: the day of the season on which they first come; `rhythm`: days between sittings.

    `steps`: how much they still do today. `before` and `faces`: what they had before them last.
    """

    address: Address
    link: str
    habit: Habit
    start: int
    rhythm: int
    chance: Random
    pictures: tuple[SentFile, ...]
    steps: int = 0
    before: Before | None = None
    faces: Sequence[Face] = ()
    over: bool = False
    said: int = 0

    def sit_down(self, day: int, left: int, reminded: bool) -> None:
        """How much they do on a day: `left` days before the date, `reminded` or not."""
        self.steps = 0
        if self.over or self.habit == "never" or day < self.start:
            return
        if day == self.start:
            self.steps = 14  # to come, to say who they are, perhaps to begin
        elif self.habit == "steady" and (day - self.start) % self.rhythm == 0:
            self.steps = self.chance.randint(4, 9)
        elif self.habit == "late" and left <= 2:
            self.steps = 40
        if reminded:
            if self.habit in ("refuses", "quiet", "blocks"):
                self.steps = 1
            elif self.chance.random() < HEEDS.get(self.habit, 0.0):
                self.steps = max(self.steps, self.chance.randint(8, 30))

    def next(self, now: datetime, call: Call, words: Words) -> Incoming | None:
        """What they say or tap next; None where they have said all for today."""
        if self.steps <= 0 or self.over:
            return None
        self.steps -= 1
        self.said += 1
        before = self.before
        if before is None:
            return Knock(at=now, link=self.link, intent="new")
        if before.told and self.habit in ("refuses", "quiet", "blocks"):
            return self._enough(now)
        if not before.consent:
            return Pressed(at=now, press="consent:yes")
        if before.cases and all(state not in ("writing", "returned") for state in before.cases):
            self.steps = 0  # until it comes back
            return None
        return self._answer(now, before, call, words)

    def _enough(self, now: datetime) -> Incoming:
        self.over = True
        if self.habit == "blocks":
            return Reach(at=now, open=False)
        wanted = "quiet:" if self.habit == "quiet" else ("close:", "refuse:")
        face = next((f for f in self.faces if f.press.startswith(wanted)), None)
        return Pressed(at=now, press=face.press if face else "quiet:all")

    def _answer(self, now: datetime, before: Before, call: Call, words: Words) -> Incoming:
        focus, row = before.focus, before.row
        if focus is not None and row is not None and row.call == PROFILE:
            said = {"name": self._name(words), "unit": words.yes, "post": words.post, "phone": self._phone()}
            return Said(at=now, text=said.get(focus.question, words.right), done=True)
        found = call.in_track(row.track if row else "").find(focus.question) if focus and focus.question else None
        if found is not None and focus is not None and focus.mode not in ("caption", "mend", "confirm", "review"):
            answer = self._question(now, found[1], before, call, words)
            if answer is not None:
                return answer
        return Pressed(at=now, press=self._button())

    def _button(self) -> str:
        """The way on: what is meant to be tapped, else what leaves a question that need not be answered."""
        strong = [face.press for face in self.faces if face.strong]
        ways = [face.press for lead in WAYS for face in self.faces if face.press.startswith(lead)]
        rest = [face.press for face in self.faces if not face.press.startswith("cmd:")]
        return next(iter([*strong, *ways, *rest]), "cmd:resume")

    def _question(self, now: datetime, question: Question, before: Before, call: Call, words: Words) -> Incoming | None:
        if question.kind == "text":
            texts = sum(q.kind == "text" for s in call.sections for q in s.questions)
            least = call.limit.min // max(1, texts) + 20
            return Said(at=now, text=words.text(max(60, least), self.chance), done=True)
        if question.kind in ("line", "names"):
            strong = next((f for f in self.faces if f.strong), None)
            if strong is not None and strong.press.startswith("next:"):
                return Pressed(at=now, press=strong.press)
            if question.kind == "names":
                return Said(at=now, text=words.names, done=True)
            return Said(at=now, text=words.title if question.id == "title" else words.line, done=True)
        if question.kind == "pictures" and question.pictures is not None and before.empty:
            return Sent(at=now, files=self.pictures[: max(1, question.pictures.min)])
        return None

    def _name(self, words: Words) -> str:
        return self.chance.choice(words.name.split())

    def _phone(self) -> str:
        return f"139{self.chance.randint(0, 99_999_999):08d}"


def habits(count: int, chance: Random) -> list[Habit]:
    """As many habits as there are people, in the usual shares."""
    return chance.choices(list(HABITS), weights=list(HABITS.values()), k=count)
