"""Drafts and what was written in them. Answers, fragments and attachments are only ever added."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from bot.engine.model import Answer, Attachment, Draft, Fragment, Texts, Unread
from storage.prepared import Read, Row, Write
from storage.tables import answers, attachments, drafts, fragments, people

# A row is a value's fields, in their order.
_DRAFTS = Read(
    select(*(drafts.c[f.name] for f in fields(Draft))).where(drafts.c.person.in_(bindparam("ids", expanding=True))),
    "ids",
)
_ANSWERS = Read(
    select(*(answers.c[f.name] for f in fields(Answer))).where(
        answers.c.draft.in_(bindparam("ids", expanding=True)), answers.c.latest
    ),
    "ids",
)
_FRAGMENTS = Read(
    select(*(fragments.c[f.name] for f in fields(Fragment))).where(
        fragments.c.draft.in_(bindparam("ids", expanding=True))
    ),
    "ids",
)
_ATTACHMENTS = Read(
    select(*(attachments.c[f.name] for f in fields(Attachment))).where(
        attachments.c.draft.in_(bindparam("ids", expanding=True))
    ),
    "ids",
)
_FRAGMENT, _ATTACHMENT = (tuple(f.name for f in fields(kind)) for kind in (Fragment, Attachment))
_SUMMARY = ("state", "title", "words", "sections_done", "next", "n", "case", "at", "seen_at", "track")
_INSERT_DRAFT = Write(insert(drafts), *_SUMMARY, "id", "person", "call", "edition", "created_at")
_UPDATE_DRAFT = Write(
    update(drafts).where(drafts.c.id == bindparam("b_id")).values({name: bindparam(name) for name in _SUMMARY}),
    *_SUMMARY,
    "b_id",
)
_INSERT_ANSWER = Write(insert(answers), "draft", "question", "n", "state", "parts", "picks", "words", "at", "latest")
_NOT_LATEST = Write(
    update(answers)
    .where(
        answers.c.draft == bindparam("b_draft"),
        answers.c.question == bindparam("b_question"),
        answers.c.n == bindparam("b_n"),
    )
    .values(latest=bindparam("latest")),
    *("latest", "b_draft", "b_question", "b_n"),
)
_INSERT_FRAGMENT = Write(insert(fragments), "draft", "id", "question", "text", "words", "source", "at")
_INSERT_ATTACHMENT = Write(
    insert(attachments),
    *("draft", "id", "question", "kind", "file", "name", "mime", "size", "width", "height", "source", "at"),
)
_FILES = select(attachments.c.file).where(attachments.c.draft.in_(bindparam("ids", expanding=True)))
_DELETE = delete(drafts).where(drafts.c.id.in_(bindparam("ids", expanding=True)))


def load(connection: Connection, persons: Collection[int]) -> list[Draft]:
    """All drafts of these people, profiles included; no texts."""
    return [_draft_of(row) for row in _DRAFTS.rows(connection, persons)]


def _draft_of(row: Row) -> Draft:
    id, person, call, edition, state, title, words, sections_done, next, n, case, at, seen_at, track = row
    return Draft(
        id=id,
        person=person,
        call=call,
        edition=edition or 0,
        state=state,
        title=title,
        words=words,
        sections_done=sections_done,
        next=next,
        n=n,
        case=case,
        at=at,
        seen_at=seen_at,
        track=track,
    )


def outlines(connection: Connection, ids: Collection[int]) -> dict[int, Texts]:
    """The latest answers of these drafts. Fragments and attachments stay unread: most turns only add some."""
    answers = _answers(connection, ids)
    return {d: Texts(answers=answers[d], fragments=Unread(d), attachments=Unread(d)) for d in ids}


def texts(connection: Connection, ids: Collection[int]) -> dict[int, Texts]:
    """What was written in these drafts: latest answers, all fragments, all attachments."""
    by_answer = _answers(connection, ids)
    by_fragment: dict[int, dict[int, Fragment]] = {d: {} for d in ids}
    by_attachment: dict[int, dict[int, Attachment]] = {d: {} for d in ids}
    for row in _FRAGMENTS.rows(connection, ids):
        by_fragment[row[0]][row[1]] = Fragment(**dict(zip(_FRAGMENT, row, strict=True)))
    for row in _ATTACHMENTS.rows(connection, ids):
        by_attachment[row[0]][row[1]] = Attachment(**dict(zip(_ATTACHMENT, row, strict=True)))
    return {d: Texts(answers=by_answer[d], fragments=by_fragment[d], attachments=by_attachment[d]) for d in ids}


def _answers(connection: Connection, ids: Collection[int]) -> dict[int, dict[str, Answer]]:
    found: dict[int, dict[str, Answer]] = {d: {} for d in ids}
    for draft, question, n, state, parts, picks, words in _ANSWERS.rows(connection, ids):
        found[draft][question] = Answer(
            draft=draft, question=question, n=n, state=state, parts=parts, picks=tuple(picks), words=words
        )
    return found


def _summary(d: Draft) -> tuple[Any, ...]:
    return (d.state, d.title, d.words, d.sections_done, d.next, d.n, d.case, d.at, d.seen_at, d.track)


def add(connection: Connection, new: Iterable[tuple[Draft, datetime]]) -> None:
    """Inserts drafts, each with the instant it was begun."""
    _INSERT_DRAFT.run(connection, [(*_summary(d), d.id, d.person, d.call, d.edition or None, at) for d, at in new])


def save(connection: Connection, changed: Iterable[Draft]) -> None:
    """Writes the summary columns; person, call and edition never change."""
    _UPDATE_DRAFT.run(connection, [(*_summary(d), d.id) for d in sorted(changed, key=lambda d: d.id)])


def add_answers(
    connection: Connection, new: Iterable[tuple[Answer, datetime, bool]], superseded: Iterable[Answer]
) -> None:
    """Inserts versions (answer, instant, latest); `superseded` are stored ones that are no longer the latest."""
    _NOT_LATEST.run(connection, [(False, a.draft, a.question, a.n) for a in superseded])
    _INSERT_ANSWER.run(
        connection,
        [(a.draft, a.question, a.n, a.state, a.parts, a.picks, a.words, at, latest) for a, at, latest in new],
    )


def add_fragments(connection: Connection, new: Iterable[tuple[Fragment, datetime]]) -> None:
    """Inserts fragments, each with the instant it was sent."""
    _INSERT_FRAGMENT.run(connection, [(f.draft, f.id, f.question, f.text, f.words, f.source, at) for f, at in new])


def add_attachments(connection: Connection, new: Iterable[tuple[Attachment, datetime]]) -> None:
    """Inserts attachments, each with the instant it was sent."""
    rows = [
        (a.draft, a.id, a.question, a.kind, a.file, a.name, a.mime, a.size, a.width, a.height, a.source, at)
        for a, at in new
    ]
    _INSERT_ATTACHMENT.run(connection, rows)


def remove(connection: Connection, ids: Collection[int]) -> list[str]:
    """Deletes drafts with all texts; returns the files they named, once for each time."""
    if not ids:
        return []
    wanted = {"ids": list(ids)}
    files = [row[0] for row in connection.execute(_FILES, wanted)]
    connection.execute(_DELETE, wanted)
    return files


def move_on(connection: Connection, old: int, new: int, *, but: Collection[int]) -> int:
    """Drafts of an edition that were never handed in belong to another one from now on; returns how many.

    `but`: units whose people have more time.
    """
    staying = select(people.c.id).where(func.coalesce(people.c.unit, people.c.invited).in_(list(but)))
    wanted = (drafts.c.edition == old) & (drafts.c.state == "writing") & (drafts.c.case == 0)
    moved = update(drafts).where(wanted, drafts.c.person.not_in(staying)).values(edition=new)
    return connection.execute(moved).rowcount
