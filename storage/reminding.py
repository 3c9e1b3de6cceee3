"""What people were reminded of, and what planning reads: summary columns, some people at a time, never a text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, literal_column, select, update

from bot.engine.model import Reminded
from bot.engine.reminding import Begun, Writer
from bot.engine.values import evolve
from storage.prepared import Read
from storage.records import WakeRow, set_wakes
from storage.tables import cases, conversations, decisions, drafts, people, plans, reminders, roles, wakes

MANY = 2000  # people at a time
CHOSEN = "chosen"  # the wake at a time that the person chose

_LOAD = Read(
    select(
        *(reminders.c.person, reminders.c.edition, reminders.c.told_at, reminders.c.unanswered, reminders.c.off)
    ).where(reminders.c.person.in_(bindparam("ids", expanding=True)), reminders.c.level == literal_column("''")),
    "ids",
)
_DROP = delete(reminders).where(
    reminders.c.person == bindparam("b_person"),
    reminders.c.edition == bindparam("b_edition"),
    reminders.c.level == bindparam("b_level"),
)
_PAGE = Read(
    select(
        *(people.c.id, func.coalesce(people.c.unit, people.c.invited), people.c.created_at),
        *(conversations.c.id, conversations.c.seen_at, conversations.c.declined, conversations.c.consent),
    )
    .join(conversations, conversations.c.person == people.c.id)
    .where(people.c.id.between(bindparam("first"), bindparam("last")), people.c.erased.is_(literal_column("false")))
    .order_by(people.c.id),
    *("first", "last"),
)
_BEGUN = Read(
    select(
        *(drafts.c.person, drafts.c.id, drafts.c.edition, drafts.c.state, drafts.c.sections_done, drafts.c.track),
        *(drafts.c.created_at, drafts.c.next, drafts.c.case, cases.c.back_by),
    )
    .outerjoin(cases, cases.c.draft == drafts.c.id)
    .where(
        drafts.c.person.between(bindparam("first"), bindparam("last")),
        drafts.c.edition.in_(bindparam("editions", expanding=True)),
    ),
    *("first", "last", "editions"),
)
_OVERSEERS = Read(
    select(roles.c.person).where(
        roles.c.person.between(bindparam("first"), bindparam("last")), roles.c.role != literal_column("'writer'")
    ),
    *("first", "last"),
)
_CHOSEN = Read(
    select(wakes.c.conversation, wakes.c.due).where(
        wakes.c.kind == literal_column(f"'{CHOSEN}'"), wakes.c.conversation.in_(bindparam("ids", expanding=True))
    ),
    "ids",
)


class Page(NamedTuple):
    """Some people, in the order of ids. `conversations` and `chosen` (when they are spoken to at a time they chose) are
    by person; `last`: behind whom to go on, 0 at the end."""

    writers: list[Writer]
    conversations: Mapping[int, int]
    chosen: Mapping[int, datetime]
    last: int


def load(connection: Connection, persons: Collection[int]) -> dict[int, dict[int, Reminded]]:
    """What these writers were reminded of, by person and edition."""
    found: dict[int, dict[int, Reminded]] = defaultdict(dict)
    for person, edition, told, unanswered, off in _LOAD.rows(connection, persons):
        found[person][edition] = Reminded(edition=edition, told=told, unanswered=unanswered, off=bool(off))
    return found


def save(connection: Connection, told: Iterable[tuple[int, str, Reminded]]) -> None:
    """Keeps what people were reminded of, as (person, level, what); the last of several for one place counts."""
    rows = {(person, one.edition, level): one for person, level, one in told}
    if not rows:
        return
    connection.execute(_DROP, [{"b_person": p, "b_edition": e, "b_level": level} for p, e, level in rows])
    connection.execute(
        insert(reminders),
        [
            {
                "person": p,
                "edition": e,
                "level": level,
                "told_at": one.told,
                "unanswered": one.unanswered,
                "off": one.off,
            }
            for (p, e, level), one in rows.items()
        ],
    )


def page(connection: Connection, after: int, editions: Collection[int]) -> Page:
    """People behind an id who write, or have agreed to: all that planning looks at."""
    behind = select(people.c.id).where(people.c.id > after).order_by(people.c.id).limit(MANY).subquery()
    last, many = connection.execute(select(func.max(behind.c.id), func.count())).one()
    if not many:
        return Page([], {}, {}, 0)
    first = after + 1
    rows = _PAGE.rows(connection, first, last)
    begun: dict[int, list[Begun]] = defaultdict(list)
    back: dict[int, tuple[int, Begun]] = {}
    for person, id, edition, state, done, track, at, free, case, back_by in _BEGUN.rows(
        connection, first, last, editions
    ):
        about = {"draft": id, "edition": edition, "state": state, "done": done, "track": track, "since": at}
        one = Begun(**about, blank=free == 1, back_by=back_by)
        begun[person].append(one)
        if state == "returned":
            back[case] = (person, one)
    for case, at in _returned(connection, list(back)).items():
        person, one = back[case]
        begun[person][begun[person].index(one)] = evolve(one, since=at)
    over = {row[0] for row in _OVERSEERS.rows(connection, first, last)}
    writes = [row for row in rows if row[6] and not row[5] and (row[0] in begun or row[0] not in over)]
    told = load(connection, [row[0] for row in writes])
    none: dict[int, Reminded] = {}
    writers = [
        Writer(
            person=row[0],
            unit=row[1],
            came=row[2],
            seen=row[4],
            begun=tuple(begun.get(row[0], ())),
            reminded=told.get(row[0], none),
        )
        for row in writes
    ]
    owners = {row[3]: row[0] for row in writes}
    chosen = {owners[id]: due for id, due in _CHOSEN.rows(connection, list(owners))}
    return Page(writers, {row[0]: row[3] for row in writes}, chosen, last if many == MANY else 0)


def _returned(connection: Connection, ids: list[int]) -> dict[int, datetime]:
    """When these cases were last returned to their writers."""
    if not ids:
        return {}
    own = decisions.c.case.in_(ids) & (decisions.c.kind == "returned")
    wanted = select(decisions.c.case, func.max(decisions.c.at)).where(own).group_by(decisions.c.case)
    return {case: at for case, at in connection.execute(wanted)}


# ---------------------------------------------------------------- what is planned


def set_reminders(connection: Connection, kind: str, new: Iterable[tuple[int, datetime, Mapping[str, Any]]]) -> None:
    """Sets the wakes that remind, as (conversation, when, with what)."""
    set_wakes(connection, [WakeRow(conversation, kind, due, dict(data)) for conversation, due, data in new])


def add_to_chosen(connection: Connection, conversation: int, data: Mapping[str, Any]) -> None:
    """Has told with it, at the time that the person chose, what was planned for that day."""
    own = (wakes.c.conversation == conversation) & (wakes.c.kind == CHOSEN)
    known = connection.execute(select(wakes.c.data).where(own)).scalar()
    if known is not None:
        connection.execute(update(wakes).where(own).values(data={**known, **data}))


def planned(connection: Connection, kind: str) -> tuple[str, datetime] | None:
    """What the last plan of a kind was made of, and when."""
    row = connection.execute(select(plans.c.made_of, plans.c.at).where(plans.c.kind == kind)).one_or_none()
    return (row.made_of, row.at) if row else None


def note_plan(connection: Connection, kind: str, made_of: str, at: datetime) -> None:
    """Keeps that all was planned."""
    connection.execute(delete(plans).where(plans.c.kind == kind))
    connection.execute(insert(plans), {"kind": kind, "made_of": made_of, "at": at})
