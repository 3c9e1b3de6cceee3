"""What is owed to messengers: claimed in order, settled many at a time, and what stands at an address because of it.

A process that takes updates claims what it will send itself in the very transaction that owes it; the rest (of a
process that died, of a command beside the server) is claimed here. A claim lapses, as all claims do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, null, or_, select, update

from bot.channel import Address, Debt, Trace
from bot.channel import traced as after
from storage.codec import message_in
from storage.jobs import picked
from storage.prepared import Write
from storage.tables import addresses, deliveries, messages

_REMEMBERED = 40  # how far back one looks for what stands at an address
_NOTICES = ("wake:", "told:")

_SETTLE = Write(
    update(deliveries)
    .where(deliveries.c.id == bindparam("b_id"))
    .values(state=bindparam("state"), messenger=bindparam("messenger"), claimed_until=null()),
    *("state", "messenger", "b_id"),
)
_SAID = (messages.c.conversation == deliveries.c.conversation) & (messages.c.seq == deliveries.c.seq)


def claim(
    connection: Connection, channels: Collection[str], now: datetime, until: datetime, limit: int
) -> dict[Address, list[Debt]]:
    """Up to `limit` owed messages of these channels by address, in order; none behind one that has to wait."""
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
    )


def release(connection: Connection, channels: Collection[str]) -> None:
    """Lets go what a process claimed that is no more; for whoever alone serves this database."""
    claimed = (deliveries.c.state == "claimed") & deliveries.c.channel.in_(channels)
    connection.execute(update(deliveries).where(claimed).values(state="owed", claimed_until=None))


def settle(connection: Connection, settled: Iterable[tuple[int, str, str]]) -> None:
    """(delivery, "sent" or "failed", the messenger's id) of each: what failed will never be taken."""
    _SETTLE.run(connection, [(state, messenger, id) for id, state, messenger in sorted(settled)])


def again(connection: Connection, ids: Collection[int], after: datetime) -> None:
    """Owed still, not before an instant."""
    later = {"state": "owed", "after": after, "claimed_until": None}
    connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(**later))


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


def trace(connection: Connection, conversation: int, to: Address) -> Trace:
    """What stands at an address, from what was sent there."""
    there = and_(
        deliveries.c.conversation == conversation,
        deliveries.c.channel == to.channel,
        deliveries.c.external == to.external,
        deliveries.c.state == "sent",
    )
    latest = (
        select(deliveries.c.messenger, messages.c.body, messages.c.slot, messages.c.author)
        .join(messages, _SAID)
        .where(there)
        .order_by(deliveries.c.seq.desc())
        .limit(_REMEMBERED)
    )
    card = select(deliveries.c.messenger).where(there, deliveries.c.slot == "card").order_by(deliveries.c.seq.desc())
    stands = Trace(card=connection.execute(card.limit(1)).scalar() or "")
    for messenger, body, slot, author in reversed(connection.execute(latest).all()):
        stands = after(stands, message_in(body, slot, author), messenger)
    return stands
