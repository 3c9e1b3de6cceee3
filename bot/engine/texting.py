"""A draft's texts made at once, from a text that has them all: what the office enters for somebody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from bot.engine.answers import measure, paragraphs, pieces
from bot.engine.count import count
from bot.engine.definition import Call, Question
from bot.engine.model import Answer, Attachment, Draft, Fragment, Texts
from bot.engine.progress import caption_key

_NUMBER = re.compile(r"[#\s]*(?:[^\w\s]?[\w]{1,3}[\u3001.\uff0e)\uff09:\uff1a]\s*|\d{1,2}\s+)?")


class GivenFile(Protocol):
    """A file that came with the text; `file` is its hash in the store."""

    @property
    def file(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def mime(self) -> str: ...
    @property
    def kind(self) -> Literal["picture", "file"]: ...
    @property
    def size(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


class Entry(NamedTuple):
    """Texts, and the number that the draft's next fragment or attachment gets."""

    texts: Texts
    next: int


def lines(texts: Texts, question: str) -> list[str]:
    """What is printed of the answer to a question, a paragraph each."""
    return [p.text for p in paragraphs(pieces(texts, texts.answers.get(question)))]


def fragment(draft: Draft, question: str, text: str, *, source: str = "") -> Fragment:
    """A text as the draft's next fragment, part of the printed body."""
    return Fragment(draft=draft.id, id=draft.next, question=question, text=text, words=measure(text), source=source)


def entered(draft: Draft, call: Call, title: str, category: str, text: str, files: Sequence[GivenFile]) -> Entry:
    """A whole case: its title, the option's id of its category, its text under the sections' headings, its files.

    Text before the first heading that the call knows, or without any, belongs to the first section's first question.
    Pictures go to the call's question for them, as far as it takes any; what it does not take is laid beside.
    """
    fragments: dict[int, Fragment] = {}
    attachments: dict[int, Attachment] = {}
    answers: dict[str, Answer] = {}
    number = draft.next

    def write(question: str, body: str, words: int) -> None:
        nonlocal number
        fragments[number] = Fragment(draft=draft.id, id=number, question=question, text=body, words=words)
        answers[question] = Answer(draft=draft.id, question=question, n=1, state="closed", parts=(number,), words=words)
        number += 1

    write("title", title, count(title))
    if any(q.id == "category" and q.option(category) for q in call.head):
        answers["category"] = Answer(draft=draft.id, question="category", n=1, state="closed", picks=(category,))
    for question, body in by_section(call, text).items():
        write(question, body, measure(body))
    shown = _picture_question(call)
    most = shown.pictures.max if shown is not None and shown.pictures is not None else 0
    kept: list[int] = []
    for given in files:
        pictured = given.kind == "picture" and len(kept) < most and shown is not None
        attachments[number] = Attachment(
            draft=draft.id,
            id=number,
            question=shown.id if pictured and shown is not None else "extra",
            kind=given.kind,
            file=given.file,
            name=given.name,
            mime=given.mime,
            size=given.size,
            width=given.width,
            height=given.height,
        )
        if pictured:
            kept.append(number)
            answers[caption_key(number)] = Answer(draft=draft.id, question=caption_key(number), n=1, state="skipped")
        number += 1
    if kept and shown is not None:
        answers[shown.id] = Answer(draft=draft.id, question=shown.id, n=1, state="closed", parts=tuple(kept))
    return Entry(Texts(answers=answers, fragments=fragments, attachments=attachments), number)


def by_section(call: Call, text: str) -> dict[str, str]:
    """The parts of a text by the question that each is put under: the first printed one of its section."""
    homes = [(s.heading, q.id) for s in call.sections if (q := _first_text(s.questions)) is not None]
    if not homes:
        return {}
    parts: dict[str, list[str]] = {}
    home = homes[0][1]
    for line in text.splitlines():
        bare = line.strip()
        found = next((id for heading, id in homes if bare and _is_heading(bare, heading)), None)
        if found is not None:
            home = found
        elif bare:
            parts.setdefault(home, []).append(bare)
    return {question: "\n".join(some) for question, some in parts.items()}


def _is_heading(line: str, heading: str) -> bool:
    """Whether a line is a section's heading, with or without its number and a mark at its end."""
    ending = line.rstrip("\u3002:\uff1a ")
    return ending == heading or _NUMBER.sub("", ending, count=1) == heading


def _first_text(questions: Sequence[Question]) -> Question | None:
    return next((q for q in questions if q.kind == "text" and q.printed), None)


def _picture_question(call: Call) -> Question | None:
    return next((q for s in call.sections for q in s.questions if q.kind == "pictures"), None)
