"""Which offices hear this morning how things stand: what waits for them, what nobody has begun, and the dates near.

The days are those of the call's rules, told as one message with all other news of that morning. That it was planned is
kept as that it was told: a digest is rather missed than told twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.engine.definition import Edition, Extension
from bot.engine.model import Reminded
from bot.engine.reminding import Progress, next_wake
from bot.engine.reminding_offices import InHand, office_progresses, stop_of
from bot.engine.values import evolve
from bot.engine.workdays import WorkDays
from storage import news, offices, reminding
from storage.offices import Holder

WRITERS = "writers"  # in the place of a level: the writers' date, of which the first level hears


class Around(NamedTuple):
    """What is collected, and where: the open editions, all more time that was granted, the tree's root and levels."""

    editions: Mapping[int, Edition]
    more: tuple[Extension, ...]
    root: str
    levels: tuple[str, ...]


class Digest(NamedTuple):
    """Somebody is told at an instant how these editions stand; `told`: (edition, level) each."""

    person: int
    conversation: int
    at: datetime
    told: tuple[tuple[int, str], ...]


def digests(connection: Connection, around: Around, now: datetime, days: WorkDays) -> list[Digest]:
    """All that is to be told to offices today."""
    counts = offices.in_hand(connection, list(around.editions))
    free = offices.free_places(connection, list(around.editions))
    told = offices.reminded(connection)
    found: dict[int, Digest] = {}
    for holder in offices.holders(connection, now):
        for edition in around.editions.values():
            for progress in _progresses(holder, edition, around, counts, free):
                known = told.get((holder.person, edition.id, progress.level or WRITERS))
                since = known.told if known and known.told else edition.opened_at
                wake = next_wake(edition.call.reminding, evolve(progress, since=since), now, days)
                today = now.astimezone(ZoneInfo(edition.call.zone)).date()
                if wake is None or wake.day != today:
                    continue
                before = found.get(holder.person)
                at = max(wake.at, now) if before is None else min(before.at, max(wake.at, now))
                more = (*(before.told if before else ()), (edition.id, progress.level or WRITERS))
                found[holder.person] = Digest(holder.person, holder.conversation, at, more)
    return list(found.values())


def keep(connection: Connection, found: list[Digest]) -> None:
    """Sets their clocks, and keeps that they were told."""
    for one in found:
        news.add_digest(connection, one.conversation, one.at, {edition for edition, _ in one.told})
    rows = [(d.person, level, Reminded(edition=edition, told=d.at)) for d in found for edition, level in d.told]
    reminding.save(connection, rows)


def _progresses(
    holder: Holder,
    edition: Edition,
    around: Around,
    counts: Mapping[tuple[int, int, str], int],
    free: Mapping[tuple[int, str, int], bool],
) -> Iterator[Progress]:
    stop = stop_of(edition, tuple(holder.path.split("/")), around.root, around.levels)
    if stop is None:
        return
    lies = InHand(
        waiting=sum(counts.get((edition.id, holder.unit, state), 0) for state in ("waiting", "opened")),
        passed=counts.get((edition.id, holder.unit, "passed"), 0),
        free=free.get((edition.id, stop.level, holder.unit)),
    )
    yield from office_progresses(edition, stop, holder.unit, lies, around.more, around.root, around.levels)
