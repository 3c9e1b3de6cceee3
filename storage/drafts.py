"""Drafts and what was written in them. Answers, fragments and attachments are only ever added."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from bot.engine.model import Answer, Attachment, Draft, Fragment, Texts, Unread
from storage.tables import answers, attachments, drafts, fragments

_DRAFTS = select(
    drafts.c.id,
    drafts.c.person,
    drafts.c.call,
    drafts.c.edition,
    drafts.c.state,
    drafts.c.title,
    drafts.c.words,
    drafts.c.sections_done,
    drafts.c.next,
    drafts.c.n,
    drafts.c.case,
    drafts.c.at,
    drafts.c.seen_at,
    drafts.c.due,
).where(drafts.c.person.in_(bindparam("ids", expanding=True)))
_ANSWERS = select(
    answers.c.draft,
    answers.c.question,
    answers.c.n,
    answers.c.state,
    answers.c.parts,
    answers.c.picks,
    answers.c.words,
).where(answers.c.draft.in_(bindparam("ids", expanding=True)), answers.c.latest)
_FRAGMENTS = select(
    fragments.c.draft,
    fragments.c.id,
    fragments.c.question,
    fragments.c.text,
    fragments.c.words,
    fragments.c.source,
).where(fragments.c.draft.in_(bindparam("ids", expanding=True)))
_ATTACHMENTS = select(
    attachments.c.draft,
    attachments.c.id,
    attachments.c.question,
    attachments.c.kind,
    attachments.c.file,
    attachments.c.name,
    attachments.c.mime,
    attachments.c.size,
    attachments.c.width,
    attachments.c.height,
    attachments.c.source,
).where(attachments.c.draft.in_(bindparam("ids", expanding=True)))
_INSERT_DRAFT = insert(drafts)
_UPDATE_DRAFT = (
    update(drafts)
    .where(drafts.c.id == bindparam("b_id"))
    .values(
        state=bindparam("state"),
        title=bindparam("title"),
        words=bindparam("words"),
        sections_done=bindparam("sections_done"),
        next=bindparam("next"),
        n=bindparam("n"),
        case=bindparam("case"),
        at=bindparam("at"),
        seen_at=bindparam("seen_at"),
        due=bindparam("due"),
    )
)
_INSERT_ANSWER = insert(answers)
_NOT_LATEST = (
    update(answers)
    .where(
        answers.c.draft == bindparam("b_draft"),
        answers.c.question == bindparam("b_question"),
        answers.c.n == bindparam("b_n"),
    )
    .values(latest=False)
)
_INSERT_FRAGMENT = insert(fragments)
_INSERT_ATTACHMENT = insert(attachments)
_FILES = select(attachments.c.file).where(attachments.c.draft.in_(bindparam("ids", expanding=True)))
_DELETE = delete(drafts).where(drafts.c.id.in_(bindparam("ids", expanding=True)))


_set_draft, _set_id, _set_question, _set_text, _set_words, _set_source = (
    getattr(Fragment, name).__set__ for name in ("draft", "id", "question", "text", "words", "source")
)


def _fragment(draft: int, id: int, question: str, text: str, words: int, source: str) -> Fragment:
    """Fragment(…), four times as fast: a frozen value's own constructor was a sixth of a whole turn."""
    fragment = object.__new__(Fragment)
    _set_draft(fragment, draft)
    _set_id(fragment, id)
    _set_question(fragment, question)
    _set_text(fragment, text)
    _set_words(fragment, words)
    _set_source(fragment, source)
    return fragment


def load(connection: Connection, persons: Collection[int]) -> list[Draft]:
    """All drafts of these people, profiles included; no texts."""
    if not persons:
        return []
    return [
        Draft(
            id=r[0],
            person=r[1],
            call=r[2],
            edition=r[3] or 0,
            state=r[4],
            title=r[5],
            words=r[6],
            sections_done=r[7],
            next=r[8],
            n=r[9],
            case=r[10],
            at=r[11],
            seen_at=r[12],
            due=r[13],
        )
        for r in connection.execute(_DRAFTS, {"ids": list(persons)}).all()
    ]


def outlines(connection: Connection, ids: Collection[int]) -> dict[int, Texts]:
    """The latest answers of these drafts. Fragments and attachments stay unread: most turns only add some."""
    answers = _answers(connection, ids)
    return {d: Texts(answers=answers[d], fragments=Unread(d), attachments=Unread(d)) for d in ids}


def texts(connection: Connection, ids: Collection[int]) -> dict[int, Texts]:
    """What was written in these drafts: latest answers, all fragments, all attachments."""
    if not ids:
        return {}
    wanted = {"ids": list(ids)}
    by_answer = _answers(connection, ids)
    by_fragment: dict[int, dict[int, Fragment]] = {d: {} for d in ids}
    by_attachment: dict[int, dict[int, Attachment]] = {d: {} for d in ids}
    for row in connection.execute(_FRAGMENTS, wanted).all():
        by_fragment[row[0]][row[1]] = _fragment(*row)
    for r in connection.execute(_ATTACHMENTS, wanted).all():
        by_attachment[r[0]][r[1]] = Attachment(
            draft=r[0],
            id=r[1],
            question=r[2],
            kind=r[3],
            file=r[4],
            name=r[5],
            mime=r[6],
            size=r[7],
            width=r[8],
            height=r[9],
            source=r[10],
        )
    return {d: Texts(answers=by_answer[d], fragments=by_fragment[d], attachments=by_attachment[d]) for d in ids}


def _answers(connection: Connection, ids: Collection[int]) -> dict[int, dict[str, Answer]]:
    found: dict[int, dict[str, Answer]] = {d: {} for d in ids}
    if not ids:
        return found
    for draft, question, n, state, parts, picks, words in connection.execute(_ANSWERS, {"ids": list(ids)}).all():
        found[draft][question] = Answer(
            draft=draft, question=question, n=n, state=state, parts=tuple(parts), picks=tuple(picks), words=words
        )
    return found


def _summary(d: Draft) -> dict[str, Any]:
    return {
        "state": d.state,
        "title": d.title,
        "words": d.words,
        "sections_done": d.sections_done,
        "next": d.next,
        "n": d.n,
        "case": d.case,
        "at": d.at,
        "seen_at": d.seen_at,
        "due": d.due,
    }


def add(connection: Connection, new: Iterable[tuple[Draft, datetime]]) -> None:
    """Inserts drafts, each with the instant it was begun."""
    rows = [
        {
            **_summary(d),
            "id": d.id,
            "person": d.person,
            "call": d.call,
            "edition": d.edition or None,
            "created_at": at,
        }
        for d, at in new
    ]
    if rows:
        connection.execute(_INSERT_DRAFT, rows)


def save(connection: Connection, changed: Iterable[Draft]) -> None:
    """Writes the summary columns; person, call and edition never change."""
    rows = [{**_summary(d), "b_id": d.id} for d in sorted(changed, key=lambda d: d.id)]
    if rows:
        connection.execute(_UPDATE_DRAFT, rows)


def add_answers(
    connection: Connection, new: Iterable[tuple[Answer, datetime, bool]], superseded: Iterable[Answer]
) -> None:
    """Inserts versions (answer, instant, latest); `superseded` are stored ones that are no longer the latest."""
    old = [{"b_draft": a.draft, "b_question": a.question, "b_n": a.n} for a in superseded]
    if old:
        connection.execute(_NOT_LATEST, old)
    rows = [
        {
            "draft": a.draft,
            "question": a.question,
            "n": a.n,
            "state": a.state,
            "parts": a.parts,
            "picks": a.picks,
            "words": a.words,
            "at": at,
            "latest": latest,
        }
        for a, at, latest in new
    ]
    if rows:
        connection.execute(_INSERT_ANSWER, rows)


def add_fragments(connection: Connection, new: Iterable[tuple[Fragment, datetime]]) -> None:
    """Inserts fragments, each with the instant it was sent."""
    rows = [
        {
            "draft": f.draft,
            "id": f.id,
            "question": f.question,
            "text": f.text,
            "words": f.words,
            "source": f.source,
            "at": at,
        }
        for f, at in new
    ]
    if rows:
        connection.execute(_INSERT_FRAGMENT, rows)


def add_attachments(connection: Connection, new: Iterable[tuple[Attachment, datetime]]) -> None:
    """Inserts attachments, each with the instant it was sent."""
    rows = [
        {
            "draft": a.draft,
            "id": a.id,
            "question": a.question,
            "kind": a.kind,
            "file": a.file,
            "name": a.name,
            "mime": a.mime,
            "size": a.size,
            "width": a.width,
            "height": a.height,
            "source": a.source,
            "at": at,
        }
        for a, at in new
    ]
    if rows:
        connection.execute(_INSERT_ATTACHMENT, rows)


def remove(connection: Connection, ids: Collection[int]) -> list[str]:
    """Deletes drafts with all texts; returns the files they named, once for each time."""
    if not ids:
        return []
    wanted = {"ids": list(ids)}
    files = [row[0] for row in connection.execute(_FILES, wanted)]
    connection.execute(_DELETE, wanted)
    return files
