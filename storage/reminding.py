"""What people were reminded of, and what planning reads: summary columns, some people at a time, never a text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from bot.engine.model import Reminded
from bot.engine.reminding import SPREAD, Begun, Writer
from bot.engine.values import evolve
from storage.prepared import Read, Write
from storage.tables import cases, conversations, decisions, drafts, people, plans, reminders, roles, wakes

CHOSEN = "chosen"  # the wake at a time that the person chose

_LOAD = Read(
    select(
        *(reminders.c.person, reminders.c.edition, reminders.c.told_at, reminders.c.unanswered, reminders.c.off)
    ).where(reminders.c.person.in_(bindparam("ids", expanding=True)), reminders.c.level == literal_column("''")),
    "ids",
)
_WAKE = Write(insert(wakes), "conversation", "kind", "due", "data")
_UNSET = Write(
    delete(wakes).where(wakes.c.conversation == bindparam("whose"), wakes.c.kind == bindparam("what")), "whose", "what"
)
_DROP = delete(reminders).where(
    reminders.c.person == bindparam("b_person"),
    reminders.c.edition == bindparam("b_edition"),
    reminders.c.level == bindparam("b_level"),
)
_PAGE = Read(
    select(
        *(people.c.id, func.coalesce(people.c.unit, people.c.invited), people.c.created_at),
        *(conversations.c.id, conversations.c.seen_at),
    )
    .join(conversations, conversations.c.person == people.c.id)
    .where(people.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(people.c.id),
    "ids",
)
_BEGUN = Read(
    select(
        *(drafts.c.person, drafts.c.id, drafts.c.edition, drafts.c.state, drafts.c.sections_done, drafts.c.track),
        *(drafts.c.created_at, drafts.c.next, drafts.c.case, cases.c.back_by),
    )
    .outerjoin(cases, cases.c.draft == drafts.c.id)
    .where(drafts.c.person.in_(bindparam("ids", expanding=True)), drafts.c.edition.is_not(None)),
    "ids",
)
_RETURNED = Read(
    select(decisions.c.case, func.max(decisions.c.at))
    .where(decisions.c.case.in_(bindparam("ids", expanding=True)), decisions.c.kind == literal_column("'returned'"))
    .group_by(decisions.c.case),
    "ids",
)
_CHOSEN = Read(
    select(wakes.c.conversation, wakes.c.due).where(
        wakes.c.kind == literal_column(f"'{CHOSEN}'"), wakes.c.conversation.in_(bindparam("ids", expanding=True))
    ),
    "ids",
)


class Wanted(NamedTuple):
    """Of whom something may be due: the open editions; for each of them, where some morning has come on which writers
    with its own date are reminded, when the last one began; and the units that were granted more time."""

    editions: Collection[int]
    reached: Mapping[int, datetime]
    units: Collection[int]


class Page(NamedTuple):
    """Some people, in the order of ids. `conversations` and `chosen` (when they are spoken to at a time they chose) are
    by person."""

    writers: list[Writer]
    conversations: Mapping[int, int]
    chosen: Mapping[int, datetime]


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


def wanted_ids(connection: Connection, wanted: Wanted) -> list[int]:
    """All people of whom something may be due, in order."""
    return list(connection.execute(_wanted(wanted)).scalars())


def page(connection: Connection, editions: Collection[int], ids: Sequence[int]) -> Page:
    """Of some people all that planning looks at."""
    rows = _PAGE.rows(connection, ids)
    begun: dict[int, list[Begun]] = defaultdict(list)
    back: dict[int, tuple[int, Begun]] = {}
    for person, id, edition, state, done, track, at, free, case, back_by in _BEGUN.rows(connection, ids):
        if edition not in editions:
            continue
        about = {"draft": id, "edition": edition, "state": state, "done": done, "track": track, "since": at}
        one = Begun(**about, blank=free == 1, back_by=back_by)
        begun[person].append(one)
        if state == "returned":
            back[case] = (person, one)
    for case, at in _returned(connection, list(back)).items():
        person, one = back[case]
        begun[person][begun[person].index(one)] = evolve(one, since=at)
    told, none = load(connection, ids), dict[int, Reminded]()
    writers = [
        Writer(
            person=id,
            unit=unit,
            came=came,
            seen=seen,
            begun=tuple(begun.get(id, ())),
            reminded=told.get(id, none),
        )
        for id, unit, came, _, seen in rows
    ]
    owners = {row[3]: row[0] for row in rows}
    chosen = {owners[id]: due for id, due in _CHOSEN.rows(connection, list(owners))}
    return Page(writers, {row[0]: row[3] for row in rows}, chosen)


def _wanted(wanted: Wanted) -> Select[Any]:
    """The ids of these people, in order. Who came or was told since the last morning of their date is left out."""
    seen = func.coalesce(conversations.c.seen_at, people.c.created_at)
    here = (drafts.c.person == people.c.id) & drafts.c.edition.in_(wanted.editions)
    unfinished = here & drafts.c.state.in_(("writing", "returned"))
    asked: list[ColumnElement[bool]] = [exists().where(here, drafts.c.state == "returned")]
    if wanted.units:
        own = func.coalesce(people.c.unit, people.c.invited)
        asked.append(own.in_(wanted.units) & or_(exists().where(unfinished), ~exists().where(here)))
    for edition, morning in wanted.reached.items():
        told = (reminders.c.person == people.c.id) & (reminders.c.edition == edition) & (reminders.c.level == "")
        known = exists().where(told, or_(reminders.c.off, reminders.c.told_at >= morning))
        mine = exists().where(unfinished, drafts.c.edition == edition)
        asked.append((seen < morning + timedelta(minutes=SPREAD)) & ~known & or_(mine, ~exists().where(here)))
    over = exists().where(roles.c.person == people.c.id, roles.c.role != "writer")
    return (
        select(people.c.id)
        .join(conversations, conversations.c.person == people.c.id)
        .where(~people.c.erased, ~conversations.c.declined, conversations.c.consent != "", or_(*asked))
        .where(or_(~over, exists().where(here)))
        .order_by(people.c.id)
    )


def _returned(connection: Connection, ids: list[int]) -> dict[int, datetime]:
    """When these cases were last returned to their writers."""
    return {case: at for case, at in _RETURNED.rows(connection, ids)}


# ---------------------------------------------------------------- what is planned


def set_reminders(connection: Connection, kind: str, new: Sequence[tuple[int, datetime, Mapping[str, Any]]]) -> None:
    """Sets the wakes that remind, as (conversation, when, with what)."""
    _UNSET.run(connection, [(conversation, kind) for conversation, _, _ in new])
    _WAKE.run(connection, [(conversation, kind, due, dict(data)) for conversation, due, data in new])


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
