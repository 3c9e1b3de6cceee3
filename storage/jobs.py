"""What waits for a worker: jobs and wakes, each claimed by one conditional statement.

A claim holds for a while and then lapses, so that whoever dies with it costs time and nothing else. On
PostgreSQL the rows are locked while they are picked (SKIP LOCKED, in a CTE that must not be folded in, or
the LIMIT would not hold); on SQLite there is one writer and the same words mean the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Select, and_, delete, or_, select, tuple_, update

from storage.tables import jobs, wakes


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Slow work that a turn wanted. `tries` counts this one."""

    id: int
    kind: str
    conversation: int
    args: Mapping[str, Any]
    tries: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A wake whose time has come."""

    conversation: int
    kind: str
    due: datetime
    data: Mapping[str, Any]


def picked(rows: Select[Any]) -> CTE:
    """The rows to be claimed, locked while they are picked."""
    return rows.with_for_update(skip_locked=True).cte("picked").prefix_with("MATERIALIZED", dialect="postgresql")


# ---------------------------------------------------------------- jobs


def claim_jobs(
    connection: Connection, now: datetime, until: datetime, limit: int, channels: Collection[str] = ("",)
) -> list[Job]:
    """Up to `limit` jobs that wait, or whose claim has lapsed, oldest first; they are the caller's until then.

    `channels`: the messengers that the caller has at hand; "" stands for the jobs that need none.
    """
    chosen = picked(select(jobs.c.id).where(_free(now, channels)).order_by(jobs.c.id).limit(limit))
    claim = (
        update(jobs)
        .where(jobs.c.id.in_(select(chosen.c.id)))
        .values(state="claimed", claimed_until=until, tries=jobs.c.tries + 1)
        .returning(jobs.c.id, jobs.c.kind, jobs.c.conversation, jobs.c.args, jobs.c.tries)
    )
    return sorted((Job(**row._mapping) for row in connection.execute(claim)), key=lambda job: job.id)


def finish_job(connection: Connection, job: int, state: str, result: Mapping[str, Any]) -> None:
    """Notes how a job ended: "done" or "failed"."""
    connection.execute(update(jobs).where(jobs.c.id == job).values(state=state, result=result, claimed_until=None))


def put_off(connection: Connection, job: int, until: datetime) -> None:
    """Lets a job go: nobody can claim it before then."""
    values = {"state": "waiting", "claimed_until": None, "not_before": until}
    connection.execute(update(jobs).where(jobs.c.id == job).values(values))


def is_there(connection: Connection, job: int) -> bool:
    """Whether a job still is wanted: with a person's data what they asked for is gone as well."""
    return connection.execute(select(jobs.c.id).where(jobs.c.id == job)).first() is not None


def any_free(connection: Connection, now: datetime, channels: Collection[str] = ("",)) -> bool:
    """Whether there is a job to claim."""
    return connection.execute(select(jobs.c.id).where(_free(now, channels)).limit(1)).first() is not None


def _free(now: datetime, channels: Collection[str]) -> ColumnElement[bool]:
    lapsed = and_(jobs.c.state == "claimed", jobs.c.claimed_until < now)
    due = or_(jobs.c.not_before.is_(None), jobs.c.not_before <= now)
    return and_(or_(jobs.c.state == "waiting", lapsed), due, jobs.c.channel.in_(channels))


def forget_jobs(connection: Connection, before: datetime) -> int:
    """Drops finished jobs asked for before an instant; returns how many."""
    over = jobs.c.state.in_(("done", "failed")) & (jobs.c.at < before)
    return connection.execute(delete(jobs).where(over)).rowcount


# ---------------------------------------------------------------- wakes


def claim_wakes(connection: Connection, now: datetime, until: datetime, limit: int) -> list[Due]:
    """Up to `limit` wakes that are due, earliest first. The turn that answers one drops its row."""
    key = (wakes.c.conversation, wakes.c.kind)
    free = or_(wakes.c.claimed_until.is_(None), wakes.c.claimed_until < now)
    chosen = picked(select(*key).where(wakes.c.due <= now, free).order_by(wakes.c.due).limit(limit))
    claim = (
        update(wakes)
        .where(tuple_(*key).in_(select(chosen.c.conversation, chosen.c.kind)))
        .values(claimed_until=until)
        .returning(wakes.c.conversation, wakes.c.kind, wakes.c.due, wakes.c.data)
    )
    return sorted((Due(**row._mapping) for row in connection.execute(claim)), key=lambda wake: wake.due)


def next_wake(connection: Connection) -> datetime | None:
    """When the next wake is due."""
    return connection.execute(select(wakes.c.due).order_by(wakes.c.due).limit(1)).scalar()
