"""How a collecting goes, as a picture: drafts and cases by day, and how many were reminded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from bot.workbench.base import Sight
from bot.workbench.plot import AMBER, PINE, Line, Picture, svg
from storage import curves

_INSTANT = timedelta(microseconds=1)
MOST = 400  # days that are drawn: a longer collecting is drawn from so many days ago
LEAST = 14


def curve(s: Sight) -> Mapping[str, str] | None:
    """The viewer's units in the edition, from its first day until today or its last; with its call's id."""
    edition = s.edition
    if edition is None:
        return None
    zone = ZoneInfo(s.zone())
    last = (s.writers_due(edition) - _INSTANT).astimezone(zone).date()
    today, first = s.now.astimezone(zone).date(), edition.opened_at.astimezone(zone).date()
    end = max(min(today, last + timedelta(days=LEAST)), first + timedelta(days=LEAST))
    first = max(first, end - timedelta(days=MOST))
    days = [first + timedelta(days=n) for n in range((end - first).days + 1)]
    found = curves.happened(s.connection, s.scope, edition.id, edition.opened_at)
    gone = days[: (today - first).days + 1]
    lines = [
        Line(s.say("curve.begun"), AMBER, _so_far(found.begun, gone, zone)),
        Line(s.say("curve.handed_in"), PINE, _so_far(found.handed_in, gone, zone)),
    ]
    told = Counter(at.astimezone(zone).date() for at in found.reminded)
    picture = Picture(
        title=s.say("curve.title", title=edition.title),
        days=days,
        lines=lines,
        told=[told[day] for day in days],
        bars=s.say("curve.reminded"),
        until=last,
        due=s.say("curve.due"),
    )
    return {"call": edition.call.id, "drawn": svg(picture)}


def _so_far(instants: Iterable[datetime], days: Sequence[date], zone: ZoneInfo) -> list[int]:
    """How many there were by the end of each day."""
    counts = Counter(max(at.astimezone(zone).date(), days[0]) for at in instants)
    return list(accumulate(counts[day] for day in days))
