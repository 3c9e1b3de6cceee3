"""What is owed to messengers: claimed in order, settled many at a time, with what stands at an address then.

A process that takes updates claims what it will send itself in the very transaction that owes it; the rest (of a
process that died, of a command beside the server) is claimed here. A claim lapses, as all claims do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, null, or_, select, update

from bot.channel import Address, Debt, Trace
from storage.codec import message_in, trace_in, trace_out
from storage.jobs import picked
from storage.prepared import Write
from storage.tables import addresses, deliveries, messages

_NOTICES = ("wake:", "told:")

_SETTLE = Write(
    update(deliveries)
    .where(deliveries.c.id == bindparam("b_id"))
    .values(state=bindparam("state"), messenger=bindparam("messenger"), claimed_until=null()),
    *("state", "messenger", "b_id"),
)
_STANDS = Write(
    update(addresses)
    .where(addresses.c.channel == bindparam("b_channel"), addresses.c.external == bindparam("b_external"))
    .values(stands=bindparam("stands")),
    *("stands", "b_channel", "b_external"),
)
_NOTED = select(addresses.c.stands).where(
    addresses.c.channel == bindparam("channel"), addresses.c.external == bindparam("external")
)


def claim(
    connection: Connection,
    channels: Collection[str],
    now: datetime,
    until: datetime,
    limit: int,
    only: Address | None = None,
) -> dict[Address, list[Debt]]:
    """Up to `limit` owed messages of these channels (or of `only` one address) by address, in order; none behind one
    that has to wait."""
    earlier = deliveries.alias("earlier")
    waits = or_(
        and_(earlier.c.state == "owed", earlier.c.after > now),
        and_(earlier.c.state == "claimed", earlier.c.claimed_until >= now),
    )
    same_chat = and_(
        earlier.c.conversation == deliveries.c.conversation,
        earlier.c.channel == deliveries.c.channel,
        earlier.c.external == deliveries.c.external,
        earlier.c.seq < deliveries.c.seq,
        waits,
    )
    free = or_(deliveries.c.state == "owed", and_(deliveries.c.state == "claimed", deliveries.c.claimed_until < now))
    ready = and_(free, or_(deliveries.c.after.is_(None), deliveries.c.after <= now))
    if only is not None:
        ready = and_(ready, deliveries.c.channel == only.channel, deliveries.c.external == only.external)
    chosen = picked(
        select(deliveries.c.id)
        .where(deliveries.c.channel.in_(channels), ready, ~exists().where(same_chat))
        .order_by(deliveries.c.conversation, deliveries.c.seq)
        .limit(limit)
    )
    taken = (
        update(deliveries)
        .where(deliveries.c.id.in_(select(chosen.c.id)))
        .values(state="claimed", claimed_until=until, tries=deliveries.c.tries + 1)
        .returning(deliveries)
    )
    found: dict[Address, list[Debt]] = {}
    for row in sorted(connection.execute(taken), key=lambda row: (row.conversation, row.seq)):
        debt = _debt(connection, row)
        found.setdefault(debt.to, []).append(debt)
    return found


def _debt(connection: Connection, row: Any) -> Debt:
    said = connection.execute(
        select(messages.c.body, messages.c.slot, messages.c.author, messages.c.cause).where(
            messages.c.conversation == row.conversation, messages.c.seq == row.seq
        )
    ).one()
    return Debt(
        id=row.id,
        to=Address(channel=row.channel, external=row.external),
        conversation=row.conversation,
        seq=row.seq,
        message=message_in(said.body, said.slot, said.author),
        notice=said.cause.startswith(_NOTICES),
        trace=trace_in(connection.execute(_NOTED, {"channel": row.channel, "external": row.external}).scalar() or ""),
    )


def release(connection: Connection, channels: Collection[str]) -> None:
    """Lets go what a process claimed that is no more; for whoever alone serves this database."""
    claimed = (deliveries.c.state == "claimed") & deliveries.c.channel.in_(channels)
    connection.execute(update(deliveries).where(claimed).values(state="owed", claimed_until=None))


def last_claim(connection: Connection, channels: Collection[str]) -> datetime | None:
    """Until when at most somebody else may still be sending; None: nobody is."""
    claimed = (deliveries.c.state == "claimed") & deliveries.c.channel.in_(channels)
    return connection.execute(select(func.max(deliveries.c.claimed_until)).where(claimed)).scalar()


def held(connection: Connection, channels: Collection[str], now: datetime) -> dict[Address, datetime]:
    """The addresses that have to be waited for, and until when."""
    where = (deliveries.c.channel, deliveries.c.external)
    waits = (deliveries.c.state == "owed") & deliveries.c.channel.in_(channels) & (deliveries.c.after > now)
    found = connection.execute(select(*where, func.max(deliveries.c.after)).where(waits).group_by(*where))
    return {Address(channel=channel, external=external): until for channel, external, until in found}


def settle(
    connection: Connection, settled: Iterable[tuple[int, str, str]], traces: Mapping[Address, Trace] | None = None
) -> None:
    """(delivery, "sent" or "failed", the messenger's id) of each, and what stands now at the addresses.

    What failed will never be taken.
    """
    _SETTLE.run(connection, [(state, messenger, id) for id, state, messenger in sorted(settled)])
    ordered = sorted((traces or {}).items(), key=lambda pair: (pair[0].channel, pair[0].external))
    _STANDS.run(connection, [(trace_out(trace), a.channel, a.external) for a, trace in ordered])


def again(connection: Connection, ids: Collection[int], after: datetime) -> None:
    """Owed still, not before an instant; what has failed meanwhile stays so."""
    later = {"state": "owed", "after": after, "claimed_until": None}
    mine = deliveries.c.id.in_(ids) & (deliveries.c.state == "claimed")
    connection.execute(update(deliveries).where(mine).values(**later))


def forget(connection: Connection, before: datetime) -> int:
    """Drops what was settled and owed before an instant; returns how many."""
    over = deliveries.c.state.in_(("sent", "failed")) & (deliveries.c.at < before)
    return connection.execute(delete(deliveries).where(over)).rowcount


def shut(connection: Connection, to: Address) -> None:
    """Nothing more goes to this address until it speaks again."""
    mine = (addresses.c.channel == to.channel) & (addresses.c.external == to.external)
    connection.execute(update(addresses).where(mine).values(state="blocked"))
    owed = and_(
        deliveries.c.channel == to.channel,
        deliveries.c.external == to.external,
        deliveries.c.state.in_(("owed", "claimed")),
    )
    connection.execute(update(deliveries).where(owed).values(state="failed", claimed_until=None))
