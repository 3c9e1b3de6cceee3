"""Until when: date rules of a call turned into real instants, once, when an edition is opened.

A rule is "2026-12-15" (dated), "08-30" (yearly) or "*-25" (monthly). A bare date means until 24:00 in the call's zone
and is kept as the next midnight in UTC, exclusive. A day that a month does not have is its last one.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.engine.definition import Call

_RULE = re.compile(r"(?:(2\d{3})-)?(\d{2}|\*)-(\d{2})", re.ASCII)
_LEAP_YEAR = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class DateRule:
    """A date as a call writes it; `year` None = every year, `month` 0 = every month."""

    month: int
    day: int
    year: int | None = None

    def in_year(self, year: int) -> date:
        """The rule's day in a year; 29 February becomes the 28th where there is none."""
        return self.in_month(year, self.month)

    def in_month(self, year: int, month: int) -> date:
        """The rule's day in a month, its last one where the day is missing."""
        return date(year, month, min(self.day, monthrange(year, month)[1]))

    @classmethod
    def read(cls, text: str) -> DateRule:
        """ "08-30", "2026-12-15" or "*-25". Raises ValueError for anything else, a day that never comes included."""
        found = _RULE.fullmatch(text)
        if not found:
            raise ValueError(text)
        year = int(found[1]) if found[1] else None
        if found[2] == "*":
            if year is not None or not 1 <= int(found[3]) <= 31:
                raise ValueError(text)
            return cls(month=0, day=int(found[3]))
        date(year or _LEAP_YEAR, int(found[2]), int(found[3]))
        return cls(month=int(found[2]), day=int(found[3]), year=year)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """24:00 of a day in a zone: the next midnight, in UTC, exclusive."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """0:00 of a day in a zone, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def coming(rule: DateRule, since: datetime, zone: ZoneInfo) -> datetime:
    """The rule's first end at or after an aware instant; a dated rule has only the one, past or not."""
    if rule.year is not None:
        return end_of_day(rule.in_year(rule.year), zone)
    here = since.astimezone(zone)
    if not rule.month:
        months = (divmod(here.year * 12 + here.month - 1 + more, 12) for more in (-1, 0, 1))
        monthly = (end_of_day(rule.in_month(y, m + 1), zone) for y, m in months)
        return next(end for end in monthly if end >= since)
    year = here.year
    ends = (end_of_day(rule.in_year(y), zone) for y in (year - 1, year, year + 1))
    return next(end for end in ends if end >= since)


def resolve(call: Call, now: datetime) -> tuple[datetime, dict[str, datetime]]:
    """The writer's date and each level's (level id -> date) for an edition opened at `now` (aware).

    In route order, the writer first: the first yearly date is the next one to come, each later one the
    first that is not before its predecessor, so that two equal rules mean the same day. Who has no date
    inherits the next level's; where none follows, the date before. Raises ValueError when the call has
    no date at all.
    """
    zone = ZoneInfo(call.zone)
    # The end must lie in the future: at midnight itself the day that has just ended is over.
    since = now + timedelta(microseconds=1)
    found: list[datetime | None] = []
    for text in (call.due, *(level.due for level in call.levels)):
        end = coming(DateRule.read(text), since, zone) if text else None
        found.append(end)
        since = end or since
    dates = _inherit(found)
    return dates[0], {level.id: end for level, end in zip(call.levels, dates[1:], strict=True)}


def _inherit(found: list[datetime | None]) -> list[datetime]:
    known = [end for end in found if end]
    if not known:
        raise ValueError("the call has no date")
    following, dates = known[-1], []
    for end in reversed(found):
        following = end or following
        dates.append(following)
    return dates[::-1]
