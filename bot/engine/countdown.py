"""What is left until a date, as a page shows it beside the date: days, and on the last of them hours and minutes.

A page goes on counting by itself (static/clock.js says the same in the same words), so it is told the instant as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.engine.messages import Moment, Say

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


def left(at: datetime, now: datetime) -> Say:
    """还有3天, 还有5小时20分, 还有8分, 已截止.

    Whole days are counted down, minutes up: the last one ends with the date.
    """
    rest = at - now
    if rest <= timedelta(0):
        return Say(key="left.over")
    if rest >= _DAY:
        return Say(key="left.days", params={"days": rest // _DAY})
    hours, minutes = divmod(-(-rest // _MINUTE), 60)
    if not hours:
        return Say(key="left.minutes", params={"minutes": minutes})
    return Say(key="left.hours" if minutes else "left.hour", params={"hours": hours, "minutes": minutes})


def counting(due: Moment, now: datetime) -> Mapping[str, Any]:
    """A date that a page counts down to: `at` (ISO, exclusive), the date in words, and what is `left` of it now."""
    return {"at": due.at.isoformat(), "date": Say(key="board.due", params={"due": due}), "left": left(due.at, now)}
