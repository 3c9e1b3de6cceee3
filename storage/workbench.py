"""A case as its reader sees it, and the people and links of an office: always within a Scope."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select

from bot.doors import Scope
from bot.engine.content import Content
from storage.tables import (
    cases,
    comments,
    decisions,
    drafts,
    enclosures,
    extensions,
    files,
    invites,
    people,
    quotas,
    roles,
    submissions,
    units,
)
from storage.views import FileRow, below

OVERSEEING = ("coordinator", "administrator")


class CaseHead(NamedTuple):
    """What is known of a case besides its text."""

    id: int
    draft: int
    edition: int
    number: str
    title: str
    state: str
    level: str
    holder: int
    holder_path: str
    n: int
    unit: str
    unit_level: str
    category: str
    origin: str
    nominated: bool
    back_by: datetime | None
    person: int
    name: str
    post: str
    phone: str
    erased: bool


class Came(NamedTuple):
    """How a case came to where it stands: when it was last recommended, whether its writer nominated it, and how it
    was handed in after its date: grace | key, "" in time."""

    at: datetime | None
    nominated: bool
    late: str


class CommentSeen(NamedTuple):
    """A comment with its author's name."""

    id: int
    n: int
    section: str
    question: str
    block: str
    start: int
    quote: str
    text: str
    change: str | None
    author: int
    name: str
    at: datetime
    sent_at: datetime | None
    answer: str
    explained: str


class DecisionSeen(NamedTuple):
    """What a level did with a case, why, and who it was; `unit` is the path in whose name it was done."""

    id: int
    kind: str
    level: str
    reason: str
    name: str
    unit: str
    at: datetime


_holder = units.alias("held_by")


def case(connection: Connection, scope: Scope, id: int) -> CaseHead | None:
    """A case of the scope."""
    wanted = (
        select(
            *(cases.c.id, cases.c.draft, cases.c.edition, cases.c.number, cases.c.title, cases.c.state, cases.c.level),
            *(cases.c.holder, func.coalesce(_holder.c.path, ""), cases.c.n, units.c.path, units.c.level),
            *(
                cases.c.category,
                cases.c.origin,
                cases.c.nominated,
                cases.c.back_by,
                people.c.id,
                people.c.name,
                people.c.post,
            ),
            *(people.c.phone, people.c.erased),
        )
        .join(units, units.c.id == cases.c.unit)
        .outerjoin(_holder, _holder.c.id == cases.c.holder)
        .join(people, people.c.id == cases.c.person)
        .where(cases.c.id == id, cases.c.state != "taken_back", below(scope))
    )
    row = connection.execute(wanted).one_or_none()
    return CaseHead._make(row) if row else None


def came(connection: Connection, found: Collection[int]) -> dict[int, Came]:
    """How cases came to where they stand, by their ids."""
    if not found:
        return {}
    up = decisions.c.kind == "recommended"
    raised = select(func.max(decisions.c.at)).where(decisions.c.case == cases.c.id, up).scalar_subquery()
    wanted = select(cases.c.id, raised, cases.c.nominated, cases.c.late).where(cases.c.id.in_(list(found)))
    return {id: Came(at, nominated, late) for id, at, nominated, late in connection.execute(wanted)}


def versions(connection: Connection, case: int) -> list[tuple[int, datetime, int]]:
    """The submissions of a case: n, when, 字数; the first one first."""
    wanted = select(submissions.c.n, submissions.c.at, submissions.c.words).where(submissions.c.case == case)
    return [(row.n, row.at, row.words) for row in connection.execute(wanted.order_by(submissions.c.n))]


def content(connection: Connection, case: int, n: int) -> Content | None:
    """The text of a submission."""
    own = (submissions.c.case == case) & (submissions.c.n == n)
    found = connection.execute(select(submissions.c.content).where(own)).scalar()
    return Content.from_json(found) if found is not None else None


def comments_of(connection: Connection, case: int) -> list[CommentSeen]:
    """All comments on a case, the oldest first."""
    wanted = (
        select(
            *(comments.c.id, comments.c.n, comments.c.section, comments.c.question, comments.c.block),
            *(comments.c.start, comments.c.quote, comments.c.text, comments.c.change, comments.c.author),
            *(func.coalesce(people.c.name, ""), comments.c.at, comments.c.sent_at, comments.c.answer),
            comments.c.explained,
        )
        .outerjoin(people, people.c.id == comments.c.author)
        .where(comments.c.case == case)
        .order_by(comments.c.n, comments.c.id)
    )
    return [CommentSeen._make(row) for row in connection.execute(wanted)]


def decisions_of(connection: Connection, case: int) -> list[DecisionSeen]:
    """What the levels did with a case, the oldest first."""
    by = func.coalesce(people.c.name, "")
    wanted = (
        select(*(decisions.c.id, decisions.c.kind, decisions.c.level, decisions.c.reason, by))
        .add_columns(func.coalesce(units.c.path, ""), decisions.c.at)
        .outerjoin(people, people.c.id == decisions.c.actor)
        .outerjoin(units, units.c.id == decisions.c.unit)
        .where(decisions.c.case == case)
        .order_by(decisions.c.at, decisions.c.id)
    )
    return [DecisionSeen._make(row) for row in connection.execute(wanted)]


def enclosed(connection: Connection, case: int) -> list[tuple[int, str, str, str, datetime]]:
    """What the office laid beside a case: id, kind, file, name, when."""
    wanted = (
        select(enclosures.c.id, enclosures.c.kind, enclosures.c.file, enclosures.c.name, enclosures.c.at)
        .where(enclosures.c.case == case)
        .order_by(enclosures.c.id)
    )
    return [(row.id, row.kind, row.file, row.name, row.at) for row in connection.execute(wanted)]


def file_of(connection: Connection, case: int, hash: str) -> FileRow | None:
    """A file that stands in a submission of a case, or lies beside it."""
    name = next((f[3] for f in enclosed(connection, case) if f[2] == hash), None)
    if name is None:
        wanted = select(submissions.c.content).where(submissions.c.case == case).order_by(submissions.c.n.desc())
        for text in connection.execute(wanted).scalars():
            whole = Content.from_json(text)
            named = {**{p.file: p.name for p in whole.pictures}, **{m.file: m.name for m in whole.materials}}
            name = named.get(hash)
            if name is not None:
                break
    row = connection.execute(select(files).where(files.c.hash == hash)).one_or_none() if name is not None else None
    return FileRow(row.hash, row.kind, row.mime, name or row.name, row.size) if row else None


# ---------------------------------------------------------------- people, links, dates


class Writing(NamedTuple):
    """A draft that is not handed in, as far as it is known; `person` is its writer, `back_by` the day set with its
    return."""

    person: int
    name: str
    unit: str
    done: int
    state: str
    track: str
    unit_id: int
    back_by: datetime | None


class LinkAt(NamedTuple):
    """A living writers' invite: its id and the number that is part of its links."""

    id: int
    n: int
    unit: str
    person: int
    open: bool


def writing(connection: Connection, scope: Scope, edition: int, limit: int) -> list[Writing]:
    """Who has begun and not handed in, or has the case back; by unit."""
    wanted = (
        select(
            *(people.c.id, people.c.name, units.c.path, drafts.c.sections_done, drafts.c.state, drafts.c.track),
            *(units.c.id, cases.c.back_by),
        )
        .select_from(drafts)
        .join(people, people.c.id == drafts.c.person)
        .join(units, units.c.id == func.coalesce(people.c.unit, people.c.invited))
        .outerjoin(cases, cases.c.draft == drafts.c.id)
        .where(drafts.c.edition == edition, drafts.c.state.in_(("writing", "returned")), below(scope))
        .order_by(units.c.path, people.c.id)
        .limit(limit)
    )
    return [Writing(*row) for row in connection.execute(wanted)]


def links(connection: Connection, scope: Scope, now: datetime) -> list[LinkAt]:
    """The writers' invites of the scope that still open."""
    wanted = (
        select(invites.c.id, invites.c.n, units.c.path, func.coalesce(invites.c.person, 0), ~invites.c.personal)
        .join(units, units.c.id == invites.c.unit)
        .where(invites.c.role == "writer", ~invites.c.revoked, below(scope))
        .where(
            or_(
                invites.c.person.is_not(None),
                (invites.c.expires_at > now) & or_(invites.c.uses_left.is_(None), invites.c.uses_left > 0),
            )
        )
        .order_by(invites.c.id)
    )
    return [LinkAt(*row) for row in connection.execute(wanted)]


def officers(connection: Connection, scope: Scope, now: datetime) -> list[Any]:
    """Who holds which post in the scope: person, name, path, role, until."""
    wanted = (
        select(people.c.id, people.c.name, units.c.path, roles.c.role, roles.c.until)
        .select_from(roles)
        .join(people, people.c.id == roles.c.person)
        .join(units, units.c.id == roles.c.unit)
        .where(roles.c.role.in_(OVERSEEING), or_(roles.c.until.is_(None), roles.c.until > now), below(scope))
        .order_by(units.c.path, roles.c.role, people.c.id)
    )
    return list(connection.execute(wanted).all())


def grants(connection: Connection, scope: Scope, edition: int) -> tuple[list[Any], list[Any]]:
    """The extensions and the quotas set by hand, of the scope's units."""
    more = (
        select(units.c.path, extensions.c.level, extensions.c.until)
        .join(units, units.c.id == extensions.c.unit)
        .where(extensions.c.edition == edition, below(scope))
        .order_by(units.c.path)
    )
    own = (
        select(units.c.path, quotas.c.level, quotas.c.key, quotas.c.most, quotas.c.used)
        .join(units, units.c.id == quotas.c.unit)
        .where(quotas.c.edition == edition, below(scope))
        .order_by(units.c.path, quotas.c.key)
    )
    return list(connection.execute(more).all()), list(connection.execute(own).all())


def paths(connection: Connection, scope: Scope, limit: int) -> list[str]:
    """The paths of the scope's units."""
    wanted = select(units.c.path).where(below(scope)).order_by(units.c.path).limit(limit)
    return list(connection.execute(wanted).scalars())


def loose(connection: Connection, scope: Scope) -> dict[str, list[str]]:
    """The scope's units that a writer typed and nobody has confirmed yet, by path, with who belongs to them."""
    wanted = (
        select(units.c.path, func.coalesce(people.c.name, ""))
        .outerjoin(people, people.c.unit == units.c.id)
        .where(~units.c.confirmed, below(scope))
        .order_by(units.c.path, people.c.id)
    )
    found: dict[str, list[str]] = {}
    for path, name in connection.execute(wanted):
        found.setdefault(path, []).extend([name] if name else [])
    return found


def person_of(connection: Connection, id: int) -> tuple[str, str, str, str]:
    """Name, post, phone and PIN's hash of somebody."""
    own = select(people.c.name, people.c.post, people.c.phone, people.c.pin).where(people.c.id == id)
    row = connection.execute(own).one()
    return row.name, row.post, row.phone, row.pin
