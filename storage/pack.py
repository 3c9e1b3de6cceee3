"""What the official pack reads: an edition's cases with what was decided about them, always with a Scope.

Contents are read one at a time, for a province's cases are too much text to hold at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from bot.doors import Scope
from bot.engine.content import Content
from storage.tables import answers, cases, decisions, drafts, enclosures, people, submissions, units
from storage.views import below


class PackCase(NamedTuple):
    """A case with its last submission: `hash` of the content, `at` when it was handed in.

    `path` and `unit_level` are its unit's; `rank` is its present holder's order of choice, 0 without one. Name, post
    and phone are the writer's as they are now: "" where the person was erased. `draft_there`: the draft still exists.
    """

    id: int
    n: int
    number: str
    county: str
    path: str
    unit_level: str
    state: str
    level: str
    rank: int
    category: str
    origin: str
    nominated: bool
    late: str
    name: str
    post: str
    phone: str
    words: int
    hash: str
    at: datetime
    draft_there: bool


class Recommended(NamedTuple):
    """A level recommended a case, with the rank it had there (0: none) and when."""

    level: str
    rank: int
    at: datetime


class Enclosed(NamedTuple):
    """A file the office laid beside a case, while `n` was its last submission: sealed | source."""

    kind: str
    file: str
    name: str
    n: int


def _own(scope: Scope, edition: int) -> ColumnElement[bool]:
    """What the office has: a case that was taken back is its writer's alone."""
    return (cases.c.edition == edition) & (cases.c.state != "taken_back") & below(scope)


def of_edition(connection: Connection, scope: Scope, edition: int) -> list[PackCase]:
    """All cases of the scope's units, in no order."""
    rows = connection.execute(
        select(
            cases.c.id,
            cases.c.n,
            cases.c.number,
            cases.c.county,
            units.c.path,
            units.c.level,
            cases.c.state,
            cases.c.level,
            cases.c.rank,
            cases.c.category,
            cases.c.origin,
            cases.c.nominated,
            cases.c.late,
            people.c.name,
            people.c.post,
            people.c.phone,
            submissions.c.words,
            submissions.c.hash,
            submissions.c.at,
            drafts.c.id,
        )
        .join(units, units.c.id == cases.c.unit)
        .join(people, people.c.id == cases.c.person)
        .join(submissions, (submissions.c.case == cases.c.id) & (submissions.c.n == cases.c.n))
        .outerjoin(drafts, drafts.c.id == cases.c.draft)
        .where(_own(scope, edition))
    )
    return [PackCase._make((*row[:-1], row[-1] is not None)) for row in rows]


def recommended(connection: Connection, scope: Scope, edition: int) -> dict[int, dict[str, Recommended]]:
    """By case and level the last time a level recommended it; whether that still stands is for the caller to say."""
    rows = connection.execute(
        select(decisions.c.case, decisions.c.level, decisions.c.rank, decisions.c.at)
        .join(cases, cases.c.id == decisions.c.case)
        .join(units, units.c.id == cases.c.unit)
        .where(decisions.c.kind == "recommended", _own(scope, edition))
        .order_by(decisions.c.at, decisions.c.id)
    )
    found: dict[int, dict[str, Recommended]] = {}
    for case, level, rank, at in rows:
        found.setdefault(case, {})[level] = Recommended(level, rank, at)
    return found


def enclosed(connection: Connection, scope: Scope, edition: int) -> dict[int, list[Enclosed]]:
    """By case what the office laid beside it, in that order."""
    rows = connection.execute(
        select(enclosures.c.case, enclosures.c.kind, enclosures.c.file, enclosures.c.name, enclosures.c.n)
        .join(cases, cases.c.id == enclosures.c.case)
        .join(units, units.c.id == cases.c.unit)
        .where(_own(scope, edition))
        .order_by(enclosures.c.at, enclosures.c.id)
    )
    found: dict[int, list[Enclosed]] = {}
    for case, *about in rows:
        found.setdefault(case, []).append(Enclosed(*about))
    return found


def answered(connection: Connection, scope: Scope, edition: int, questions: frozenset[str]) -> dict[int, set[str]]:
    """By case which of these questions have a choice, as the writer's draft stands."""
    rows = connection.execute(
        select(cases.c.id, answers.c.question, answers.c.picks)
        .join(units, units.c.id == cases.c.unit)
        .join(answers, answers.c.draft == cases.c.draft)
        .where(_own(scope, edition), answers.c.latest, answers.c.question.in_(sorted(questions)))
    )
    found: dict[int, set[str]] = {}
    for case, question, picks in rows:
        if picks:
            found.setdefault(case, set()).add(question)
    return found


def content(connection: Connection, scope: Scope, case: int, n: int) -> Content | None:
    """The frozen content of a submission; None outside the scope, or where it has been deleted since."""
    found = connection.execute(
        select(submissions.c.content)
        .join(cases, cases.c.id == submissions.c.case)
        .join(units, units.c.id == cases.c.unit)
        .where(submissions.c.case == case, submissions.c.n == n, cases.c.state != "taken_back", below(scope))
    ).scalar()
    return Content.from_json(found) if found is not None else None
