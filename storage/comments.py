"""Comments as their writer has been given them, and what the writer did about each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from bot.engine.model import Comment
from storage.prepared import Read
from storage.tables import answers, cases, comments, submissions

_LOAD = Read(
    select(
        comments.c.case,
        comments.c.id,
        comments.c.n,
        comments.c.section,
        comments.c.question,
        comments.c.block,
        comments.c.start,
        comments.c.quote,
        comments.c.text,
        comments.c.change,
        comments.c.answer,
        comments.c.explained,
    )
    .join(cases, cases.c.id == comments.c.case)
    .where(
        comments.c.case.in_(bindparam("ids", expanding=True)),
        comments.c.n == cases.c.n,
        comments.c.sent_at.is_not(None),
    )
    .order_by(comments.c.id),
    "ids",
)
_TOUCHED = Read(
    select(answers.c.draft, answers.c.question)
    .join(cases, cases.c.draft == answers.c.draft)
    .join(submissions, (submissions.c.case == cases.c.id) & (submissions.c.n == cases.c.n))
    .where(answers.c.draft.in_(bindparam("ids", expanding=True)), answers.c.latest, answers.c.at > submissions.c.at),
    "ids",
)
_ANSWER = (
    update(comments)
    .where(comments.c.id == bindparam("b_id"))
    .values(answer=bindparam("b_answer"), explained=bindparam("b_explained"), answered_at=bindparam("b_at"))
)


def load(connection: Connection, ids: Collection[int]) -> dict[int, list[Comment]]:
    """What was sent to the writers of these cases about the last submission, by the case; whose draft it is, is not
    said here."""
    found: dict[int, list[Comment]] = defaultdict(list)
    if not ids:
        return found
    for case, id, n, section, question, block, start, quote, text, change, answer, explained in _LOAD.rows(
        connection, list(ids)
    ):
        found[case].append(
            Comment(
                id=id,
                draft=0,
                n=n,
                section=section,
                question=question,
                block=block,
                start=start,
                quote=quote,
                text=text,
                change=change,
                answer=answer,
                explained=explained,
            )
        )
    return found


def touched(connection: Connection, drafts: Collection[int]) -> dict[int, set[str]]:
    """The questions of these drafts whose answers were written after the last submission, by the draft."""
    found: dict[int, set[str]] = defaultdict(set)
    for draft, question in _TOUCHED.rows(connection, list(drafts)) if drafts else ():
        found[draft].add(question)
    return found


def answer(connection: Connection, answered: Iterable[tuple[Comment, datetime]]) -> None:
    """Keeps what writers did about comments; the last of several for one comment counts."""
    rows = {
        c.id: {"b_id": c.id, "b_answer": c.answer, "b_explained": c.explained, "b_at": at if c.answer else None}
        for c, at in answered
    }
    if rows:
        connection.execute(_ANSWER, [rows[id] for id in sorted(rows)])
