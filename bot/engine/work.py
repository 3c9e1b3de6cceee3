"""One turn in the making. Mutable inside a step, thrown away after it; what comes out is a Turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from bot.engine.answers import measure, plain
from bot.engine.count import count
from bot.engine.definition import TRACK, Call, Edition, Office, Question, Section, deadline
from bot.engine.messages import (
    Button,
    Done,
    Event,
    Incoming,
    LateUse,
    Moment,
    Nominated,
    Reach,
    Reply,
    Submitted,
    TakenBack,
    Told,
    Turn,
    UnitNamed,
    Wake,
    Want,
    Woke,
)
from bot.engine.model import (
    PROFILE,
    Answer,
    AnswerState,
    Attachment,
    Comment,
    Conversation,
    Draft,
    Focus,
    Fragment,
    Person,
    Reminded,
    Texts,
    Undo,
    Unread,
    View,
)
from bot.engine.progress import sums
from bot.engine.values import closed, evolve, opened

UNDO_STEPS = 20
_Value = TypeVar("_Value")


def _copy(known: Mapping[int, _Value]) -> Mapping[int, _Value]:
    return known.copy() if isinstance(known, Unread) else dict(known)


class Work:
    """Collects the changes of one step over a frozen view, and reads through them."""

    def __init__(self, view: View, conversation: Conversation, incoming: Incoming) -> None:
        self.view = view
        self.incoming = incoming
        self.now: datetime = incoming.at
        self.before = conversation
        self.conversation = conversation
        self.person: Person = view.person
        self.unit: UnitNamed | None = None
        self.drafts: dict[int, Draft] = dict(view.drafts)
        self.replies: list[Reply] = []
        self.events: list[Event] = []
        self.wants: list[Want] = []
        self.wakes: list[Wake] = []
        self.reminded: dict[int, Reminded] = {}
        self.submitted: Submitted | None = None
        self.taken_back: TakenBack | None = None
        self.nominated: Nominated | None = None
        self.late_key: LateUse | None = None
        self.code_wanted = False
        self.erase = False
        self.conflict = False
        self.kept = ""  # words that waited and have now become text, to be spoken of
        self.move: tuple[str, tuple[Any, ...]] | None = None
        self._texts: dict[int, Texts] = {}
        self._new_answers: dict[tuple[int, str], Answer] = {}
        self._old_answers: dict[tuple[int, str], Answer | None] = {}
        self._last: dict[int, int] = {}
        self._since: dict[tuple[int, str], Answer | None] = {}
        self._since_focus = conversation.focus
        self._new_fragments: list[Fragment] = []
        self._new_attachments: list[Attachment] = []
        self._answered: dict[int, Comment] = {}
        self._noted: dict[int, Comment] = {}  # as they were before what was done since the last step to undo

    # ------------------------------------------------------------ reading

    @property
    def focus(self) -> Focus | None:
        """Where the conversation stands now."""
        return self.conversation.focus

    def texts(self, draft: int) -> Texts:
        """What is written in a draft, this turn's changes included."""
        found = self._texts.get(draft)
        return found if found is not None else self.view.text_of(draft)

    def call(self, draft: int) -> Call:
        """The questionnaire of a draft."""
        return self.view.call_of(self.drafts[draft])

    def edition(self, draft: int) -> Edition | None:
        """The edition a draft is written for; None for the profile."""
        return self.view.editions.get(self.drafts[draft].edition)

    def office(self, draft: int = 0) -> Office | None:
        """Whose promises count: the draft's edition's, else the first open one's."""
        edition = self.view.editions.get(self.drafts[draft].edition) if draft in self.drafts else None
        if edition is None:
            edition = next(iter(self.view.open_editions()), None) or next(iter(self.view.editions.values()), None)
        return edition.office if edition else None

    def due(self, draft: int, *, keys: bool = True) -> Moment | None:
        """Until when this draft may be handed in; `keys`: late keys count."""
        edition = self.edition(draft)
        if edition is None:
            return None
        case = self.view.cases.get(draft)
        back_by = case.back_by if case is not None and self.drafts[draft].state == "returned" else None
        return self.until(edition, back_by, keys=keys)

    def until(self, edition: Edition, back_by: datetime | None = None, *, keys: bool = True) -> Moment:
        """Until when the person may hand in for an edition.

        `back_by`: the day set with a return; `keys`: late keys count.
        """
        unit, person = self.person.unit or self.person.invited, self.person.id if keys else 0
        at = deadline(edition, "", unit.id, self.view.extensions, back_by=back_by, person=person)
        return self.moment(at, edition)

    def moment(self, at: datetime, edition: Edition) -> Moment:
        """An instant as a sentence about an edition says it."""
        return Moment(at=at, zone=edition.call.zone, now=self.now)

    def here(self) -> tuple[Section, Question] | None:
        """The section and question in focus, if the call still has them."""
        focus = self.focus
        if focus is None or not focus.question or focus.draft not in self.drafts:
            return None
        if self.drafts[focus.draft].state == "closed":
            return None
        return self.call(focus.draft).find(focus.question)

    def answer(self, draft: int, question: str) -> Answer | None:
        """The latest answer."""
        return self.texts(draft).answers.get(question)

    def comments(self, draft: int) -> tuple[Comment, ...]:
        """What the office noted on a returned draft, with the answers of this turn; nothing on any other."""
        row = self.drafts.get(draft)
        if row is None or row.state != "returned":
            return ()
        return tuple([self._answered.get(c.id, c) for c in self.view.comments.get(draft, ())])

    def rewritten(self, draft: int) -> tuple[str, ...]:
        """The questions that got a new version of their answer in this turn."""
        return tuple([question for of, question in self._new_answers if of == draft])

    def touched(self, draft: int) -> frozenset[str]:
        """The questions of a returned draft that were written to since it was handed in."""
        return frozenset({*self.view.touched.get(draft, ()), *self.rewritten(draft)})

    def title(self, draft: int) -> str:
        """The title as it is now."""
        return plain(self.texts(draft), "title") if (draft, "title") in self._new_answers else self.drafts[draft].title

    def profile(self) -> Draft | None:
        """The draft that holds the person's profile."""
        return next((d for d in self.drafts.values() if d.call == PROFILE and d.state != "closed"), None)

    # ------------------------------------------------------------ changing

    def _own(self, draft: int) -> Texts:
        if draft not in self._texts:
            seen = self.view.text_of(draft)
            self._texts[draft] = Texts(
                answers=dict(seen.answers), fragments=_copy(seen.fragments), attachments=_copy(seen.attachments)
            )
        return self._texts[draft]

    def new_draft(self, call: Call, edition: Edition | None) -> Draft:
        """A draft begun now."""
        draft = Draft(
            id=self.view.new_id,
            person=self.person.id,
            call=call.id,
            edition=edition.id if edition else 0,
            seen_at=self.now,
        )
        self.drafts[draft.id] = draft
        self._texts[draft.id] = Texts(answers={}, fragments={}, attachments={})
        return draft

    def change(self, draft: int, **columns: Any) -> None:
        """New summary columns for a draft."""
        self.drafts[draft] = evolve(self.drafts[draft], **columns)

    def _number(self, draft: int) -> int:
        last = self._last.get(draft)
        number = self.drafts[draft].next if last is None else last + 1
        self._last[draft] = number
        return number

    def add_fragment(self, draft: int, question: str, text: str, *, flowing: bool, source: str = "") -> Fragment:
        """Keeps a text. `flowing`: it is part of a paragraph and counts with its joining mark."""
        fragment = Fragment(
            draft=draft,
            id=self._number(draft),
            question=question,
            text=text,
            words=measure(text) if flowing else count(text),
            source=source or self.incoming.ref,
        )
        self._own(draft).fragments[fragment.id] = fragment  # type: ignore[index]
        self._new_fragments.append(fragment)
        return fragment

    def add_attachment(self, draft: int, **columns: Any) -> Attachment:
        """Keeps a file that was sent."""
        attachment = Attachment(draft=draft, id=self._number(draft), **columns)
        self._own(draft).attachments[attachment.id] = attachment  # type: ignore[index]
        self._new_attachments.append(attachment)
        return attachment

    def write(
        self, draft: int, question: str, state: AnswerState, parts: Iterable[int] = (), picks: Iterable[str] = ()
    ) -> Answer:
        """A new version of an answer. Two in one turn are one version."""
        key = (draft, question)
        texts = self._own(draft)
        old = texts.answers.get(question)
        if key not in self._old_answers:
            self._old_answers[key] = old
        self._since.setdefault(key, old)
        first = self._old_answers[key]
        kept = tuple(parts)
        # What is only added to need not be counted (nor even read) again.
        sure = old if old is not None and kept[: len(old.parts)] == old.parts else None
        rest = kept[len(sure.parts) :] if sure else kept
        answer = Answer(
            draft=draft,
            question=question,
            n=(first.n if first else 0) + 1,
            state=state,
            parts=kept,
            picks=tuple(picks),
            words=(sure.words if sure else 0) + sum(texts.fragments[i].words for i in rest if i in texts.fragments),
        )
        texts.answers[question] = answer  # type: ignore[index]
        if question == TRACK:
            self.change(draft, track=answer.picks[0] if answer.picks else "")
        self._new_answers[key] = answer
        return answer

    def remind(self, reminded: Reminded) -> None:
        """Keeps that somebody was reminded, or wants no more of it."""
        self.reminded[reminded.edition] = reminded

    def answer_comment(self, comment: Comment, answer: str, explained: str) -> None:
        """What the writer did about a comment; "" opens it again."""
        self._noted.setdefault(comment.id, comment)
        self._answered[comment.id] = evolve(comment, answer=answer, explained=explained)

    def noted(self, draft: int) -> bool:
        """Whether a comment on this draft was answered in this turn."""
        return any(c.draft == draft for c in self._answered.values())

    def refocus(self, focus: Focus | None) -> None:
        """Moves the conversation, and remembers in the draft where it is. Whatever is asked of a question, what was
        left for its sake stays remembered."""
        old = self.focus
        if focus and old and old.back and (focus.draft, focus.question) == (old.draft, old.question):
            focus = evolve(focus, back=focus.back or old.back)
        self.set(focus=focus)

    def set(self, **columns: Any) -> None:
        """New values for the conversation itself."""
        if self.conversation is self.before:
            self.conversation = opened(self.before)
        for name, column in columns.items():
            setattr(self.conversation, name, column)

    def remember(self, what: str, *, further: bool = False) -> None:
        """Makes what was done since the last call one step that 撤销 takes back; `what` is a wording key's end.

        `further`: it belongs to the step before, and goes back with it.
        """
        focus = self._since_focus
        of_comment = next((c.draft for c in self._noted.values()), 0)
        draft = next(iter(self._since), (of_comment or (focus.draft if focus else 0), ""))[0]
        entry = Undo(
            what=what,
            draft=draft,
            answers=tuple(
                old or Answer(draft=draft, question=question, n=0, state="none")
                for (of, question), old in self._since.items()
                if of == draft
            ),
            focus=focus,
            notes=tuple((c.id, c.answer, c.explained) for c in self._noted.values() if c.draft == draft),
        )
        steps = self.conversation.undo
        if not (further and steps and (steps[-1].what, steps[-1].draft) == (what, draft)):
            self.set(undo=(*steps, entry)[-UNDO_STEPS:])
        self._since, self._noted = {}, {}
        self._since_focus = self.conversation.focus

    def then(self, move: str, *args: Any) -> None:
        """What comes next, by name: always the last thing a function says. See `bot.engine.step.MOVES`.

        The rooms of the conversation lead into each other both ways; naming the way on keeps them from
        importing each other.
        """
        self.move = (move, args)

    # ------------------------------------------------------------ speaking

    def say(
        self,
        key: str,
        /,
        *,
        buttons: Iterable[Button] = (),
        slot: str = "",
        card: str = "",
        to: str = "",
        **params: Any,
    ) -> None:
        """One message of the assistant."""
        self.replies.append(Reply(key=key, params=params, buttons=tuple(buttons), slot=slot, card=card, to=to))

    def event(self, kind: str, draft: int = 0, **params: Any) -> None:
        """One line for the books."""
        self.events.append(Event(kind=kind, draft=draft, params=params))

    # ------------------------------------------------------------ the result

    def _sums(self, draft: int) -> dict[str, Any]:
        row = self.drafts[draft]
        if row.call == PROFILE:
            return {}
        changed = {question: answer for (of, question), answer in self._new_answers.items() if of == draft}
        before = self.view.texts.get(draft, Texts())
        words, done = sums(self.call(draft), row, before, self.texts(draft), changed)
        return {"words": words, "sections_done": done, "title": self.title(draft)}

    def _is_old(self, draft: Draft) -> bool:
        old = self.view.drafts.get(draft.id)
        return old is draft or old == draft

    def turn(self) -> Turn:
        """What this step changes; summary columns are brought up to date here and nowhere else."""
        focus = self.conversation.focus
        changed = {key[0] for key in self._new_answers} | self._last.keys()
        if focus is not None and focus != self.before.focus and focus.draft in self.drafts:
            changed.add(focus.draft)
        for draft in changed:
            columns = self._sums(draft)
            if draft in self._last:
                columns["next"] = self._last[draft] + 1
            if focus is not None and focus.draft == draft:
                columns["seen_at"] = self.now
                columns["at"] = focus.question or self.drafts[draft].at
            self.change(draft, **columns)
        if not isinstance(self.incoming, Told | Done | Woke | Reach):
            self.set(seen_at=self.now)  # somebody came, though it be only to ask how far they are
        return Turn(
            conversation=closed(self.conversation),
            person=None if self.person is self.view.person or self.person == self.view.person else self.person,
            unit=self.unit,
            drafts=tuple([d for d in self.drafts.values() if not self._is_old(d)]),
            answers=tuple(self._new_answers.values()),
            fragments=tuple(self._new_fragments),
            attachments=tuple(self._new_attachments),
            comments=tuple(self._answered.values()),
            replies=tuple(self.replies),
            events=tuple(self.events),
            wants=tuple(self.wants),
            wakes=tuple(self.wakes),
            reminded=tuple(self.reminded.values()),
            submitted=self.submitted,
            taken_back=self.taken_back,
            nominated=self.nominated,
            late_key=self.late_key,
            code_wanted=self.code_wanted,
            erase=self.erase,
            conflict=self.conflict,
        )
