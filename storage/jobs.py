"""What waits for a worker: jobs, wakes and deliveries, each claimed by one conditional statement.

A claim holds for a while and then lapses, so that whoever dies with it costs time and nothing else. On
PostgreSQL the rows are locked while they are picked (SKIP LOCKED, in a CTE that must not be folded in, or
the LIMIT would not hold); on SQLite there is one writer and the same words mean the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Select, and_, delete, exists, or_, select, tuple_, update

from bot.channel import Address, Outgoing
from storage.codec import message_in
from storage.tables import addresses, deliveries, jobs, messages, wakes


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A message owed to an address."""

    id: int
    conversation: int
    seq: int
    to: Address
    message: Outgoing
    tries: int


def _picked(rows: Select[Any]) -> CTE:
    return rows.with_for_update(skip_locked=True).cte("picked").prefix_with("MATERIALIZED", dialect="postgresql")


# ---------------------------------------------------------------- jobs


def claim_jobs(connection: Connection, now: datetime, until: datetime, limit: int) -> list[Job]:
    """Up to `limit` jobs that wait, or whose claim has lapsed, oldest first; they are the caller's until then."""
    picked = _picked(select(jobs.c.id).where(_free(now)).order_by(jobs.c.id).limit(limit))
    claim = (
        update(jobs)
        .where(jobs.c.id.in_(select(picked.c.id)))
        .values(state="claimed", claimed_until=until, tries=jobs.c.tries + 1)
        .returning(jobs.c.id, jobs.c.kind, jobs.c.conversation, jobs.c.args, jobs.c.tries)
    )
    return sorted((Job(**row._mapping) for row in connection.execute(claim)), key=lambda job: job.id)


def finish_job(connection: Connection, job: int, state: str, result: Mapping[str, Any]) -> None:
    """Notes how a job ended: "done" or "failed"."""
    connection.execute(update(jobs).where(jobs.c.id == job).values(state=state, result=result, claimed_until=None))


def any_free(connection: Connection, now: datetime) -> bool:
    """Whether there is a job to claim."""
    return connection.execute(select(jobs.c.id).where(_free(now)).limit(1)).first() is not None


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(jobs.c.state == "waiting", and_(jobs.c.state == "claimed", jobs.c.claimed_until < now))


def forget_jobs(connection: Connection, before: datetime) -> int:
    """Drops finished jobs asked for before an instant; returns how many."""
    over = jobs.c.state.in_(("done", "failed")) & (jobs.c.at < before)
    return connection.execute(delete(jobs).where(over)).rowcount


# ---------------------------------------------------------------- wakes


def claim_wakes(connection: Connection, now: datetime, until: datetime, limit: int) -> list[Due]:
    """Up to `limit` wakes that are due, earliest first. The turn that answers one drops its row."""
    key = (wakes.c.conversation, wakes.c.kind)
    free = or_(wakes.c.claimed_until.is_(None), wakes.c.claimed_until < now)
    picked = _picked(select(*key).where(wakes.c.due <= now, free).order_by(wakes.c.due).limit(limit))
    claim = (
        update(wakes)
        .where(tuple_(*key).in_(select(picked.c.conversation, picked.c.kind)))
        .values(claimed_until=until)
        .returning(wakes.c.conversation, wakes.c.kind, wakes.c.due, wakes.c.data)
    )
    return sorted((Due(**row._mapping) for row in connection.execute(claim)), key=lambda wake: wake.due)


def next_wake(connection: Connection) -> datetime | None:
    """When the next wake is due."""
    return connection.execute(select(wakes.c.due).order_by(wakes.c.due).limit(1)).scalar()


# ---------------------------------------------------------------- deliveries


def claim_deliveries(
    connection: Connection, channels: Collection[str], now: datetime, until: datetime, limit: int
) -> list[Delivery]:
    """Up to `limit` owed messages of these channels, at most one an address: the oldest not yet settled."""
    earlier = deliveries.alias("earlier")
    same_chat = and_(
        earlier.c.conversation == deliveries.c.conversation,
        earlier.c.channel == deliveries.c.channel,
        earlier.c.external == deliveries.c.external,
        earlier.c.seq < deliveries.c.seq,
        earlier.c.state.in_(("owed", "claimed")),
    )
    free = or_(deliveries.c.state == "owed", and_(deliveries.c.state == "claimed", deliveries.c.claimed_until < now))
    ready = and_(free, or_(deliveries.c.after.is_(None), deliveries.c.after <= now))
    picked = _picked(
        select(deliveries.c.id)
        .where(deliveries.c.channel.in_(channels), ready, ~exists().where(same_chat))
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    claim = (
        update(deliveries)
        .where(deliveries.c.id.in_(select(picked.c.id)))
        .values(state="claimed", claimed_until=until, tries=deliveries.c.tries + 1)
        .returning(deliveries)
    )
    rows = sorted(connection.execute(claim), key=lambda row: row.id)
    return [_delivery(connection, row) for row in rows]


def _delivery(connection: Connection, row: Any) -> Delivery:
    said = connection.execute(
        select(messages.c.body, messages.c.slot, messages.c.author).where(
            messages.c.conversation == row.conversation, messages.c.seq == row.seq
        )
    ).one()
    return Delivery(
        id=row.id,
        conversation=row.conversation,
        seq=row.seq,
        to=Address(channel=row.channel, external=row.external),
        message=message_in(said.body, said.slot, said.author),
        tries=row.tries,
    )


def sent(connection: Connection, delivery: int, messenger: str) -> None:
    """The messenger took it, under this id."""
    settled = {"state": "sent", "messenger": messenger, "claimed_until": None}
    connection.execute(update(deliveries).where(deliveries.c.id == delivery).values(**settled))


def failed(connection: Connection, delivery: int) -> None:
    """It will never be taken; what follows it may go."""
    connection.execute(update(deliveries).where(deliveries.c.id == delivery).values(state="failed"))


def again(connection: Connection, delivery: int, after: datetime) -> None:
    """Owed still, not before an instant."""
    later = {"state": "owed", "after": after, "claimed_until": None}
    connection.execute(update(deliveries).where(deliveries.c.id == delivery).values(**later))


def blocked(connection: Connection, to: Address) -> None:
    """Nothing more goes to this address until it speaks again."""
    mine = (addresses.c.channel == to.channel) & (addresses.c.external == to.external)
    connection.execute(update(addresses).where(mine).values(state="blocked"))
    owed = and_(
        deliveries.c.channel == to.channel,
        deliveries.c.external == to.external,
        deliveries.c.state.in_(("owed", "claimed")),
    )
    connection.execute(update(deliveries).where(owed).values(state="failed"))
