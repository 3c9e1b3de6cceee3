"""When somebody is reminded: planned on summary columns, never on texts, and with time as data.

A rule names days before a date; that date is the person's own, with whatever more time was granted them. Nothing is
told at night or on a day off: what falls on one moves to the last working day before it, and its words are made of the
day it is told. What could not be told in its time (the server stood still) is told once, as soon as that is decent, if
the date has not passed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.engine.definition import WRITING_STATES, Edition, Reminder, offered
from bot.engine.model import Reminded
from bot.engine.values import value
from bot.engine.workdays import WorkDays

FIRST, LAST = time(9), time(11)  # of a working day, in the call's zone; LAST is exclusive
SPREAD = 110  # minutes over which people are spread, so that whoever is told at the end still is within the time
PATIENCE = 2  # so many without a sign of life, and only the last one comes
_INSTANT = timedelta(microseconds=1)


@value
class Begun:
    """A draft as far as planning looks at it. `state`: the draft's own; `blank`: nothing is written in it; `done`: its
    sections; `since`: when it was begun, or came back; `back_by`: the day set with a return."""

    draft: int
    edition: int
    state: str
    done: int
    track: str
    since: datetime
    blank: bool = False
    back_by: datetime | None = None


@value
class Writer:
    """Somebody who writes, or has been asked to. `came`: when they first did; `seen`: when they did last."""

    person: int
    unit: int
    came: datetime
    seen: datetime | None
    begun: tuple[Begun, ...]
    reminded: Mapping[int, Reminded]


Until = Callable[[Edition, Writer, datetime | None], datetime]


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
    draft: int = 0
    level: str = ""
    told: datetime | None = None
    unanswered: int = 0
    off: bool = False


@value
class Planned:
    """The next reminder of one edition; `day`: of `at` in its own zone."""

    edition: int
    draft: int
    words: str
    at: datetime
    day: date
    until: datetime
    zone: str


@value
class Merged:
    """One message: when, and for which editions, by their dates."""

    at: datetime
    day: date
    wakes: tuple[Planned, ...]


def progresses(writer: Writer, editions: Mapping[int, Edition], until: Until, now: datetime) -> list[Progress]:
    """What somebody has still to do, one for each draft that is not handed in; who has none at all may begin.

    `editions`: those one can write for now, and those of drafts that came back; `until`: the unit's own date.
    """
    found: list[Progress] = []
    for one in writer.begun:
        edition = editions.get(one.edition)
        if edition is None or one.state not in ("writing", "returned"):
            continue
        back_by = one.back_by if one.state == "returned" else None
        if one.state == "returned":
            state = "returned"
        elif one.blank:
            state = "idle"
        else:
            state = "ready" if one.done >= len(edition.call.in_track(one.track).sections) else "half"
        found.append(_progress(writer, edition, state, until(edition, writer, back_by), one.since, one.draft))
    if writer.begun:
        return found
    for edition in offered(editions.values(), now):
        since = max(writer.came, edition.opened_at)
        found.append(_progress(writer, edition, "idle", until(edition, writer, None), since, 0))
    return found


def _progress(writer: Writer, edition: Edition, state: str, until: datetime, since: datetime, draft: int) -> Progress:
    known = writer.reminded.get(edition.id) or Reminded(edition=edition.id)
    seen = writer.seen
    return Progress(
        edition=edition.id,
        state=state,
        until=until,
        zone=edition.call.zone,
        since=max(since, seen) if seen else since,
        draft=draft,
        told=known.told,
        unanswered=unanswered(known, seen),
        off=known.off,
    )


def unanswered(known: Reminded, seen: datetime | None) -> int:
    """How often somebody was reminded since they last came."""
    return 0 if known.told is None or (seen is not None and seen > known.told) else known.unanswered


def next_wake(
    rules: tuple[Reminder, ...], progress: Progress, now: datetime, days: WorkDays, minute: int = 0
) -> Planned | None:
    """The next reminder of an edition, at `now` or later; None when there is none to come.

    `minute`: of this person among the SPREAD, the same every day.
    """
    if progress.off or now >= progress.until:
        return None
    silent = progress.unanswered >= PATIENCE
    after = max(progress.since, progress.told or progress.since)
    slots = _slots(rules, progress.level, progress.state, silent, progress.until, progress.zone, days)
    moved = timedelta(minutes=minute)  # a plan asks this of everybody: only what is still to come is made
    left = [(slot + moved, day, words) for slot, day, words in slots if slot > after - moved]
    if not left:
        return None
    at, day, words = left[0]
    if at < now:  # it was missed: as soon as it is decent, and with what is told on that day anyway
        zone = ZoneInfo(progress.zone)
        at = decent(now, zone, days, minute)
        day = at.astimezone(zone).date()
        at, day, words = next((one for one in left if one[1] == day and one[0] >= at), (at, day, words))
    if at >= progress.until:
        return None
    return Planned(
        edition=progress.edition,
        draft=progress.draft,
        words=words,
        at=at,
        day=day,
        until=progress.until,
        zone=progress.zone,
    )


def merge(wakes: Iterable[Planned], taken: Collection[date] = ()) -> Merged | None:
    """The next message of a person: all that is planned for the first day, told once.

    `taken`: days on which they are spoken to anyway, at a time they chose; what falls on one is told with it.
    """
    left = [wake for wake in wakes if wake.day not in taken]
    if not left:
        return None
    first = min(left, key=lambda wake: wake.at)
    together = [wake for wake in left if wake.day == first.day]
    together.sort(key=lambda wake: (wake.until, wake.edition, wake.draft))
    return Merged(at=first.at, day=first.day, wakes=tuple(together))


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


def reached(rules: tuple[Reminder, ...], until: datetime, zone: str, now: datetime, days: WorkDays) -> datetime | None:
    """When the last morning began, today's included, on which some writer with this date may be reminded; None where
    there was none yet, or the date is over.

    Whoever was told since it began, or came since it ended (SPREAD minutes later), need not be looked at: nothing of
    theirs is due before another such morning.
    """
    if until <= now:
        return None
    today = now.astimezone(ZoneInfo(zone)).date()
    found = (one for state in WRITING_STATES for one in _slots(rules, "", state, False, until, zone, days))
    return max((slot for slot, day, _ in found if day <= today), default=None)


@lru_cache(maxsize=4096)
def _slots(
    rules: tuple[Reminder, ...], level: str, state: str, silent: bool, until: datetime, zone: str, days: WorkDays
) -> tuple[tuple[datetime, date, str], ...]:
    """When those are reminded who come first on each day, the day, and where the words are; the first day first.

    Of who is silent only the last one.

    Kept: whoever is in the same state has the same days, and a hundred thousand are in a few.
    """
    here = ZoneInfo(zone)
    end = (until - _INSTANT).astimezone(here)
    # Where the date ends before anybody may be told of it, the day before is the last one.
    last = end.date() if end.time() >= LAST else end.date() - timedelta(days=1)
    fit = [rule for rule in rules if rule.level == level and state in rule.states]
    words = {n: rule.words for rule in reversed(fit) for n in rule.days}
    offsets = sorted(words, reverse=True)[-1 if silent else 0 :]
    told = ((days.before(last - timedelta(days=n)), words[n]) for n in offsets)
    return tuple((_slot(day, here, 0), day, place) for day, place in told)


def _slot(day: date, zone: ZoneInfo, minute: int) -> datetime:
    return (datetime.combine(day, FIRST, tzinfo=zone) + timedelta(minutes=minute)).astimezone(UTC)
