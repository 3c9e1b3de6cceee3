"""What a turn leaves for others: events for the books, jobs for the workers, wakes for the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert

from storage import audit
from storage.tables import jobs, wakes

_JOB = insert(jobs)
_WAKE = insert(wakes)
_DROP = delete(wakes).where(wakes.c.conversation == bindparam("b_conversation"), wakes.c.kind == bindparam("b_kind"))
_SPENT = _DROP.where(wakes.c.due <= bindparam("b_until"))


class EventRow(NamedTuple):
    """A line for the books. `id` grows in the order of writing; params hold no answer's text."""

    id: int
    at: datetime
    actor: int
    kind: str
    draft: int
    case: int
    unit: str
    params: Mapping[str, Any]


class JobRow(NamedTuple):
    """Slow work that a turn wants."""

    id: int
    kind: str
    conversation: int
    args: Mapping[str, Any]
    at: datetime


class WakeRow(NamedTuple):
    """The one wake of a kind, set anew; dropped when `due` is None."""

    conversation: int
    kind: str
    due: datetime | None
    data: Mapping[str, Any]


def add_events(connection: Connection, new: Iterable[EventRow]) -> None:
    """Adds events to the books, in their chain."""
    lines = list(new)
    if lines:
        audit.add(connection, lines)


def add_jobs(connection: Connection, new: Iterable[JobRow]) -> None:
    """Inserts jobs, waiting; what names a channel in its arguments waits for whoever has that messenger at hand."""
    rows = [{**j._asdict(), "channel": j.args.get("channel", "")} for j in new]
    if rows:
        connection.execute(_JOB, rows)


def set_wakes(connection: Connection, new: Iterable[WakeRow]) -> None:
    """Sets or drops wakes; of several for one conversation and kind, give the last alone."""
    rows = list(new)
    if rows:
        connection.execute(_DROP, [{"b_conversation": w.conversation, "b_kind": w.kind} for w in rows])
    due = [w._asdict() for w in rows if w.due is not None]
    if due:
        connection.execute(_WAKE, due)


def drop_wake(connection: Connection, conversation: int, kind: str) -> bool:
    """Drops a wake; returns whether it was still there."""
    own = (wakes.c.conversation == conversation) & (wakes.c.kind == kind)
    return connection.execute(delete(wakes).where(own)).rowcount == 1


def spend_wakes(connection: Connection, woken: Iterable[tuple[int, str, datetime]]) -> None:
    """Drops wakes that have been answered; one that was set anew for later stays."""
    rows = [{"b_conversation": c, "b_kind": k, "b_until": at} for c, k, at in woken]
    if rows:
        connection.execute(_SPENT, rows)
