"""China's holidays and make-up days (调休), from the calendar package: years it does not know are Monday to Friday."""

from __future__ import annotations

from functools import cache

from bot.engine.workdays import WEEKEND, WorkDays


@cache
def china() -> WorkDays:
    """All that is known."""
    from chinese_calendar.constants import holidays, workdays

    return WorkDays(
        off=frozenset(day for day in holidays if day.weekday() not in WEEKEND),
        on=frozenset(day for day in workdays if day.weekday() in WEEKEND),
    )


@cache
def known_until() -> int:
    """The last year whose holidays are known; the State Council names the next year's in November."""
    from chinese_calendar.constants import holidays

    return int(max(day.year for day in holidays))
