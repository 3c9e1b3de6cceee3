"""Updates whose turn raised: kept with their trace, so that an operator can look and replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from bot.channel import Update, clean
from storage.codec import update_in, update_out
from storage.tables import quarantine


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantined:
    """One update that could not be taken. `number` is what the person was told."""

    id: int
    number: str
    conversation: int
    update: Update
    trace: str
    state: str
    at: datetime


def put(
    connection: Connection, *, id: int, number: str, conversation: int, update: Update, trace: str, at: datetime
) -> None:
    """Keeps one. Whatever poisoned the turn cannot poison this row: texts are cleaned or ASCII."""
    connection.execute(
        insert(quarantine),
        {
            "id": id,
            "channel": clean(update.address.channel),
            "external": clean(update.address.external),
            "ref": clean(update.ref),
            "conversation": conversation,
            "number": number,
            "update": update_out(update),
            "trace": clean(trace),
            "state": "open",
            "at": at,
        },
    )


def held(connection: Connection, *, id: int = 0, state: str = "open") -> list[Quarantined]:
    """Those in a state, oldest first; or the one with this id, whatever its state."""
    wanted = quarantine.c.id == id if id else quarantine.c.state == state
    return [
        Quarantined(
            id=row.id,
            number=row.number,
            conversation=row.conversation,
            update=update_in(row.update),
            trace=row.trace,
            state=row.state,
            at=row.at,
        )
        for row in connection.execute(select(quarantine).where(wanted).order_by(quarantine.c.id))
    ]


def mark(connection: Connection, id: int, state: str) -> None:
    """Sets the state: "replayed" or "dropped"."""
    connection.execute(update(quarantine).where(quarantine.c.id == id).values(state=state))
