"""What is written, what is open, what blocks: pure sums over a draft's answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.engine.definition import TRACK, Call, Question, Section
from bot.engine.model import Answer, Attachment, Draft, SectionState, Texts

DONE = ("done", "advice")  # the states that count as a section done
BlockKind = Literal["question", "section", "declaration", "pictures", "files", "short", "long", "unit"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocker:
    """One thing that stands in the way of a submission."""

    kind: BlockKind
    section: Section | None = None
    question: Question | None = None
    have: int = 0
    need: int = 0


def caption_key(attachment: int) -> str:
    """The question key under which a picture's caption is answered."""
    return f"photo#{attachment}"


def captioned(question: str) -> int | None:
    """The picture whose caption is answered under this key; None for any other question."""
    head, _, number = question.partition("#")
    return int(number) if head == "photo" and number else None


def has_content(answer: Answer | None) -> bool:
    """Whether an answer holds anything."""
    return answer is not None and bool(answer.parts or answer.picks)


def touched(answer: Answer | None) -> bool:
    """Whether a question was answered or passed over."""
    return answer is not None and (answer.state == "skipped" or has_content(answer))


def settled(answer: Answer | None) -> bool:
    """Whether a question was brought to an end: passed over, or answered and closed."""
    return touched(answer) and answer is not None and answer.state != "open"


def is_open(question: Question, texts: Texts) -> bool:
    """A required question without what it requires."""
    answer = texts.answers.get(question.id)
    if question.kind == "pictures" and question.pictures is not None:
        return len(answer.parts if answer else ()) < question.pictures.min
    if question.kind == "files" and question.files is not None:
        return len(answer.parts if answer else ()) < max(question.files.min, int(question.required))
    return question.required and not has_content(answer)


def _is_unfinished(question: Question, texts: Texts) -> bool:
    """A required question that is being written to."""
    answer = texts.answers.get(question.id)
    rule = question.pictures or question.files
    wanted = question.required or bool(rule and rule.min)
    return wanted and touched(answer) and not settled(answer)


def section_words(section: Section, texts: Texts) -> int:
    """字数 of a section's printed text."""
    return sum(
        answer.words
        for question in section.questions
        if question.kind == "text" and question.printed and (answer := texts.answers.get(question.id)) is not None
    )


def total_words(call: Call, texts: Texts) -> int:
    """字数 of the whole printed body."""
    return sum(section_words(section, texts) for section in call.sections)


def section_state(section: Section, texts: Texts, advised: bool = False) -> SectionState:
    """未写, 没写完, 已写好 or 可再改; with a required question that is still being written to it is not done.

    正在写 is put over it by whoever knows the focus.
    """
    answers = [texts.answers.get(q.id) for q in section.questions]
    if not any(touched(a) for a in answers):
        return "todo"
    if any(is_open(q, texts) or _is_unfinished(q, texts) for q in section.questions):
        return "partial"
    return "advice" if advised else "done"


def sections_done(call: Call, texts: Texts) -> int:
    """How many numbered sections are 已写好 or 可再改."""
    return sum(section_state(s, texts) in DONE for s in call.sections)


def number_of(call: Call, section: Section) -> int:
    """The number a section bears in the overview and on paper, from 1; 0 for head and tail."""
    return next((n for n, s in enumerate(call.sections, 1) if s.id == section.id), 0)


def walk(call: Call) -> Iterator[tuple[Section, Question]]:
    """Head and sections in order; the tail is asked at submission alone."""
    for section in call.parts():
        if section.id != "tail":
            for question in section.questions:
                yield section, question


def next_question(call: Call, texts: Texts, section: str, question: str) -> tuple[Section, Question] | None:
    """Where to go on after a question: the rest of its section, then what follows, then what was left before.

    Only unsettled questions count; passed ones are come back to through the overview.
    """
    steps = list(walk(call))
    here = next((i for i, (_, q) in enumerate(steps) if q.id == question), -1)
    home = [i for i, (s, _) in enumerate(steps) if s.id == section]
    order = [i for i in home if i > here] + [i for i in home if i < here]
    order += [i for i in range(len(steps)) if i > here and i not in home]
    order += [i for i in range(len(steps)) if i < here and i not in home]
    return next((steps[i] for i in order if not settled(texts.answers.get(steps[i][1].id))), None)


def first_open(call: Call, texts: Texts) -> tuple[Section, Question] | None:
    """The first unsettled question, else the first required one still open, else None."""
    steps = list(walk(call))
    unsettled = next((sq for sq in steps if not settled(texts.answers.get(sq[1].id))), None)
    return unsettled or next((sq for sq in steps if is_open(sq[1], texts)), None)


def before(call: Call, question: str) -> tuple[Section, Question] | None:
    """The question that stands before this one, or None at the beginning."""
    steps = list(walk(call))
    here = next((i for i, (_, q) in enumerate(steps) if q.id == question), 0)
    return steps[here - 1] if here else None


def pictures_of(call: Call, texts: Texts) -> list[Attachment]:
    """The pictures that will be printed, in order."""
    out: list[Attachment] = []
    for _, question in walk(call):
        if question.kind == "pictures" and (answer := texts.answers.get(question.id)):
            out += [texts.attachments[i] for i in answer.parts if i in texts.attachments]
    return out


def unnamed(question: Question, texts: Texts) -> int | None:
    """The first picture of a question that has neither a caption nor the word that it needs none."""
    answer = texts.answers.get(question.id)
    if question.pictures is None or not question.pictures.caption or answer is None:
        return None
    captions = ((i, texts.answers.get(caption_key(i))) for i in answer.parts)
    return next((i for i, caption in captions if caption is None or caption.state == "none"), None)


def private_key(question: str) -> str:
    """The key under which it is kept that nothing private is on the pictures of a question."""
    return f"private#{question}"


def is_cleared(question: Question, texts: Texts) -> bool:
    """Whether just the pictures that are there now were said to be fit for the public."""
    answer, cleared = texts.answers.get(question.id), texts.answers.get(private_key(question.id))
    return answer is not None and cleared is not None and cleared.parts == answer.parts


def unchecked(call: Call, texts: Texts) -> tuple[Section, Question] | None:
    """The picture question whose pictures, as they are now, nobody has yet said to be fit for the public."""
    for section, question in walk(call):
        answer = texts.answers.get(question.id)
        if question.kind == "pictures" and answer and answer.parts and not is_cleared(question, texts):
            return section, question
    return None


def blockers(call: Call, texts: Texts, *, unit: bool, declarations: bool = True) -> tuple[Blocker, ...]:
    """All that blocks, in walking order: required questions and files, the length, the unit, declarations."""
    out: list[Blocker] = []
    for part in call.parts():
        open_ = [q for q in part.questions if is_open(q, texts)] if part.id != "tail" else []
        if len(open_) > 1 and section_state(part, texts) == "todo":
            out.append(Blocker(kind="section", section=part, question=open_[0]))
        else:
            out += [_open_blocker(part, q, texts) for q in open_]
    total, limit = total_words(call, texts), call.limit
    if limit.min and total * 2 < limit.min:
        out.append(Blocker(kind="short", have=total, need=(limit.min + 1) // 2))
    if limit.hard and limit.max and total > limit.max:
        out.append(Blocker(kind="long", have=total, need=limit.max))
    for section in call.sections:
        words = section_words(section, texts)
        if section.limit.hard and section.limit.max and words > section.limit.max:
            out.append(Blocker(kind="long", section=section, have=words, need=section.limit.max))
    if not unit:
        out.append(Blocker(kind="unit"))
    if declarations:
        tail = call.section("tail")
        out += [
            Blocker(kind="declaration", section=tail, question=q)
            for q in (tail.questions if tail else ())
            if is_open(q, texts)
        ]
    return tuple(out)


def _open_blocker(section: Section, question: Question, texts: Texts) -> Blocker:
    answer = texts.answers.get(question.id)
    have = len(answer.parts) if answer else 0
    if question.kind == "pictures" and question.pictures is not None:
        return Blocker(kind="pictures", section=section, question=question, have=have, need=question.pictures.min)
    if question.kind == "files" and question.files is not None:
        return Blocker(kind="files", section=section, question=question, have=have, need=max(1, question.files.min))
    return Blocker(kind="question", section=section, question=question)


def picked(question: Question, texts: Texts) -> tuple[str, ...]:
    """The labels of what was chosen, an answer of one's own included."""
    answer = texts.answers.get(question.id)
    if answer is None:
        return ()
    labels: Mapping[str, str] = {o.id: o.label for o in question.options}
    out = [labels[p] for p in answer.picks if p in labels]
    out += [texts.fragments[i].text for i in answer.parts if i in texts.fragments]
    return tuple(out)


def sums(call: Call, row: Draft, before: Texts, now: Texts, changed: Mapping[str, Answer]) -> tuple[int, int]:
    """字数 and sections done of a draft, with what changed added: what was counted before is not counted again."""
    if TRACK in changed:  # other sections count now
        return total_words(call, now), sections_done(call, now)
    words, sections = row.words, {}
    for question, answer in changed.items():
        place = call.find(question)
        if place is None:
            continue
        section, asked = place
        old = before.answers.get(question)
        was = (touched(old), settled(old), is_open(asked, before))
        if was != (touched(answer), settled(answer), is_open(asked, now)):
            sections[section.id] = section  # else it cannot have come to another state
        if asked.kind == "text" and asked.printed and section.numbered:
            words += answer.words - (old.words if old else 0)
    done = sum(
        (section_state(s, now) in DONE) - (section_state(s, before) in DONE) for s in sections.values() if s.numbered
    )
    return words, row.sections_done + done
