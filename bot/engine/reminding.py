"""When somebody is reminded: planned on summary columns, never on texts, and with time as data.

A rule names days before a date; that date is the person's own, with whatever more time was granted them. Nothing is
told at night or on a day off: what falls on one moves to the last working day before it, and its words are made of the
day it is told. What could not be told in its time (the server stood still) is told once, as soon as that is decent, if
the date has not passed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.engine.definition import Reminder
from bot.engine.values import value
from bot.engine.workdays import WorkDays

FIRST, LAST = time(9), time(11)  # of a working day, in the call's zone; LAST is exclusive
SPREAD = 110  # minutes over which people are spread, so that whoever is told at the end still is within the time
PATIENCE = 2  # so many without a sign of life, and only the last one comes
_INSTANT = timedelta(microseconds=1)


@value
class Progress:
    """How far somebody is with one edition. `until` is their own date (exclusive, UTC), `since` when they came to the
    state they are in, or were granted the date: no reminder from before then is made up for.

    `told`: when the last reminder of this edition was told; `unanswered`: how many since they last came; `off`: they
    want no more of them.
    """

    edition: int
    state: str
    until: datetime
    zone: str
    since: datetime
    level: str = ""
    told: datetime | None = None
    unanswered: int = 0
    off: bool = False


@value
class Planned:
    """The next reminder of one edition."""

    edition: int
    at: datetime
    until: datetime
    zone: str

    @property
    def day(self) -> date:
        """Its day in its own zone."""
        return self.at.astimezone(ZoneInfo(self.zone)).date()


@value
class Merged:
    """One message: when, and for which editions, by their dates."""

    at: datetime
    editions: tuple[int, ...]


def next_wake(
    rules: Sequence[Reminder], progress: Progress, now: datetime, days: WorkDays, minute: int = 0
) -> Planned | None:
    """The next reminder of an edition, at `now` or later; None when there is none to come.

    `minute`: of this person among the SPREAD, the same every day.
    """
    if progress.off or now >= progress.until:
        return None
    zone = ZoneInfo(progress.zone)
    after = max(progress.since, progress.told or progress.since)
    for last in _days(rules, progress, zone):
        at = _slot(days.before(last), zone, minute)
        if at <= after:
            continue
        if at < now:  # it was missed: as soon as it is decent
            at = decent(now, zone, days, minute)
        return (
            Planned(edition=progress.edition, at=at, until=progress.until, zone=progress.zone)
            if at < progress.until
            else None
        )
    return None


def merge(wakes: Iterable[Planned], taken: Collection[date] = ()) -> Merged | None:
    """The next message of a person: all that is planned for the first day, told once.

    `taken`: days on which they are spoken to anyway, at a time they chose; what falls on one is told with it.
    """
    left = sorted((wake for wake in wakes if wake.day not in taken), key=lambda wake: (wake.at, wake.edition))
    if not left:
        return None
    first = left[0]
    zone = ZoneInfo(first.zone)
    together = [wake for wake in left if wake.at.astimezone(zone).date() == first.day]
    return Merged(at=first.at, editions=tuple(w.edition for w in sorted(together, key=lambda w: (w.until, w.edition))))


def decent(now: datetime, zone: ZoneInfo, days: WorkDays, minute: int = 0) -> datetime:
    """Now, where people may be spoken to now; else the next time at which this one may."""
    here = now.astimezone(zone)
    if days.works(here.date()) and FIRST <= here.time() < LAST:
        return now
    day = here.date() if here.time() < FIRST else here.date() + timedelta(days=1)
    return _slot(days.after(day), zone, minute)


def minute_of(person: int) -> int:
    """The minute of a person, evenly spread whatever their ids are."""
    return (person * 0x9E3779B97F4A7C15 % 2**64 >> 32) % SPREAD


def days_left(until: datetime, now: datetime, zone: str) -> int:
    """How many days a date is away: 0 where it ends today, 1 where it ends tomorrow."""
    here = ZoneInfo(zone)
    return ((until - _INSTANT).astimezone(here).date() - now.astimezone(here).date()).days


def _days(rules: Sequence[Reminder], progress: Progress, zone: ZoneInfo) -> list[date]:
    """The days of the rules that speak of this state, the first one first; of who is silent only the last."""
    end = (progress.until - _INSTANT).astimezone(zone)
    # Where the date ends before anybody may be told of it, the day before is the last one.
    last = end.date() if end.time() >= LAST else end.date() - timedelta(days=1)
    fit = (r for r in rules if r.level == progress.level and progress.state in r.states)
    offsets = sorted({days for rule in fit for days in rule.days}, reverse=True)
    if progress.unanswered >= PATIENCE:
        offsets = offsets[-1:]
    return [last - timedelta(days=days) for days in offsets]


def _slot(day: date, zone: ZoneInfo, minute: int) -> datetime:
    return (datetime.combine(day, FIRST, tzinfo=zone) + timedelta(minutes=minute)).astimezone(UTC)
