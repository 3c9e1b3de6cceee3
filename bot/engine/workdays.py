"""Working days as data: Monday to Friday, but for the days that are given otherwise."""

from __future__ import annotations

from datetime import date, timedelta

from bot.engine.values import value

_DAY = timedelta(days=1)
WEEKEND = (5, 6)


@value
class WorkDays:
    """`off`: weekdays that are free; `on`: days of a weekend that are worked, as 调休 has them."""

    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """Whether offices are open."""
        return day in self.on or (day.weekday() not in WEEKEND and day not in self.off)

    def before(self, day: date) -> date:
        """The day itself if it is worked, else the last working day before it."""
        while not self.works(day):
            day -= _DAY
        return day

    def after(self, day: date) -> date:
        """The day itself if it is worked, else the next working day."""
        while not self.works(day):
            day += _DAY
        return day
